"""Claude Code itself loads the team and the plugin, and gives each agent exactly its tools."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from stacksight_team.model import PLUGIN, Team, qualified
from tests.support.clients import Clients, run
from tests.support.model import Blocks, Request, running_model, say, tools_of, use
from tests.support.stdio import ROOT

pytestmark = pytest.mark.timeout(900)  # a session starts seven servers, two browsers among them

OFFLINE = {
    "ANTHROPIC_API_KEY": "sk-ant-nobody",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "IS_SANDBOX": "1",
    "MCP_TIMEOUT": "120000",
}
INSTALLED = [["marketplace", "add", str(ROOT)], ["install", PLUGIN]]
TASK = "Report which tools you have, "
INTERNAL = {"DeferredToolPlaceholder"}
"""What Claude Code keeps a place for later tools with; no tool."""


@dataclass(frozen=True)
class Claude:
    """Claude Code with a home of its own."""

    command: list[str]
    env: Mapping[str, str]

    async def __call__(self, folder: Path, *arguments: str, **more: str) -> str:
        """Run it; return what it printed. It has to succeed and to say nothing on stderr."""
        code, out, err = await run([*self.command, *arguments], folder, {**self.env, **more})
        assert (code, err) == (0, ""), (out, err)
        return out


@pytest.fixture
def claude(clients: Clients, tmp_path: Path) -> Claude:
    home = tmp_path / "home"
    (home / ".claude").mkdir(parents=True)
    return Claude(clients.claude, {**OFFLINE, "HOME": str(home)})


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A project that knows nothing of the team."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


async def test_plugin_and_marketplace_are_valid(claude: Claude) -> None:
    as_submitted = ("--profile", "directory")
    for what, profile in (
        (".", as_submitted),
        (".claude-plugin/plugin.json", as_submitted),
        (".claude-plugin/marketplace.json", ()),
        (".claude", ()),
    ):
        said = await claude(ROOT, "plugin", "validate", "--strict", *profile, what)
        assert "✔ Validation passed\n" in said
        assert "warning" not in said


async def test_all_agents_and_prompts_are_in_the_plugin(claude: Claude, team: Team) -> None:
    said = await claude(ROOT, "plugin", "validate", ".")
    assert set(re.findall(r"agents: stacksight:([\w-]+)", said)) == team.agents.keys()
    skills = set(re.findall(r"skills: stacksight:([\w-]+)", said))
    assert skills >= {"testing-rules", "security-rules", "rendering-service-rules", "investigate"}


async def test_the_installed_plugin_brings_its_servers(
    claude: Claude, team: Team, elsewhere: Path
) -> None:
    for command in INSTALLED:
        assert "✔" in await claude(elsewhere, "plugin", *command)
    said = await claude(elsewhere, "mcp", "list")
    connected = set(re.findall(r"^plugin:stacksight:([\w-]+): .* ✔ Connected$", said, re.M))
    assert connected == team.servers.keys()
    assert "✘" not in said


class Script:
    """The model of a session that waits for all servers, then hands one task to every agent."""

    def __init__(self, agents: list[str], awaited: set[str]) -> None:
        self.given: dict[str, Request] = {}
        self._agents = agents
        self._awaited = awaited
        self._dispatched = False

    def __call__(self, request: Request) -> Blocks:
        task = re.search(rf"{TASK}([\w-]+:?[\w-]*)\.", json.dumps(request["messages"]))
        if task is None and not self._dispatched:
            return self._wait(request) or self._dispatch()
        if task and not _is_main(request):
            self.given.setdefault(task[1], request)
        return [say("done")]

    def _wait(self, request: Request) -> Blocks:
        """Search for a tool of every server; the search waits for servers that still start."""
        absent = sorted(self._awaited - set(tools_of(request)))
        return [use(n, "ToolSearch", query=f"select:{name}") for n, name in enumerate(absent)]

    def _dispatch(self) -> Blocks:
        self._dispatched = True
        return [
            use(100 + n, "Agent", subagent_type=name, description=name, prompt=f"{TASK}{name}.")
            for n, name in enumerate(self._agents)
        ]


def _is_main(request: Request) -> bool:
    return any(
        block.get("type") == "tool_result"
        for message in request["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
    )


@pytest.mark.parametrize("source", ["clone", "plugin"])
async def test_every_agent_is_given_exactly_its_tools(
    claude: Claude, team: Team, elsewhere: Path, source: str
) -> None:
    folder, prefix, arguments = ROOT, "", ["--settings", '{"enableAllProjectMcpServers": true}']
    if source == "plugin":
        for command in INSTALLED:
            await claude(elsewhere, "plugin", *command)
        folder, prefix, arguments = elsewhere, f"{PLUGIN}:", []
    spelling = 1 if source == "plugin" else 0
    awaited = {qualified(s, min(tools))[spelling] for s, tools in team.granted().items()}
    script = Script([f"{prefix}{name}" for name in team.agents], awaited)
    with running_model(script) as model:
        await claude(folder, "-p", "go", *arguments, ANTHROPIC_BASE_URL=model.url)
    for name, agent in team.agents.items():
        request = script.given[f"{prefix}{name}"]
        expected = set(agent.own) | {
            qualified(server, tool)[spelling]
            for server, tools in team.tools_of(name).items()
            for tool in tools
        }
        assert set(tools_of(request)) - INTERNAL == expected, name
        assert f".claude/agents-memory/{name}/" in json.dumps(request["system"])
        assert agent.model in request["model"]
        if source == "plugin":
            protocol = f"{ROOT}/.claude/agents-shared/team-protocol.md"
            assert protocol in json.dumps(request["system"])
