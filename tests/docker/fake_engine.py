"""Things that listen on a socket and are no working engine, and a gate in front of a real one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def listening(path: Path, handler: Handler) -> AsyncIterator[str]:
    """Listen on a Unix socket; yields its DOCKER_HOST."""
    tasks: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await handler(reader, writer)
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_unix_server(handle, path)
    try:
        yield f"unix://{path}"
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def listening_on_tcp(handler: Handler) -> AsyncIterator[str]:
    """Listen on a port of this machine; yields its DOCKER_HOST."""
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def replying(
    bodies: dict[str, bytes],
    ping: bytes = b"OK",
    version: str = "1.41",
    seen: list[str] | None = None,
) -> Handler:
    """Answer each path (without version and query) with a body, as an engine would.

    Paths are noted in ``seen``.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            path = line.split()[1].decode().partition("?")[0]
            while (await reader.readline()).strip():
                pass
            if seen is not None:
                seen.append(path)
            body = ping if path == "/_ping" else bodies.get(path.split("/", 2)[2], b"")
            head = (
                f"HTTP/1.1 200 OK\r\nApi-Version: {version}\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write(head.encode() + body)
            await writer.drain()

    return handle


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Accept the connection and never answer."""
    await reader.read()
    await asyncio.Event().wait()


def breaking_off(beginning: bytes) -> Handler:
    """Answer pings, and end every other answer in its middle."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            if b"/_ping" in line:
                writer.write(b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK")
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + beginning)
            await writer.drain()
            return

    return handle


class Gate:
    """A way to a real engine that can be shut and can stall, and counts its connections."""

    def __init__(self, engine_socket: str) -> None:
        self._engine_socket = engine_socket
        self.open_connections = 0
        self.requests: list[str] = []
        self.stalled = asyncio.Event()
        self.flowing = asyncio.Event()
        self.flowing.set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass bytes both ways."""
        to_reader, to_writer = await asyncio.open_unix_connection(self._engine_socket)
        self.open_connections += 1
        try:
            await asyncio.gather(self._up(reader, to_writer), self._down(to_reader, writer))
        finally:
            self.open_connections -= 1
            to_writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.requests.append(data.split(b"\r\n", 1)[0].decode())
            if not self.flowing.is_set():
                self.stalled.set()
                await self.flowing.wait()
            writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()
