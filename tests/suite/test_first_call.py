"""The first call waits for what it imports: only what it needs may be imported."""

import asyncio
import importlib
import json
import os
import re
import sys

import pytest

from tests.support.stdio import INITIALIZE, SERVERS

# No system is needed: that there is none is an answer as well.
NOWHERE = {
    "DATABASE_URL": "postgresql://127.0.0.1:9/none",
    "REDIS_URL": "redis://127.0.0.1:9",
    "DOCKER_HOST": "tcp://127.0.0.1:9",
}
FIRST = {
    "postgres": "list_objects",
    "redis": "list_queues",
    "docker": "list_containers",
    "lighthouse": "list_audits",
}
IMPORTED = re.compile(rb"^import '([\w.]+)'", re.MULTILINE)


async def imported_by(server: str, *requests: tuple[str, dict[str, object]]) -> set[str]:
    """Return the modules that a server has imported when it has answered."""
    asked = [("initialize", INITIALIZE), *requests]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-v", "-m", f"stacksight_{server}"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | NOWHERE,
    )
    lines = [
        json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        for number, (method, params) in enumerate(asked)
    ]
    written, logged = await process.communicate("\n".join(lines).encode() + b"\n")
    assert [json.loads(line)["id"] for line in written.splitlines()] == list(range(len(asked)))
    return {name.decode() for name in IMPORTED.findall(logged)}


@pytest.mark.parametrize("server", SERVERS)
async def test_a_first_call_imports_one_tool_and_no_more_of_the_sdk_than_it_uses(
    server: str,
) -> None:
    tool = FIRST[server]
    tools = importlib.import_module(f"stacksight_{server}.server").SERVER.tools
    imported = await imported_by(server, ("tools/call", {"name": tool, "arguments": {}}))
    assert "mcp.server.mcpserver.server" in imported
    assert imported & set(tools.values()) == {tools[tool]}
    others = {"mcp.client", "uvicorn", "rich", "opentelemetry.metrics"}
    assert imported.isdisjoint(others | {f"stacksight_{server}.prompts"})
    assert ("httpx2._client" in imported) == (server == "lighthouse")


@pytest.mark.parametrize("server", SERVERS)
async def test_the_opening_imports_no_library(server: str) -> None:
    imported = await imported_by(server, ("tools/list", {}), ("resources/templates/list", {}))
    assert f"stacksight_{server}.about" in imported
    assert imported.isdisjoint({"mcp", "mcp_types", "pydantic", "anyio", "asyncio", "argparse"})
