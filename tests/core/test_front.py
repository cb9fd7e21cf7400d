"""The front, in raw lines: what a client may send and what must come back."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from stacksight_core.lines import MAX_LINE_BYTES
from tests.core.toy import CHANGING
from tests.support.stdio import (
    INITIALIZE,
    MODERN_META,
    ROOT,
    RawServer,
    open_client,
    raw_server,
)

TOY = "tests.core.toy"
DEEP = (
    '{"jsonrpc": "2.0", "id": 4, "method": "ping", "params": {"a": ' + "[" * 150 + "]" * 150 + "}}"
)
MANIFEST: dict[str, str] = {}


@pytest.fixture(scope="module", autouse=True)
def _manifest(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Record the toy's answers, so that it starts as the servers do."""
    folder = tmp_path_factory.mktemp("manifest")
    argv = [sys.executable, "-m", "scripts.manifest", TOY, "--into", str(folder)]
    subprocess.run(argv, check=True, cwd=ROOT)
    MANIFEST["TOY_MANIFEST"] = str(folder / TOY)


def toy() -> AbstractAsyncContextManager[RawServer]:
    return raw_server(TOY, env=MANIFEST)


def call(request_id: int, tool: str, **arguments: Any) -> dict[str, Any]:
    meta = MODERN_META | {"progressToken": request_id}
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    return {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}


async def discover(server: RawServer, request_id: int = 0) -> dict[str, Any]:
    return await server.request(request_id, "server/discover", _meta=MODERN_META)


async def test_the_era_of_the_first_request_holds() -> None:
    async with toy() as server:
        await discover(server)
        refused = await server.request(1, "initialize", **INITIALIZE)
        assert refused["error"]["code"] == -32022
        listed = await server.request(2, "tools/list", _meta=MODERN_META)
    assert listed["result"]["tools"]
    async with toy() as server:
        await server.request(1, "initialize", **INITIALIZE)
        refused = await server.request(2, "tools/list", _meta=MODERN_META)
        assert refused["error"]["code"] == -32600


