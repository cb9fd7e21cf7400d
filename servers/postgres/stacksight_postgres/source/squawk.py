"""Runs squawk, the linter of migrations, as a program of its own."""

import asyncio
import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stacksight_postgres.migration.names import Step

SECONDS = 10.0


@dataclass(frozen=True)
class Violation:
    """A rule that the script breaks.

    Attributes:
        rule: its name.
        message: what is wrong, with what helps.
        at: line and column, from 0.
    """

    rule: str
    message: str
    at: tuple[int, int]


async def lint(sql: str, version: int) -> list[Violation] | None:
    """Return the rules of squawk that a script breaks; None when it cannot be had.

    Args:
        sql: the script.
        version: of the server, e.g. 150018.
    """
    program = _find()
    if program is None:
        return None
    options = ("--reporter", "json", "--pg-version", f"{version // 10000}.0")
    process = await asyncio.create_subprocess_exec(
        program,
        *options,
        cwd="/",  # its configuration file is none of ours
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(SECONDS):
            printed, _ = await process.communicate(sql.encode())
            found = json.loads(printed)
    except (TimeoutError, ValueError):
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return [
        Violation(
            str(item["rule_name"]),
            " ".join(filter(None, (item["message"], item.get("help")))),
            (int(item["line"]), int(item["column"])),
        )
        for item in found
    ]


def by_statement(
    violations: Sequence[Violation], steps: Sequence[Step]
) -> dict[int, list[Violation]]:
    """Sort violations to the statements that they are in, each rule once."""
    found: dict[int, dict[str, Violation]] = {}
    for violation in violations:
        step = next((step for step in steps if violation.at < step.end), steps[-1])
        found.setdefault(step.number, {}).setdefault(violation.rule, violation)
    return {number: list(rules.values()) for number, rules in found.items()}


def _find() -> str | None:
    beside = Path(sys.executable).parent / "squawk"
    return str(beside) if beside.exists() else shutil.which("squawk")
