"""A long call goes on reporting, whether or not its tool has something to say."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.stdio import INITIALIZE, MODERN_META, RawServer, raw_server

TOY = "tests.core.toy"


async def progress(server: RawServer, count: int) -> list[dict[str, Any]]:
    """Read so many progress notifications."""
    messages = [await server.receive() for _ in range(count)]
    assert {message["method"] for message in messages} == {"notifications/progress"}
    return [message["params"] for message in messages]


@pytest.mark.parametrize("modern", [True, False])
async def test_a_silent_call_says_that_it_goes_on(modern: bool, tmp_path: Path) -> None:
    async with raw_server(TOY) as server:
        if modern:
            await server.request(0, "server/discover", _meta=MODERN_META)
        else:
            await server.request(0, "initialize", **INITIALIZE)
            await server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        arguments = {"path": str(tmp_path / "left")}
        meta = (MODERN_META if modern else {}) | {"progressToken": "token"}
        params = {"name": "wait", "arguments": arguments, "_meta": meta}
        await server.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        told = await progress(server, 3)
    assert told[0]["message"] == "waiting"
    for later in told[1:]:
        assert later["message"].startswith("waiting: ")
        assert later["message"].endswith(" s so far")
    assert [one["progressToken"] for one in told] == ["token"] * 3
    reached = [one["progress"] for one in told]
    assert reached == sorted(set(reached))
    assert {one["total"] for one in told} == {1}


async def test_without_a_token_nothing_is_reported(tmp_path: Path) -> None:
    async with raw_server(TOY) as server:
        await server.request(0, "server/discover", _meta=MODERN_META)
        left = str(tmp_path / "left")
        params = {"name": "wait", "arguments": {"path": left}, "_meta": MODERN_META}
        await server.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        cancelled = {"requestId": 1, "_meta": MODERN_META}
        echo = {"name": "echo", "arguments": {"text": "hi"}, "_meta": MODERN_META}
        await server.send({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": echo})
        assert (await server.receive())["id"] == 2
        await server.send(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled}
        )
        assert await server.close() == b""
