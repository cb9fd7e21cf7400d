"""Writes every version of every package into pyproject.toml: ``make lock``.

uv.lock would do the same, but it names the registry it was made with, and a repository should not
decide where its users get their packages from. So the lock file stays out of git, and the versions
are constraints instead.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "uv.lock"
BUILD_BACKENDS = ["hatchling"]

EXPORT = [
    *("uv", "export", "--quiet", "--frozen", "--all-packages", "--all-groups", "--all-extras"),
    *("--no-hashes", "--no-header", "--no-annotate", "--no-emit-workspace"),
]
COMPILE = ["uv", "pip", "compile", "--quiet", "--universal", "--no-header", "--no-annotate", "-"]


def main() -> int:
    """Resolve anew without the pins and write what comes out; returns the exit code."""
    before = PROJECT.read_text()
    PROJECT.write_text(with_pins(before, [], []))
    try:
        LOCK.unlink(missing_ok=True)
        run(["uv", "lock", "--quiet", "--upgrade"])
        pins = requirements(run(EXPORT))
        build_pins = requirements(run(COMPILE, "\n".join(BUILD_BACKENDS)))
    except subprocess.CalledProcessError as error:
        PROJECT.write_text(before)
        sys.stderr.write(error.stderr)
        return 1
    PROJECT.write_text(with_pins(before, pins, build_pins))
    run(["uv", "lock", "--quiet"])
    return 0


def run(command: list[str], text: str | None = None) -> str:
    """Run a command in the project and return what it printed."""
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=True)
    return done.stdout


def requirements(exported: str) -> list[str]:
    """Return the ``name==version ; marker`` lines of an export."""
    return [line for line in exported.splitlines() if re.match(r"[a-z0-9][\w.-]*==", line)]


def with_pins(text: str, pins: list[str], build_pins: list[str]) -> str:
    """Return pyproject.toml's text with both lists of constraints replaced."""
    for key, values in (
        ("constraint-dependencies", pins),
        ("build-constraint-dependencies", build_pins),
    ):
        items = "".join(f'    "{value}",\n' for value in values)
        text = re.sub(rf"(?m)^{key} = \[\n(?:    .*\n)*\]\n", f"{key} = [\n{items}]\n", text)
    return text


if __name__ == "__main__":
    sys.exit(main())
