"""What is imported later, or not at all, is still there for whoever needs it."""

import subprocess
import sys

SCRIPT = """
import sys
from stacksight_core.imports import leave_out_what_is_not_needed, quick_imports
leave_out_what_is_not_needed()
with quick_imports():
    from mcp.server.mcpserver import MCPServer
    from pydantic import BaseModel, TypeAdapter
    class Later(BaseModel):
        number: int
    adapter = TypeAdapter(list[Later])
assert not {"mcp.client", "httpx2._client"} & set(sys.modules)
assert not Later.__pydantic_complete__ and not adapter.pydantic_complete
assert Later(number="1").number == adapter.validate_python([{"number": 1}])[0].number == 1
class Now(BaseModel):
    number: int
assert Now.__pydantic_complete__ and TypeAdapter(list[Now]).pydantic_complete
from mcp import Client
import httpx2
assert Client.__module__.startswith("mcp.client") and httpx2.AsyncClient
assert "mcp.client" in sys.modules
"""


def test_what_was_put_off_comes_when_it_is_used() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