async def test_a_subscription_outlives_the_hand_over() -> None:
    wanted = {"resourceSubscriptions": [CHANGING]}
    params = {"_meta": MODERN_META, "notifications": wanted}
    listen = {"jsonrpc": "2.0", "id": "l", "method": "subscriptions/listen", "params": params}
    async with toy() as server:
        await server.send(listen)
        assert (await server.receive())["params"]["notifications"] == wanted
        await server.send(call(1, "announce"))
        received = [await server.receive(), await server.receive()]
    (event,) = [message for message in received if "method" in message]
    assert event["method"] == "notifications/resources/updated"
    assert event["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "l"


async def test_an_unusual_opening_is_left_to_the_sdk() -> None:
    meta = MODERN_META | {"io.modelcontextprotocol/protocolVersion": "2031-01-01"}
    async with toy() as server:
        answer = await server.request(1, "server/discover", _meta=meta)
    assert answer["error"]["code"] == -32022
    assert answer["error"]["data"]["supported"] == ["2026-07-28"]


@pytest.mark.parametrize(
    ("line", "request_id", "code", "says"),
    [
        ("{not json", None, -32700, "not JSON"),
        ("[" * 100_000, None, -32700, "not JSON"),
        ('{"jsonrpc": "2.0", "id": NaN, "method": "ping"}', None, -32700, "NaN"),
        (DEEP, 4, -32700, "nested"),
        ("[]", None, -32600, "one by one"),
        ("42", None, -32600, "not a JSON object"),
        ('{"id": 5, "method": "tools/list"}', 5, -32600, '"jsonrpc": "2.0"'),
        ('{"jsonrpc": "2.0", "id": 6}', 6, -32600, '"method"'),
        ('{"jsonrpc": "2.0", "id": [1], "method": "ping"}', None, -32600, '"id"'),
        ('{"jsonrpc": "2.0", "id": "a", "method": "ping", "params": [1]}', "a", -32602, '"params"'),
        (r'{"jsonrpc": "2.0", "id": "\ud800", "method": "ping"}', None, -32700, "surrogate"),
    ],
)
async def test_a_malformed_line_is_answered_and_the_server_lives_on(
    line: str, request_id: int | str | None, code: int, says: str
) -> None:
    async with toy() as server:
        await server.send(line)
        refused = await server.receive()
        assert (refused["id"], refused["error"]["code"]) == (request_id, code)
        assert says in refused["error"]["message"]
        await discover(server)
        await server.send(call(7, "echo", text="alive"))
        assert "alive" in (await server.receive())["result"]["content"][0]["text"]


async def test_a_request_without_its_envelope_does_not_spoil_the_connection() -> None:
    async with toy() as server:
        await discover(server)
        assert "error" in await server.request(1, "tools/list")
        await server.send(call(2, "echo", text="alive \U0001f600"))
        assert "alive" in (await server.receive())["result"]["content"][0]["text"]
        rest = await server.close()
    assert rest == b""


async def test_a_carriage_return_is_a_blank_also_after_the_hand_over() -> None:
    async with toy() as server:
        for request_id in (1, 2):
            message = call(request_id, "echo", text="alive")
            await server.send(json.dumps(message, separators=(",\r", ":\r")) + "\r")
            while (answer := await server.receive()).get("id") != request_id:
                pass
            assert "alive" in answer["result"]["content"][0]["text"]


async def test_a_line_over_the_limit_is_refused_and_the_next_is_read() -> None:
    async with toy() as server:
        await server.send('{"jsonrpc": "2.0", "id": 1, "x": "' + "y" * (17 * 1024 * 1024) + '"}')
        assert "longer than" in (await server.receive())["error"]["message"]
        assert (await discover(server))["result"]["instructions"] == "Begin with echo."


@pytest.mark.parametrize("size", [MAX_LINE_BYTES, MAX_LINE_BYTES + 1])
async def test_lines_up_to_the_limit_are_answered_before_and_after_the_hand_over(size: int) -> None:
    def listing(request_id: int) -> str:
        params = {"_meta": MODERN_META | {"a/b": ""}}
        message = {"jsonrpc": "2.0", "id": request_id, "method": "tools/list", "params": params}
        text = json.dumps(message)
        return text.replace('"a/b": ""', f'"a/b": "{"y" * (size - len(text))}"')

    async with toy() as server:
        for request_id in (1, 3):
            await server.send(listing(request_id))
            answer = await server.receive()
            if size <= MAX_LINE_BYTES:
                assert answer["result"]["tools"]
            else:
                assert "longer than" in answer["error"]["message"]
            await server.send(call(request_id + 1, "echo", text="alive"))
            while (await server.receive()).get("id") != request_id + 1:
                pass


async def test_what_was_asked_before_stdin_closed_is_answered() -> None:
    async with toy() as server:
        await discover(server)
        for request_id in range(1, 6):
            await server.send(call(request_id, "echo", text="late"))
        rest = await server.close()
    answered = [json.loads(line)["id"] for line in rest.splitlines()]
    assert sorted(answered) == [1, 2, 3, 4, 5]
    assert server.process.returncode == 0


async def test_a_slow_call_among_many_that_are_piped_in_is_answered(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    quick = range(2, 300)
    async with toy() as server:
        await discover(server)
        calls = [call(request_id, "echo", text="quick") for request_id in quick]
        await server.send(call(1, "hold", path=str(fifo)), *calls)
        assert server.process.stdin is not None
        server.process.stdin.close()
        await server.process.stdin.wait_closed()
        answered: set[Any] = set()
        while not answered >= set(quick):
            answered.add((await server.receive()).get("id"))
        assert 1 not in answered
        await asyncio.to_thread(fifo.write_text, "go")
        *_, last = (await server.ended()).splitlines()
    assert json.loads(last)["id"] == 1


async def test_stray_prints_stay_off_stdout() -> None:
    async with toy() as server:
        await discover(server)
        await server.send(call(1, "echo", text="a"))
        await server.receive()
        rest = await server.close()
    assert rest == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_work_and_the_process(
    number: signal.Signals, tmp_path: Path
) -> None:
    left = tmp_path / "left"
    async with toy() as server:
        await discover(server)
        await server.send(call(1, "wait", path=str(left)))
        assert await server.receive_progress() == "waiting"
        server.process.send_signal(number)
        await server.process.wait()
    assert left.read_text() == "cancelled"
    assert server.process.returncode == 0


async def test_a_cancelled_call_stops_and_is_not_answered(tmp_path: Path) -> None:
    left = tmp_path / "left"
    os.mkfifo(left)
    async with toy() as server:
        await discover(server)
        await server.send(call(1, "wait", path=str(left)))
        assert await server.receive_progress() == "waiting"
        params = {"requestId": 1, "_meta": MODERN_META}
        await server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})
        assert await asyncio.to_thread(left.read_text) == "cancelled"
        rest = await server.close()
    assert rest == b""


async def test_what_was_cancelled_before_stdin_closed_is_not_waited_for(tmp_path: Path) -> None:
    cancel = {"method": "notifications/cancelled", "params": {"requestId": 1}}
    async with toy() as server:
        await server.send(call(1, "wait", path=str(tmp_path / "left")))
        await server.send({"jsonrpc": "2.0", **cancel})
        rest = await server.close()
    assert not [line for line in rest.splitlines() if "method" not in json.loads(line)]


async def test_a_client_that_is_gone_does_not_keep_the_process(tmp_path: Path) -> None:
    async with toy() as server:
        await discover(server)
        await server.send(call(1, "wait", path=str(tmp_path / "left")))
        assert await server.receive_progress() == "waiting"
        transport = server.process._transport  # type: ignore[attr-defined]
        for descriptor in (0, 1):
            transport.get_pipe_transport(descriptor).close()
        await server.process.wait()
    assert (tmp_path / "left").read_text() == "cancelled"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sdk_client_gets_on_with_it(mode: str) -> None:
    async with open_client(TOY, mode=mode, env=MANIFEST) as client:
        answer = await client.call("echo", text="hi")
    assert answer.text.startswith("hello hi\n<untrusted-")
    assert answer.structured is None
