"""A long call goes on reporting, whether or not its tool has something to say."""

from pathlib import Path
from typing import Any

from tests.support.progress import each_era
from tests.support.stdio import MODERN_META, RawServer, raw_server

TOY = "tests.core.toy"


async def progress(server: RawServer, count: int) -> list[dict[str, Any]]:
    """Read so many progress notifications."""
    messages = [await server.receive() for _ in range(count)]
    assert {message["method"] for message in messages} == {"notifications/progress"}
    return [message["params"] for message in messages]


@each_era
async def test_a_silent_call_says_that_it_goes_on(era: str, tmp_path: Path) -> None:
    async with raw_server(TOY) as server:
        await server.open(era)
        await server.start_call(1, "wait", path=str(tmp_path / "left"))
        told = await progress(server, 3)
    assert told[0]["message"] == "waiting"
    for later in told[1:]:
        assert later["message"].startswith("waiting: ")
        assert later["message"].endswith(" s so far")
    assert len({one["progressToken"] for one in told}) == 1
    reached = [one["progress"] for one in told]
    assert reached == sorted(set(reached))
    assert {one["total"] for one in told} == {1}


@each_era
async def test_without_a_token_nothing_is_reported(era: str, tmp_path: Path) -> None:
    async with raw_server(TOY) as server:
        await server.open(era)
        about = {"_meta": MODERN_META} if era == "modern" else {}
        left = {"path": str(tmp_path / "left")}
        params = {"name": "wait", "arguments": left, **about}
        await server.send({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
        echo = {"name": "echo", "arguments": {"text": "hi"}, **about}
        await server.request(2, "tools/call", **echo)
        cancelled = {"requestId": 1, **about}
        await server.send(
            {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": cancelled}
        )
        rest = await server.close()
    assert b"notifications/progress" not in rest
