"""Starts a server over stdio and speaks MCP with it."""

import base64
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any

import anyio
from mcp.client.client import Client
from mcp.client.session import ElicitationFnT
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.dispatcher import ProgressFnT
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ImageContent, TextContent, Tool

from stacksight_core.cli.config import FILE_NAME, ServerEntry
from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import clean

START_SECONDS = 300.0
"""A first start may have to install the server's dependencies."""
LOG_CHARS = 600

ERROR_NO_COMMAND = "`{command}` was not found. Install it, or correct {file}."
ERROR_NO_START = "`{command}` did not become an MCP server: {reason}{log}"


class ConnectionFailed(Exception):
    """The server did not start; the message says why."""


@dataclass(frozen=True)
class Connection:
    """A running server.

    Attributes:
        client: the SDK's client.
        started_s: seconds from the start of the process to its first answer.
        tools: what it offers.
    """

    client: Client
    started_s: float
    tools: tuple[Tool, ...]

    def tool(self, name: str) -> Tool | None:
        """Return a tool by name."""
        return next((tool for tool in self.tools if tool.name == name), None)

    def definition_chars(self) -> int:
        """Return the size of all definitions as they are sent, in characters."""
        return sum(definition_chars(tool) for tool in self.tools)


def definition_chars(tool: Tool) -> int:
    """Return the size of a tool's definition as it is sent, in characters."""
    sent = tool.model_dump(mode="json", by_alias=True, exclude_none=True)
    return len(json.dumps(sent, separators=(",", ":"), ensure_ascii=False))


@asynccontextmanager
async def connect(
    entry: ServerEntry, answer: ElicitationFnT | None = None
) -> AsyncIterator[Connection]:
    """Start a server and end it with the block.

    Args:
        entry: how it is started.
        answer: answers its questions to the user; None when there is nobody to ask.

    Raises:
        ConnectionFailed: it did not start, or does not speak MCP.
    """
    parameters = StdioServerParameters(
        command=entry.command,
        args=list(entry.arguments),
        env=dict(os.environ) | dict(entry.environment),
        cwd=entry.folder,
    )
    opened = False
    with tempfile.TemporaryFile("w+") as log:
        begin = time.monotonic()
        try:
            transport = stdio_client(parameters, errlog=log)
            async with Client(transport, elicitation_callback=answer) as client:
                started = time.monotonic() - begin
                with anyio.fail_after(START_SECONDS):
                    tools = tuple((await client.list_tools()).tools)
                opened = True
                yield Connection(client, started, tools)
        except (MCPError, OSError, TimeoutError, ExceptionGroup) as error:
            cause = _only_cause(error)
            if opened:
                raise cause from error
            raise ConnectionFailed(_explain(cause, entry, log)) from error


def _only_cause(error: Exception) -> Exception:
    """Return what went wrong inside the client's nested task groups."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _explain(cause: Exception, entry: ServerEntry, log: IO[str]) -> str:
    if isinstance(cause, FileNotFoundError):
        return ERROR_NO_COMMAND.format(command=entry.command, file=FILE_NAME)
    log.seek(0)
    said = clean(redact_assignments(log.read()))[-LOG_CHARS:].strip()
    return ERROR_NO_START.format(
        command=" ".join((entry.command, *entry.arguments)),
        reason=str(cause) or type(cause).__name__,
        log=f"\nIts log ends with:\n{said}" if said else "",
    )


async def call(
    connection: Connection,
    tool: str,
    arguments: dict[str, Any],
    progress: ProgressFnT | None = None,
) -> CallToolResult:
    """Call a tool and return its result."""
    return await connection.client.call_tool(tool, arguments, progress_callback=progress)


def text_of(result: CallToolResult) -> str:
    """Return the text blocks of a result, one after the other."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


def pictures_of(result: CallToolResult) -> list[bytes]:
    """Return the pictures of a result."""
    blocks = [block for block in result.content if isinstance(block, ImageContent)]
    return [base64.b64decode(block.data) for block in blocks]
