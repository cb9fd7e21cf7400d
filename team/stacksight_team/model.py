"""``team.toml``: who is in the team, and what each of them may use."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

FILE_NAME = "team.toml"
PLUGIN = "stacksight"
"""The plugin's name, which Claude Code puts into the names of the tools it brings."""

ERROR_NO_FILE = "There is no {name} in {folder} or above. Run this inside a project that has one."
ERROR_BAD_FILE = "{path} cannot be used: {reason}"
ERROR_UNKNOWN_SERVER = "group `{group}` belongs to server `{server}`, which is not in [servers]"
ERROR_UNKNOWN_GROUP = "agent `{agent}` has the capability `{group}`, which is not in [groups]"
ERROR_UNKNOWN_AGENT = "agent `{agent}` escalates to `{to}`, which is not in [agents]"
ERROR_TO_ITSELF = "agent `{agent}` escalates to itself"
ERROR_TWICE = "{what} lists `{name}` twice"

Name = str


class TeamError(Exception):
    """The team's file cannot be used; the message says why."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Part):
    """One MCP server of ``.mcp.json``.

    Attributes:
        internet: what of it needs the internet; empty when nothing does.
    """

    internet: str = ""


class Group(_Part):
    """Tools that are given together.

    Attributes:
        server: the MCP server that offers them.
        tools: their names there.
        shows: what one sees with them, to be read after "sees".
        read_only: they change nothing, which the server's own annotations have to confirm.
    """

    server: Name
    tools: tuple[str, ...] = Field(min_length=1)
    shows: str = Field(min_length=1)
    read_only: bool = True


class Escalation(_Part):
    """When an agent hands over, and to whom."""

    when: str = Field(min_length=1)
    to: Name


class Agent(_Part):
    """One member of the team.

    Attributes:
        role: what it is for and when to call it; Claude Code chooses agents by this.
        model: the model it runs on.
        domain: what it answers for, in a few words.
        requests: what a person says whose request belongs to this agent.
        own: Claude Code's own tools.
        capabilities: groups of tools.
        cli: programs that its prompt explains.
        documentation: libraries it looks up.
        escalations: when it hands over.
    """

    role: str = Field(min_length=20, max_length=400)
    model: Literal["opus", "sonnet", "haiku"]
    domain: str = Field(min_length=1)
    requests: tuple[str, ...] = Field(min_length=1)
    own: tuple[str, ...] = Field(min_length=1)
    capabilities: tuple[Name, ...] = ()
    cli: tuple[str, ...] = ()
    documentation: tuple[str, ...] = ()
    escalations: tuple[Escalation, ...] = Field(min_length=1)


class Team(_Part):
    """The whole file."""

    servers: dict[Name, Server]
    groups: dict[Name, Group]
    agents: dict[Name, Agent]

    @model_validator(mode="after")
    def _names_lead_somewhere(self) -> "Team":
        problems = list(self._bad_names())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _bad_names(self) -> Iterator[str]:
        for name, group in self.groups.items():
            if group.server not in self.servers:
                yield ERROR_UNKNOWN_SERVER.format(group=name, server=group.server)
            yield from _twice(f"group `{name}`", group.tools)
        for name, agent in self.agents.items():
            yield from _twice(f"agent `{name}`", agent.capabilities)
            for capability in agent.capabilities:
                if capability not in self.groups:
                    yield ERROR_UNKNOWN_GROUP.format(agent=name, group=capability)
            for escalation in agent.escalations:
                if escalation.to == name:
                    yield ERROR_TO_ITSELF.format(agent=name)
                elif escalation.to not in self.agents:
                    yield ERROR_UNKNOWN_AGENT.format(agent=name, to=escalation.to)

    def tools_of(self, agent: Name) -> dict[Name, tuple[str, ...]]:
        """Return the MCP tools of an agent by server, both in the order of the file."""
        found: dict[Name, list[str]] = {}
        for capability in self.agents[agent].capabilities:
            group = self.groups[capability]
            mine = found.setdefault(group.server, [])
            mine += [tool for tool in group.tools if tool not in mine]
        return {server: tuple(found[server]) for server in self.servers if server in found}

    def granted(self) -> dict[Name, set[str]]:
        """Return all tools of all groups, by server."""
        found: dict[Name, set[str]] = {server: set() for server in self.servers}
        for group in self.groups.values():
            found[group.server] |= set(group.tools)
        return found


def _twice(what: str, names: tuple[str, ...]) -> Iterator[str]:
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield ERROR_TWICE.format(what=what, name=name)


def qualified(server: Name, tool: str) -> tuple[str, str]:
    """Return a tool's names in Claude Code: from ``.mcp.json``, and from the plugin."""
    return f"mcp__{server}__{tool}", f"mcp__plugin_{PLUGIN}_{server}__{tool}"


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above ``start`` that has a team.

    Raises:
        TeamError: there is none.
    """
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise TeamError(ERROR_NO_FILE.format(name=FILE_NAME, folder=start))


def load_team(root: Path) -> Team:
    """Read the team of a project.

    Raises:
        TeamError: it cannot be read, or names something that it does not define.
    """
    path = root / FILE_NAME
    try:
        return Team.model_validate(tomllib.loads(path.read_text()))
    except ValidationError as error:
        reason = "; ".join(
            f"{'.'.join(map(str, part['loc']))}: {part['msg']}".removeprefix(": ")
            for part in error.errors()
        )
        raise TeamError(ERROR_BAD_FILE.format(path=path, reason=reason)) from error
    except (OSError, ValueError) as error:
        raise TeamError(ERROR_BAD_FILE.format(path=path, reason=error)) from error
