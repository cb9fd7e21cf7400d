"""The stacksight command, as a person runs it."""

import asyncio
import json
import os
import pty
import sys
from pathlib import Path

import pytest

from tests.core.toy import TOOLS
from tests.support.stdio import BIN, ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder whose .mcp.json names a server that works and two that do not."""
    toy = {
        "command": sys.executable,
        "args": ["-m", "tests.core.toy"],
        "env": {"PYTHONPATH": str(ROOT), "TOY_GREETING": "${TOY_UNSET:-hey}"},
    }
    dead = {"command": sys.executable, "args": ["-c", "raise SystemExit('password=hunter2')"]}
    absent = {"command": "no-such-command"}
    servers = {"toy": toy, "dead": dead, "absent": absent}
    (tmp_path / ".mcp.json").write_text(json.dumps({"mcpServers": servers}))
    (tmp_path / "inner").mkdir()
    return tmp_path


async def stacksight(
    folder: Path, *arguments: str, stdin: int = asyncio.subprocess.DEVNULL
) -> tuple[int, str, str]:
    """Run the command; return its exit code and what it printed on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        BIN / "stacksight",
        *arguments,
        cwd=folder,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_call_prints_the_answer(project: Path) -> None:
    code, out, err = await stacksight(project / "inner", "call", "toy", "echo", "--text", "[b]hi")
    assert (code, err) == (0, "")
    assert out.startswith("hey [b]hi\n<untrusted-")


async def test_call_prints_json(project: Path) -> None:
    code, out, _ = await stacksight(
        project, "call", "toy", "echo", "--text=a", "--times=3", "--json"
    )
    assert code == 0
    assert json.loads(out)["content"][0]["text"].startswith("hey aaa\n")


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("call", "toi", "echo"), 2, "Did you mean `toy`?"),
        (("call", "toy", "ecco"), 2, "Did you mean `echo`?"),
        (("call", "toy", "echo", "--titel", "x"), 2, "Did you mean `title`"),
        (("call", "toy", "echo", "text"), 2, "--name value"),
        (("call", "toy", "echo", "--times", "many"), 2, "--times takes integer"),
        (("call", "toy", "fail", "--how", "known"), 1, "Did you mean `orders`?"),
        (("call", "dead", "echo"), 1, "password=***"),
        (("call", "absent", "echo"), 1, "`no-such-command` was not found"),
    ],
)
async def test_mistakes_are_explained(
    project: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    result, out, err = await stacksight(project, *arguments)
    assert result == code
    assert says in err
    assert out == ""


@pytest.mark.parametrize(
    ("typed", "code", "says"), [("y", 0, "wrote it"), ("n", 1, "Nothing was done")]
)
async def test_call_asks_the_person_at_the_terminal(
    project: Path, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, says: str
) -> None:
    monkeypatch.setenv("STACKSIGHT_ALLOW_WRITES", "1")
    keyboard, terminal = pty.openpty()
    os.write(keyboard, f"{typed}\n".encode())
    result, out, err = await stacksight(
        project, "call", "toy", "write", "--text", "it", stdin=terminal
    )
    os.close(terminal)
    os.close(keyboard)
    assert result == code
    assert "Write it?" in err
    assert says in out + err


async def test_call_asks_nobody_where_nobody_is(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STACKSIGHT_ALLOW_WRITES", "1")
    code, _, err = await stacksight(project, "call", "toy", "write", "--text", "it")
    assert code == 1
    assert "the client cannot ask" in err


async def test_doctor_tells_the_well_from_the_unwell(project: Path) -> None:
    code, out, _ = await stacksight(project, "doctor", "--json")
    toy, dead, absent = json.loads(out)
    assert code == 1
    assert toy["healthy"]
    assert toy["protocol"] == "2026-07-28"
    assert not dead["healthy"]
    assert "password=***" in dead["system"]
    assert "was not found" in absent["system"]
    code, out, _ = await stacksight(project, "doctor")
    assert code == 1
    assert "toy\tok\t" in out
    assert "dead\tnot ok\tdoes not start\t-\t-\n" in out


async def test_tools_lists_names_and_sizes(project: Path) -> None:
    code, out, _ = await stacksight(project, "tools", "toy", "--json")
    assert code == 0
    assert [tool["name"] for tool in json.loads(out)["toy"]] == [t for t in TOOLS if t != "write"]
    code, out, _ = await stacksight(project, "tools", "toy")
    assert "toy\techo\tEcho\t" in out


async def test_without_a_configuration_it_says_where_it_looked(tmp_path: Path) -> None:
    code, _, err = await stacksight(tmp_path, "doctor")
    assert code == 2
    assert str(tmp_path) in err
