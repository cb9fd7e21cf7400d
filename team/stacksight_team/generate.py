"""Writes what ``team.toml`` decides into prompts, tables and the plugin's manifests. No I/O."""

import json
from collections.abc import Mapping
from typing import Any

from stacksight_team.documents import (
    DISPATCH,
    PROTOCOL,
    agent_path,
    with_front_matter,
    with_part,
)
from stacksight_team.model import Agent, Team, qualified

PLUGIN_ROOT = "${CLAUDE_PLUGIN_ROOT}"

FIRST_STEPS = """\
Before anything else read `{protocol}` (where this project has none:
`{plugin}/{protocol}`), then your notes in
`.claude/agents-memory/{name}/`, then `.claude/project.md`: it says what this
project's folders, ports, URLs and commands are. Put its names into the calls below."""


def agent_file(team: Team, name: str, text: str) -> str:
    """Return an agent's prompt with its head, its first steps and its look-ups written anew."""
    agent, path = team.agents[name], agent_path(name)
    steps = FIRST_STEPS.format(name=name, protocol=PROTOCOL.as_posix(), plugin=PLUGIN_ROOT)
    text = with_front_matter(text, _head(team, name, agent))
    text = with_part(path, text, "first steps", steps)
    return with_part(path, text, "look-up and escalation", _handing_over(agent))


def _head(team: Team, name: str, agent: Agent) -> str:
    return "\n".join(
        [
            f"name: {name}",
            f"description: {json.dumps(agent.role, ensure_ascii=False)}",
            f"tools: {', '.join(tool_names(team, name))}",
            f"model: {agent.model}",
        ]
    )


def tool_names(team: Team, name: str) -> list[str]:
    """Return an agent's tools as Claude Code spells them: its own, then those of MCP servers.

    Each of the latter twice, as it is called in a clone and as the plugin brings it; Claude Code
    ignores the one that is not there.
    """
    calls = [
        spelling
        for server, tools in team.tools_of(name).items()
        for tool in tools
        for spelling in qualified(server, tool)
    ]
    return [*team.agents[name].own, *calls]


def _handing_over(agent: Agent) -> str:
    lines = []
    if agent.documentation:
        lines += [
            f"**Documentation** (context7): {', '.join(agent.documentation)}.",
            "",
        ]
    lines += ["| hand over when | to |", "|---|---|"]
    lines += [f"| {escalation.when} | {escalation.to} |" for escalation in agent.escalations]
    return "\n".join(lines)


def protocol_file(team: Team, text: str) -> str:
    """Return the team protocol with its roster and its groups written anew."""
    roster = ["| agent | answers for | capabilities | model |", "|---|---|---|---|"]
    roster += [
        f"| {name} | {agent.domain} | {_sees(agent)} | {agent.model} |"
        for name, agent in team.agents.items()
    ]
    groups = ["| capability | server | tools | what one sees |", "|---|---|---|---|"]
    groups += [
        f"| {name} | {group.server} | {', '.join(f'`{tool}`' for tool in group.tools)} "
        f"| {group.shows} |"
        for name, group in team.groups.items()
    ]
    text = with_part(PROTOCOL, text, "roster", "\n".join(roster))
    return with_part(PROTOCOL, text, "capabilities", "\n".join(groups))


def dispatch_file(team: Team, text: str) -> str:
    """Return the orchestrator's guidance with its dispatch table written anew."""
    rows = ["| request | agent | it can see |", "|---|---|---|"]
    rows += [
        f"| {request} | {name} | {_servers(team, name)} |"
        for name, agent in team.agents.items()
        for request in agent.requests
    ]
    return with_part(DISPATCH, text, "dispatch", "\n".join(rows))


def _sees(agent: Agent) -> str:
    return ", ".join(agent.capabilities) or "none: it asks others"


def _servers(team: Team, name: str) -> str:
    return ", ".join(team.tools_of(name)) or "the source only"


def plugin_manifest(team: Team, manifest: Mapping[str, Any]) -> str:
    """Return plugin.json with the agents of the team."""
    agents = [f"./{agent_path(name).as_posix()}" for name in sorted(team.agents)]
    return _json({**manifest, "agents": agents})


def plugin_servers(config: Mapping[str, Any]) -> str:
    """Return the plugin's servers: those of ``.mcp.json``, run from the plugin's folder."""
    return _json(
        {"mcpServers": {name: _in_plugin(entry) for name, entry in config["mcpServers"].items()}}
    )


def _in_plugin(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Let a program of the project start from the plugin's folder; others are found on PATH."""
    command = str(entry["command"])
    if "/" not in command or command.startswith("/"):
        return dict(entry)
    return {**entry, "command": f"{PLUGIN_ROOT}/{command}"}


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
