"""Talks to the real servers over stdio: with the SDK's client, and in raw lines."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mcp.client.client import Client
from mcp.client.session import ClientRequestContext
from mcp.client.stdio import StdioServerParameters
from mcp_types import (
    ContentBlock,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
    Tool,
)

from tests.support.wire import WireCheck, checked_stdio

SERVERS = ("postgres", "redis", "docker", "lighthouse")
BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[2]

CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    CAPABILITIES: {},
    "io.modelcontextprotocol/clientInfo": {"name": "tests", "version": "1"},
}
INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "tests", "version": "1"},
}


def command(server: str) -> list[str]:
    """Return how a server is started: its command, or ``python -m`` for a test's own module."""
    if "." in server:
        return [sys.executable, "-m", server]
    return [str(BIN / f"stacksight-{server}")]


@dataclass(frozen=True)
class Answer:
    """A tool's result as a test looks at it."""

    text: str
    is_error: bool
    structured: Any
    content: Sequence[ContentBlock]


@dataclass(frozen=True)
class ServerClient:
    """A connection to a running server."""

    sdk: Client

    async def call(self, tool: str, **arguments: Any) -> Answer:
        """Call a tool and return what it answered."""
        result = await self.sdk.call_tool(tool, arguments)
        text = "\n".join(b.text for b in result.content if isinstance(b, TextContent))
        return Answer(text, bool(result.is_error), result.structured_content, result.content)

    async def tools(self) -> list[Tool]:
        """List the tools."""
        return (await self.sdk.list_tools()).tools


@asynccontextmanager
async def open_client(
    server: str,
    *,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
    mode: str = "auto",
    **options: Any,
) -> AsyncIterator[ServerClient]:
    """Start a server and connect to it; what it writes is checked against the official schema.

    Args:
        server: ``postgres``, ``redis``, ``docker`` or ``lighthouse``, or a module of the tests.
        env: variables added to the few that are inherited.
        args: command-line flags.
        mode: ``auto`` for the 2026 era, ``legacy`` for the handshake.
        options: passed on to the SDK's client.
    """
    program, *first = command(server)
    parameters = StdioServerParameters(
        command=program, args=[*first, *args], env=dict(env or {}), cwd=ROOT
    )
    async with Client(checked_stdio(parameters), mode=mode, **options) as sdk:
        yield ServerClient(sdk)


class User:
    """Who answers a server's questions; ``open_client(…, elicitation_callback=user)``.

    Attributes:
        answer: what they say: yes, no (the box unticked), decline or cancel.
        asked: the questions they were shown.
    """

    def __init__(self, answer: Literal["yes", "no", "decline", "cancel"]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def __call__(self, _: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """Answer one question."""
        assert isinstance(params, ElicitRequestFormParams)
        self.asked.append(params.message)
        match self.answer:
            case "decline" | "cancel":
                return ElicitResult(action=self.answer)
            case _:
                return ElicitResult(action="accept", content={"go_ahead": self.answer == "yes"})


class RawServer:
    """A server process spoken to in lines; its own are checked against the official schema."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.check = WireCheck()
        self._meta: dict[str, Any] = {}

    async def open(self, era: str, **capabilities: Any) -> dict[str, Any]:
        """Open the connection as a client of an era does; returns the first answer's result.

        Args:
            era: ``modern`` (2026-07-28) or ``legacy`` (the handshake).
            capabilities: the client's.
        """
        if era == "modern":
            self._meta = MODERN_META | {CAPABILITIES: capabilities}
            opened = await self.request(0, "server/discover", _meta=self._meta)
        else:
            asked = INITIALIZE | {"capabilities": capabilities}
            opened = await self.request(0, "initialize", **asked)
            await self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        result: dict[str, Any] = opened["result"]
        return result

    async def start_call(self, request_id: int, tool: str, **arguments: Any) -> None:
        """Send a call that asks for progress, in the era that the connection was opened in."""
        meta = self._meta | {"progressToken": f"of {request_id}"}
        params = {"name": tool, "arguments": arguments, "_meta": meta}
        call = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
        await self.send(call)

    async def call(self, request_id: int, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and return its result, which is no error."""
        await self.start_call(request_id, tool, **arguments)
        while (message := await self.receive()).get("id") != request_id:
            pass
        result: dict[str, Any] = message["result"]
        assert not result.get("isError"), result
        return result

    async def send(self, *messages: Mapping[str, Any] | str) -> None:
        """Write lines, all at once: messages, or any text as it is."""
        assert self.process.stdin is not None
        lines = [one if isinstance(one, str) else json.dumps(one) for one in messages]
        for line in lines:
            with contextlib.suppress(ValueError, RecursionError):  # some are none on purpose
                self.check.sent(json.loads(line))
        self.process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        await self.process.stdin.drain()

    async def receive(self) -> dict[str, Any]:
        """Read the next line; it has to be a JSON-RPC message."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, "the server closed its stdout"
        message: dict[str, Any] = json.loads(line)
        self.check.received(message)
        self.check.assert_conformant()
        return message

    async def receive_progress(self) -> str:
        """Read lines up to the next progress notification and return its message."""
        while (message := await self.receive()).get("method") != "notifications/progress":
            pass
        return str(message["params"]["message"])

    async def request(self, request_id: int, method: str, **params: Any) -> dict[str, Any]:
        """Send a request and return the message that answers it."""
        await self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
        while (message := await self.receive()).get("id") != request_id:
            pass
        return message

    async def close(self) -> bytes:
        """Close stdin, wait for the end and return what was left on stdout."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.ended()

    async def ended(self) -> bytes:
        """Wait for the end and return what was left on stdout."""
        assert self.process.stdout is not None
        rest = await self.process.stdout.read()
        for line in rest.splitlines():
            self.check.received(json.loads(line))
        self.check.assert_conformant()
        await self.process.wait()
        return rest


@asynccontextmanager
async def raw_server(
    server: str,
    *,
    env: Mapping[str, str] | None = None,
    args: Sequence[str] = (),
    stderr: int = asyncio.subprocess.DEVNULL,
) -> AsyncIterator[RawServer]:
    """Start a server and speak to it in lines; it is killed if the test leaves it running."""
    process = await asyncio.create_subprocess_exec(
        *command(server),
        *args,
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=stderr,
        env=os.environ | dict(env or {}),
        limit=64 * 1024 * 1024,
    )
    try:
        yield RawServer(process)
    finally:
        if process.returncode is None:
            process.kill()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
