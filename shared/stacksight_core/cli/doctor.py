"""Checks that every server of ``.mcp.json`` starts and that its system answers."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from stacksight_core.cli.config import ServerEntry
from stacksight_core.cli.connection import Connection, ConnectionFailed, call, connect, text_of

# The question that tells whether a server's system answers, by the tool that answers it.
PROBES: dict[str, dict[str, Any]] = {"list_objects": {}, "list_queues": {}, "list_containers": {}}
AUDIT_TOOL = "run_audit"
PAGE = (
    b"<!doctype html><html lang='en'><head><title>Probe</title>"
    b"<meta name='viewport' content='width=device-width'></head>"
    b"<body><main><h1>Probe</h1></main></body></html>"
)

NOT_PROBED = "not asked: no tool of this server is known to the doctor"


@dataclass(frozen=True)
class Checkup:
    """What was found out about one server.

    Attributes:
        server: its name in ``.mcp.json``.
        started_s: seconds to its first answer; None when it did not start.
        protocol: the MCP revision that was agreed on.
        tools: how many it offers.
        chars: the size of their definitions.
        healthy: it started and its system answers.
        system: the first line of what the system answered, or what is wrong and how to fix it.
    """

    server: str
    started_s: float | None = None
    protocol: str | None = None
    tools: int = 0
    chars: int = 0
    healthy: bool = False
    system: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


async def check(entry: ServerEntry) -> Checkup:
    """Start a server, list its tools, and ask its system one cheap question."""
    try:
        async with connect(entry) as connection:
            healthy, system = await _probe(connection)
            return Checkup(
                server=entry.name,
                started_s=round(connection.started_s, 3),
                protocol=connection.client.protocol_version,
                tools=len(connection.tools),
                chars=connection.definition_chars(),
                healthy=healthy,
                system=system,
            )
    except ConnectionFailed as error:
        return Checkup(server=entry.name, system=str(error))


async def _probe(connection: Connection) -> tuple[bool, str]:
    for name, arguments in PROBES.items():
        if connection.tool(name):
            return await _ask(connection, name, arguments)
    if connection.tool(AUDIT_TOOL):
        with _serve_page() as url:
            arguments = {"url": url, "categories": ["accessibility"]}
            return await _ask(connection, AUDIT_TOOL, arguments)
    return True, NOT_PROBED


async def _ask(connection: Connection, name: str, arguments: dict[str, Any]) -> tuple[bool, str]:
    result = await call(connection, name, arguments)
    text = text_of(result).strip()
    return not result.is_error, text if result.is_error else text.partition("\n")[0]


class _Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def _serve_page() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
