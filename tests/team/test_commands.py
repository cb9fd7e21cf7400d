"""``stacksight team`` as a person runs it, with every server started for real."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.stdio import BIN, ROOT
from tests.team.renamed import RENAMED


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the team, to be changed."""
    for name in ("team.toml", ".mcp.json"):
        shutil.copy(ROOT / name, tmp_path)
    for name in (".claude", ".claude-plugin"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


async def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Run ``stacksight team``; return its exit code and what it printed on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        BIN / "stacksight",
        "team",
        *arguments,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def keep_servers(project: Path, **servers: dict[str, object]) -> None:
    """Let .mcp.json name these servers only."""
    (project / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))


def on_this_python(module: str) -> dict[str, object]:
    return {"command": sys.executable, "args": ["-m", module], "env": {"PYTHONPATH": str(ROOT)}}


async def test_check_starts_every_server_and_finds_nothing() -> None:
    code, out, err = await run(ROOT / "docs", "check")
    assert (code, err) == (0, "")
    for server in ("postgres", "redis", "docker", "lighthouse", "playwright", "chrome-devtools"):
        assert f"\n{server}: " in f"\n{out}"
    assert "needs the internet" in out
    assert "16 agents" in out
    assert "7 servers started: nothing stale" in out


async def test_a_renamed_tool_is_found_everywhere(project: Path) -> None:
    keep_servers(
        project,
        postgres=on_this_python("tests.team.renamed"),
        redis=on_this_python("stacksight_redis"),
    )
    code, out, err = await run(project, "check")
    assert code == 1
    assert "postgres: 11 tools, 10 in use" in out
    assert f"or `{RENAMED}`?" in err
    for place in (
        "team.toml: group `query-plans`: server `postgres` has no tool `explain_query`",
        ".claude/agents/db-architect.md",
        ".claude/agents-shared/team-protocol.md",
        ".claude/rules/orchestrator-dispatch.md",
    ):
        assert any(place in line and "`explain_query`" in line for line in err.splitlines()), place
    assert "server `redis`" not in err
    assert "docker: the team uses it, but .mcp.json does not name it" in err


async def test_a_server_that_does_not_start_is_a_problem(project: Path) -> None:
    keep_servers(project, postgres={"command": "no-such-command"}, mongo={"command": "true"})
    code, _, err = await run(project, "check")
    assert code == 1
    assert "postgres: it does not start. `no-such-command` was not found" in err
    assert "mongo: .mcp.json names it, but [servers] of team.toml does not" in err


async def test_write_repairs_what_check_complains_of(project: Path) -> None:
    prompt = project / ".claude" / "agents" / "ml-engineer.md"
    right = prompt.read_text()
    prompt.write_text(right.replace("tools: ", "tools: mcp__postgres__run_query, ", 1))
    code, out, _ = await run(project, "write")
    assert (code, out) == (0, "wrote .claude/agents/ml-engineer.md\n")
    assert prompt.read_text() == right
    code, out, _ = await run(project, "write")
    assert (code, out) == (0, "nothing to write: every file is as team.toml says\n")


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (".claude/agents/ml-engineer.md", "cannot be read"),
        (".claude/rules/orchestrator-dispatch.md", "cannot be read"),
        ("team.toml", "no team.toml in"),
    ],
)
async def test_a_missing_file_is_named(project: Path, path: str, says: str) -> None:
    (project / path).unlink()
    code, _, err = await run(project, "write")
    assert code == 2
    assert says in err
    assert Path(path).name in err


async def test_a_prompt_without_its_markers_is_named(project: Path) -> None:
    prompt = project / ".claude" / "agents" / "ml-engineer.md"
    prompt.write_text("# nothing\n")
    code, _, err = await run(project, "write")
    assert code == 2
    assert "has no line `<!-- team: first steps -->`" in err


async def test_unknown_companions_are_refused() -> None:
    process = await asyncio.create_subprocess_exec(
        BIN / "stacksight-companion",
        "playwrite",
        stderr=asyncio.subprocess.PIPE,
        env=os.environ,
    )
    _, err = await process.communicate()
    assert process.returncode == 1
    assert "Did you mean `playwright`?" in err.decode()
