"""Starts the MCP servers of a project and asks them for their tools."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from mcp.shared.exceptions import MCPError
from mcp_types import Tool

from stacksight_core.cli.config import ServerEntry, load_servers
from stacksight_core.cli.connection import Connection, ConnectionFailed, call, connect
from stacksight_team.model import Team

NO_TOOL = "no-such-tool"

ERROR_NOT_CONFIGURED = "{server}: the team uses it, but .mcp.json does not name it."
ERROR_NOT_IN_TEAM = "{server}: .mcp.json names it, but [servers] of team.toml does not."
ERROR_NOT_STARTED = "{server}: it does not start. {reason}"


@dataclass(frozen=True)
class Inventory:
    """What the servers of a project offer.

    Attributes:
        tools: by server and name; a server that did not start is not in it.
        started_s: seconds to the first answer, by server.
        problems: servers that did not start or are named in one place only.
    """

    tools: dict[str, dict[str, Tool]]
    started_s: dict[str, float]
    problems: list[str]


async def take_inventory(root: Path, team: Team) -> Inventory:
    """Start every server of the team, as ``.mcp.json`` says, and list its tools.

    Raises:
        ConfigError: ``.mcp.json`` cannot be used.
    """
    entries = load_servers(root)
    missing = [ERROR_NOT_CONFIGURED.format(server=n) for n in team.servers if n not in entries]
    extra = [ERROR_NOT_IN_TEAM.format(server=name) for name in entries if name not in team.servers]
    found = Inventory({}, {}, [*missing, *extra])
    async with anyio.create_task_group() as tasks:
        for name in team.servers:
            if name in entries:
                tasks.start_soon(_ask, entries[name], found)
    return found


async def _ask(entry: ServerEntry, found: Inventory) -> None:
    try:
        async with connect(entry) as connection:
            found.tools[entry.name] = {tool.name: tool for tool in await _tools(connection)}
            found.started_s[entry.name] = connection.started_s
    except ConnectionFailed as error:
        found.problems.append(ERROR_NOT_STARTED.format(server=entry.name, reason=error))


async def _tools(connection: Connection) -> list[Tool]:
    """Return the tools that a server has now, not those that it has recorded.

    A server may answer from a record until something needs the server itself, as a call does.
    """
    with suppress(MCPError):
        await call(connection, NO_TOOL, {})
    return (await connection.client.list_tools(cache_mode="bypass")).tools
