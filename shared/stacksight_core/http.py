"""Serves over streamable HTTP instead of stdin and stdout, for clients that cannot start a process.

Anyone on this machine can reach it, so it listens on the loopback interface alone and is off unless
asked for. The SDK refuses requests whose Host or Origin is another machine's: a web page in a
browser must not reach it through a name of its own that leads here (DNS rebinding).
"""

import asyncio
import logging
import socket
import sys
from types import FrameType
from typing import Any

import anyio
import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

LOOPBACK = "127.0.0.1"
PATH = "/mcp"
SECURITY = TransportSecuritySettings(
    enable_dns_rebinding_protection=True,
    allowed_hosts=["127.0.0.1:*", "localhost:*"],
    allowed_origins=["http://127.0.0.1:*", "http://localhost:*"],
)
GRACE_SECONDS = 0
"""Beyond the tenth of a second that uvicorn gives in any case; an open stream never ends itself."""

ANNOUNCEMENT = "{name} listens on http://{host}:{port}{path}\n"
ERROR_PORT = (
    "{name} cannot listen on {host}:{port}: {reason}. Choose another port; 0 is any free one.\n"
)


class _Server(uvicorn.Server):
    """Ends when it is told to; uvicorn's own looks ten times a second whether it has been."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    async def main_loop(self) -> None:
        if not await self.on_tick(0):
            await self._told.wait()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # What is cut off by the end is no error to be logged.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        super().handle_exit(sig, frame)
        asyncio.get_running_loop().call_soon_threadsafe(self._told.set)


def serve_http(server: MCPServer[Any], port: int) -> None:
    """Serve until SIGINT or SIGTERM; says on stderr where.

    Args:
        server: what to serve.
        port: on the loopback interface; 0 for any free one.

    Raises:
        SystemExit: the port cannot be had.
    """
    app = server.streamable_http_app(
        streamable_http_path=PATH, host=LOOPBACK, transport_security=SECURITY
    )
    # Our own log handler is the only one: uvicorn's would write to stdout.
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        date_header=False,  # it is written anew in uvicorn's own loop only
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
        except OSError as error:
            where = {"name": server.name, "host": LOOPBACK, "port": port}
            sys.stderr.write(ERROR_PORT.format(**where, reason=error.strerror))
            raise SystemExit(1) from error
        listener.listen()  # from here on a client that has read the address gets through
        port = listener.getsockname()[1]
        sys.stderr.write(ANNOUNCEMENT.format(name=server.name, host=LOOPBACK, port=port, path=PATH))
        sys.stderr.flush()
        anyio.run(_Server(config).serve, [listener])
