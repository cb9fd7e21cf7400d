"""Calls whose progress is looked at."""

from typing import Any

from tests.support.stdio import MODERN_META, RawServer


async def call_with_progress(
    server: RawServer, tool: str, **arguments: Any
) -> tuple[list[str], str]:
    """Call a tool in the 2026 era.

    Returns:
        The messages of the progress that was reported before the answer, and the answer's text.
        It has been checked that the progress grew.
    """
    params = {
        "name": tool,
        "arguments": arguments,
        "_meta": MODERN_META | {"progressToken": "slow"},
    }
    await server.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    told = []
    while (message := await server.receive()).get("method") == "notifications/progress":
        told.append(message["params"])
    assert message["id"] == 1
    assert {one["progressToken"] for one in told} <= {"slow"}
    reached = [one["progress"] for one in told]
    assert reached == sorted(set(reached))
    text = str(message["result"]["content"][0]["text"])
    return [str(one["message"]) for one in told], text
