"""Holds the team's files against its model and against what the servers offer. No I/O."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from mcp_types import Tool

from stacksight_core.names import did_you_mean
from stacksight_team.documents import Reference, agent_path, front_matter
from stacksight_team.generate import tool_names
from stacksight_team.model import Team
from stacksight_team.references import Mention, bare_names, mentions

ERROR_NO_TOOL = "{where}: server `{server}` has no tool `{tool}`.{near}"
ERROR_NO_SERVER = "{where}: there is no server `{server}` in the team."
ERROR_BAD_CALL = "{where}: {server}.{tool}: {reason}"
ERROR_UNLISTED = "{where}: `{agent}` names {server}.{tool}, which its role does not list."
ERROR_NOBODYS = "{where}: no server has a tool `{name}`.{near}"
ERROR_UNUSED_GROUP = "team.toml: nobody uses the group `{group}`."
ERROR_NOT_READ_ONLY = "team.toml: group `{group}` is read-only, but {server}.{tool} is not."
ERROR_EXTRA_TOOL = "{path}: `{agent}` has the tool {tool}, which its role does not list."
ERROR_LACKING_TOOL = (
    "{path}: `{agent}` lacks the tool {tool} of its role. Run: stacksight team write"
)
ERROR_NO_PROMPT = "{path}: `{agent}` has no prompt."
ERROR_NO_ROLE = "{path}: there is no agent `{agent}` in team.toml."
ERROR_CLI = "{path}: the role lists the program `{program}`, which the prompt does not explain."

ALIKE = 0.85
"""How near a word has to be to a tool's name, of 1, to be taken for it."""

Offer = Mapping[str, Mapping[str, Tool]]
"""The tools that servers offer, by server and name."""


@dataclass(frozen=True)
class Files:
    """The team's files.

    Attributes:
        texts: what they say, by path relative to the project.
    """

    texts: Mapping[Path, str]

    def prompts(self) -> dict[str, str]:
        """Return the prompts by agent."""
        folder = agent_path("any").parent
        return {path.stem: text for path, text in self.texts.items() if path.parent == folder}


def review(team: Team, files: Files, offer: Offer) -> list[str]:
    """Return everything that is wrong with a team, in sentences.

    Args:
        team: the source of truth.
        files: prompts, tables, rules and docs.
        offer: what the servers really offer; a server that is left out is not looked at.
    """
    found = [
        *review_groups(team, offer),
        *review_roles(team, files),
        *review_mentions(team, files, offer),
    ]
    return list(dict.fromkeys(found))


def review_groups(team: Team, offer: Offer) -> Iterator[str]:
    """Yield groups that nobody uses, and tools in groups that do not exist or may write."""
    used = {group for agent in team.agents.values() for group in agent.capabilities}
    for name, group in team.groups.items():
        if name not in used:
            yield ERROR_UNUSED_GROUP.format(group=name)
        if group.server not in offer:
            continue
        for tool in group.tools:
            offered = offer[group.server].get(tool)
            if offered is None:
                yield _no_tool(f"team.toml: group `{name}`", group.server, tool, offer)
            elif group.read_only and not (
                offered.annotations and offered.annotations.read_only_hint
            ):
                yield ERROR_NOT_READ_ONLY.format(group=name, server=group.server, tool=tool)


def review_roles(team: Team, files: Files) -> Iterator[str]:
    """Yield agents without a prompt or a role, and tools that do not fit the role."""
    prompts = files.prompts()
    for name in sorted(prompts.keys() - team.agents.keys()):
        yield ERROR_NO_ROLE.format(path=agent_path(name), agent=name)
    for name, agent in team.agents.items():
        path = agent_path(name)
        if name not in prompts:
            yield ERROR_NO_PROMPT.format(path=path, agent=name)
            continue
        has = [word.strip() for word in front_matter(prompts[name]).get("tools", "").split(",")]
        should = tool_names(team, name)
        for tool in has:
            if tool not in should:
                yield ERROR_EXTRA_TOOL.format(path=path, agent=name, tool=tool or "(all)")
        for tool in should:
            if tool not in has:
                yield ERROR_LACKING_TOOL.format(path=path, agent=name, tool=tool)
        for program in agent.cli:
            if f"`{program}" not in prompts[name]:
                yield ERROR_CLI.format(path=path, program=program)


def review_mentions(team: Team, files: Files, offer: Offer) -> Iterator[str]:
    """Yield tools in texts that do not exist, calls that would be refused, and tools of others."""
    prompts = {agent_path(name): name for name in team.agents}
    offered = {tool for tools in offer.values() for tool in tools}
    granted = set().union(*(team.granted()[server] for server in offer))
    for path, text in files.texts.items():
        agent = prompts.get(path)
        for mention in mentions(path, text, team.servers):
            yield from _review_mention(team, mention, offer)
            if agent and mention.tool not in team.tools_of(agent).get(mention.server, ()):
                yield ERROR_UNLISTED.format(
                    where=mention.where, agent=agent, server=mention.server, tool=mention.tool
                )
        for where, name, called in bare_names(path, text):
            if name in granted or called or _alike(name, offered):
                yield from _review_bare(where, name, offered)


def _review_mention(team: Team, mention: Mention, offer: Offer) -> Iterator[str]:
    where, server, tool = mention.where, mention.server, mention.tool
    if server not in team.servers:
        yield ERROR_NO_SERVER.format(where=where, server=server)
        return
    if server not in offer:
        return
    offered = offer[server].get(tool)
    if offered is None:
        yield _no_tool(str(where), server, tool, offer)
        return
    reasons = [mention.unreadable] if mention.unreadable else _refusals(offered, mention.arguments)
    for reason in reasons:
        yield ERROR_BAD_CALL.format(where=where, server=server, tool=tool, reason=reason)


def _refusals(tool: Tool, arguments: dict[str, Any] | None) -> list[str]:
    if arguments is None:
        return []
    validator = jsonschema.Draft202012Validator(tool.input_schema)
    return [error.message for error in validator.iter_errors(arguments)]


def _review_bare(where: Reference, name: str, offered: set[str]) -> Iterator[str]:
    if name not in offered:
        meant = "".join(f" Did you mean `{near}`?" for near in _alike(name, offered))
        yield ERROR_NOBODYS.format(where=where, name=name, near=meant)


def _alike(name: str, offered: set[str]) -> list[str]:
    return difflib.get_close_matches(name, offered, n=1, cutoff=ALIKE)


def _no_tool(where: str, server: str, tool: str, offer: Offer) -> str:
    near = did_you_mean(tool, offer[server])
    return ERROR_NO_TOOL.format(where=where, server=server, tool=tool, near=near)
