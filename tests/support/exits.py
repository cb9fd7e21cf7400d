"""Ends servers in every way, and looks for what they leave behind."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.support.stdio import RawServer, raw_server

Way = Literal["end of input", "SIGINT", "SIGTERM"]
WAYS: tuple[Way, ...] = ("end of input", "SIGINT", "SIGTERM")

PATIENCE_S = 30.0
POLL_S = 0.01

_MARK = "STACKSIGHT_TESTS_MARK"

Wait = Callable[[RawServer], Awaitable[None]]


@dataclass(frozen=True)
class Work:
    """What a server is doing when it is told to end.

    Attributes:
        server: which.
        env: its variables.
        args: its flags.
        before: calls that have been answered by then: tool and arguments.
        call: the call that runs then; None when it is idle.
        yes: the call asks the user something, who agrees.
        reports: the call takes long enough to report progress, which is awaited.
        begun: returns when the call has come as far as it should.
        left: tells what the system still holds for the server.
    """

    server: str
    env: Mapping[str, str] = field(default_factory=dict)
    args: Sequence[str] = ()
    before: Sequence[tuple[str, Mapping[str, Any]]] = ()
    call: tuple[str, Mapping[str, Any]] | None = None
    yes: bool = False
    reports: bool = True
    begun: Wait | None = None
    left: Callable[[], Awaitable[object]] | None = None


@dataclass(frozen=True)
class Remains:
    """Where what a process leaves behind is found: it and its children carry a mark.

    Attributes:
        mark: in their environment.
        folder: where they put their temporary files.
    """

    mark: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that mark a process."""
        return {_MARK: self.mark, "TMPDIR": str(self.folder)}

    def processes(self) -> list[str]:
        """Return the command lines of the marked processes that live."""
        wanted = f"{_MARK}={self.mark}".encode()
        return [
            _read(process / "cmdline").replace(b"\0", b" ").decode()
            for process in Path("/proc").glob("[0-9]*")
            if wanted in _read(process / "environ").split(b"\0")
        ]

    def files(self) -> list[str]:
        """Return the temporary files that are there."""
        return sorted(file.name for file in self.folder.iterdir())


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


@asynccontextmanager
async def at_work(work: Work, remains: Remains) -> AsyncIterator[RawServer]:
    """Start a server and bring it to its work.

    Args:
        work: what it is to do.
        remains: what it is marked with.
    """
    async with AsyncExitStack() as stack:
        env = dict(work.env) | remains.environment
        server = await stack.enter_async_context(raw_server(work.server, env=env, args=work.args))
        async with asyncio.timeout(PATIENCE_S):
            await _begin(server, work)
        yield server


async def _begin(server: RawServer, work: Work) -> None:
    if work.yes:
        await server.open("legacy", elicitation={})
    else:
        await server.open("modern")
    for number, (tool, arguments) in enumerate(work.before, 1):
        await server.call(number, tool, **arguments)
    if work.call:
        tool, arguments = work.call
        await server.start_call(99, tool, **arguments)
    if work.yes:
        await agree(server)
    if work.call and work.reports:
        # What was asked just before the end of the input would be answered first.
        await server.receive_progress()
    if work.begun:
        await work.begun(server)


async def agree(server: RawServer) -> None:
    """Answer a server's question with yes, in the handshake era."""
    while (question := await server.receive()).get("method") != "elicitation/create":
        pass
    yes = {"action": "accept", "content": {"go_ahead": True}}
    await server.send({"jsonrpc": "2.0", "id": question["id"], "result": yes})


def tell_to_end(server: RawServer, way: Way) -> None:
    """Close a server's stdin or send it a signal."""
    if way == "end of input":
        assert server.process.stdin is not None
        server.process.stdin.close()
    else:
        server.process.send_signal(signal.Signals[way])


async def until(reached: Callable[[], Awaitable[object]]) -> None:
    """Return when something is so that nothing announces."""
    deadline = time.monotonic() + PATIENCE_S
    while not await reached():
        assert time.monotonic() < deadline, "it did not come to that"
        await asyncio.sleep(POLL_S)
