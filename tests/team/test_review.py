"""What the review finds, on the real prompts and what the real servers offer."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stacksight_team.documents import DISPATCH, PROTOCOL, agent_path
from stacksight_team.inventory import Inventory
from stacksight_team.model import Group, Team, TeamError, load_team
from stacksight_team.project import stale, written
from stacksight_team.references import mentions
from stacksight_team.review import Files, review
from tests.support.stdio import ROOT

SERVERS = ("postgres", "redis", "docker", "lighthouse")
WHO = agent_path("db-architect")
TESTING = Path(".claude/rules/testing.md")

READERS_OF = {
    "postgres": {"backend-architect", "db-architect", "performance-engineer", "security-auditor"},
    "docker": {"devops-engineer", "debug-specialist", "security-auditor"},
}
VISUAL = {
    "frontend-architect",
    "ui-ux-designer",
    "design-auditor",
    "debug-specialist",
    "performance-engineer",
    "motion-engineer",
}
TESTERS = {"backend-qa", "frontend-qa"}


def changed(files: Files, path: Path, edit: Callable[[str], str]) -> Files:
    """Return the files with one of them edited."""
    text = edit(files.texts[path])
    assert text != files.texts[path]
    return Files({**files.texts, path: text})


def with_groups(team: Team, **groups: Group) -> Team:
    return team.model_copy(update={"groups": {**team.groups, **groups}})


async def test_the_team_is_not_stale(team: Team, files: Files, inventory: Inventory) -> None:
    assert inventory.problems == []
    assert inventory.tools.keys() == team.servers.keys()
    assert review(team, files, inventory.tools) == []


def test_every_written_file_is_as_the_team_says(team: Team) -> None:
    assert stale(ROOT, team) == []


def test_prompts_show_calls_that_are_checked(team: Team, files: Files) -> None:
    """The review is worth what it sees: the examples of every prompt have to be among it."""
    for agent in team.agents:
        text = files.texts[agent_path(agent)]
        calls = [m for m in mentions(agent_path(agent), text, team.servers) if m.arguments]
        shown = re.findall(r"`(?:[a-z0-9-]+)\.[a-z_-]+\([^)`]", text)
        assert len(calls) >= len(shown) >= 1, agent


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        (WHO, '`postgres.explain_queri(sql="SELECT 1")`', "`postgres` has no tool `explain_queri`"),
        (WHO, '`postgres.explain_query(query="SELECT 1")`', "'query' was unexpected"),
        (WHO, "`postgres.explain_query()`", "'sql' is a required property"),
        (WHO, "`postgres.top_queries(limit=500)`", "500 is greater than the maximum"),
        (WHO, '`postgres.top_queries(by="cost")`', "'cost' is not one of"),
        (WHO, "`postgres.top_queries(5)`", "arguments have to be given by name"),
        (WHO, "`postgres.top_queries(limit=)`", "cannot be read"),
        (WHO, "`docker.diagnose()`", "`db-architect` names docker.diagnose, which its role"),
        (WHO, "see `explain_querys`", "no server has a tool `explain_querys`"),
        (TESTING, "call `purge_everything()`", "no server has a tool `purge_everything`"),
        (TESTING, "`mcp__redis__purge_queue`", "server `redis` has no tool `purge_queue`"),
        (TESTING, "mcp__plugin_stacksight_docker__restart", "`docker` has no tool `restart`"),
        (TESTING, "`mcp__mongo__find`", "there is no server `mongo`"),
        (DISPATCH, "```\nredis.list_queue()\n```", "Did you mean `list_queues`"),
        (PROTOCOL, "| x | `lighthouse.run_audits` |", "`lighthouse` has no tool `run_audits`"),
    ],
)
async def test_what_no_server_would_accept_is_found(
    team: Team, files: Files, inventory: Inventory, path: Path, text: str, says: str
) -> None:
    broken = changed(files, path, lambda before: f"{before}\n{text}\n")
    problems = review(team, broken, inventory.tools)
    assert any(says in problem for problem in problems), problems
    assert all(str(path) in problem for problem in problems)


async def test_tools_beyond_the_role_are_found(
    team: Team, files: Files, inventory: Inventory
) -> None:
    more = changed(files, WHO, lambda t: t.replace("tools: ", "tools: mcp__docker__read_logs, ", 1))
    all_of_them = changed(files, WHO, lambda t: re.sub(r"(?m)^tools: .*\n", "", t, count=1))
    fewer = changed(files, WHO, lambda t: t.replace("mcp__postgres__run_query, ", "", 1))
    assert any(
        "`db-architect` has the tool mcp__docker__read_logs" in p
        for p in review(team, more, inventory.tools)
    )
    assert any("has the tool (all)" in p for p in review(team, all_of_them, inventory.tools))
    assert any(
        "lacks the tool mcp__postgres__run_query" in p for p in review(team, fewer, inventory.tools)
    )


async def test_groups_are_held_against_the_servers(
    team: Team, files: Files, inventory: Inventory
) -> None:
    wrong = with_groups(
        team,
        idle=Group(server="redis", tools=("list_queues",), shows="queues"),
        documentation=Group(server="context7", tools=("search-docs",), shows="documentation"),
        **{"browser-look": team.groups["browser-look"].model_copy(update={"read_only": True})},
    )
    problems = "\n".join(review(wrong, files, inventory.tools))
    assert "nobody uses the group `idle`" in problems
    assert "group `documentation`: server `context7` has no tool `search-docs`" in problems
    assert "`browser-look` is read-only, but chrome-devtools.click is not" in problems


async def test_prompts_and_roles_belong_together(
    team: Team, files: Files, inventory: Inventory
) -> None:
    texts = {path: text for path, text in files.texts.items() if path != WHO}
    texts[agent_path("dba")] = files.texts[WHO]
    problems = "\n".join(review(team, Files(texts), inventory.tools))
    assert "`db-architect` has no prompt" in problems
    assert "no agent `dba`" in problems


async def test_a_program_that_no_prompt_explains_is_found(
    team: Team, files: Files, inventory: Inventory
) -> None:
    broken = changed(files, WHO, lambda text: text.replace("`pgbench", "`pg_bench"))
    assert any("`pgbench`" in problem for problem in review(team, broken, inventory.tools))


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (("escalations = [", 'escalations = [\n    { when = "x", to = "nobody" },'), "`nobody`"),
        (('capabilities = ["queue-overview"', 'capabilities = ["guesses"'), "`guesses`"),
        (('server = "redis"', 'server = "mongo"'), "`mongo`"),
        (('model = "opus"', 'model = "gpt"'), "model"),
        (('tools = ["list_queues"]', 'tools = ["list_queues", "list_queues"]'), "twice"),
        (("[servers.redis]", "[servers.redis"), "cannot be used"),
        (("domain = ", "domian = "), "domian"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(
    tmp_path: Path, edit: tuple[str, str], says: str
) -> None:
    text = (ROOT / "team.toml").read_text()
    assert edit[0] in text
    (tmp_path / "team.toml").write_text(text.replace(*edit, 1))
    with pytest.raises(TeamError, match=re.escape(says)):
        load_team(tmp_path)


def test_a_change_of_the_team_reaches_every_place(team: Team) -> None:
    group = team.groups["documentation"].model_copy(update={"tools": ("ask",), "shows": "answers"})
    agent = team.agents["db-architect"].model_copy(update={"requests": ("a table is too wide",)})
    other = team.model_copy(
        update={
            "groups": {**team.groups, "documentation": group},
            "agents": {**team.agents, "db-architect": agent},
        }
    )
    texts = written(ROOT, other)
    assert "| documentation | context7 | `ask` | answers |" in texts[PROTOCOL]
    assert "| a table is too wide | db-architect | postgres, redis" in texts[DISPATCH]
    assert "mcp__context7__ask, mcp__plugin_stacksight_context7__ask" in texts[WHO]


def test_who_sees_what(team: Team) -> None:
    sees: dict[str, dict[str, Any]] = {name: team.tools_of(name) for name in team.agents}
    assert len(sees) == 16
    for agent in ("backend-architect", "db-architect", "performance-engineer"):
        assert {"postgres", "redis"} <= sees[agent].keys()
    for agent in ("devops-engineer", "debug-specialist"):
        assert {"docker", "redis"} <= sees[agent].keys()
    for agent in VISUAL:
        assert {"chrome-devtools", "lighthouse"} <= sees[agent].keys()
    for agent in TESTERS:
        assert {*SERVERS, "playwright"} <= sees[agent].keys()
        captures = ("capture_queries", "capture_messages", "capture_activity")
        given = {tool for tools in sees[agent].values() for tool in tools}
        assert given >= {*captures, "run_audit"}
    assert {a for a, s in sees.items() if "chrome-devtools" in s} == VISUAL
    assert {a for a, s in sees.items() if "playwright" in s} == TESTERS


def test_the_auditor_of_security_gets_what_only_reads(team: Team) -> None:
    groups = [team.groups[name] for name in team.agents["security-auditor"].capabilities]
    assert {group.server for group in groups} == {"postgres", "redis", "docker"}
    assert all(group.read_only for group in groups)
    assert not {"Edit", "NotebookEdit"} & set(team.agents["security-auditor"].own)


def test_every_agent_has_its_memory(team: Team) -> None:
    folders = {path.parent.name for path in (ROOT / ".claude/agents-memory").glob("*/index.md")}
    assert folders == team.agents.keys()
