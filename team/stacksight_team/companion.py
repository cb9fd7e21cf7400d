"""Runs an MCP server of others, pinned, with the suite's Node and Chrome.

``stacksight-companion playwright`` becomes that server's process: it is found in the cache, or
installed there first, and then takes over standard input and output.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.settings import InvalidSettings, load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.engine.install import ensure_engine, ensure_node, install_packages
from stacksight_lighthouse.settings import Settings

MANIFESTS = Path(__file__).parent / "companions"
WHAT = "Playwright's, Chrome's and Context7's MCP servers, 90 MB"

ERROR_USAGE = "Usage: stacksight-companion NAME, one of {known}.{near}"


@dataclass(frozen=True)
class Companion:
    """One server.

    Attributes:
        script: below the folder of packages.
        arguments: for a Chrome, and whether it runs without its sandbox.
        environment: variables it gets.
    """

    script: str
    arguments: Callable[[Path, bool], list[str]]
    environment: dict[str, str]


def _playwright(chrome: Path, unconfined: bool) -> list[str]:
    given = ["--headless", "--isolated", f"--executable-path={chrome}"]
    return [*given, "--no-sandbox"] if unconfined else given


def _chrome_devtools(chrome: Path, unconfined: bool) -> list[str]:
    given = ["--headless", "--isolated", f"--executablePath={chrome}"]
    # Nothing is sent anywhere: neither statistics nor the addresses of traced pages.
    given += ["--no-usage-statistics", "--no-performance-crux"]
    return [*given, "--chromeArg=--no-sandbox"] if unconfined else given


def _context7(_chrome: Path, _unconfined: bool) -> list[str]:
    return []


COMPANIONS = {
    "playwright": Companion("@playwright/mcp/cli.js", _playwright, {}),
    "chrome-devtools": Companion(
        "chrome-devtools-mcp/build/src/bin/chrome-devtools-mcp.js",
        _chrome_devtools,
        {"CHROME_DEVTOOLS_MCP_NO_UPDATE_CHECKS": "1"},
    ),
    "context7": Companion("@upstash/context7-mcp/dist/index.js", _context7, {}),
}


async def command_line(companion: Companion) -> list[str]:
    """Return how a companion is started, after installing what is missing.

    Raises:
        ToolFailure: something cannot be had; the message says how to get it.
        InvalidSettings: the environment names something unusable.
    """
    settings = load_settings(Settings, ABOUT, [])
    engine = await ensure_engine(settings, _say)
    node, cache = await ensure_node(settings, _say), settings.cache_dir
    packages = await install_packages(MANIFESTS, "companions", WHAT, node, cache, _say)
    unconfined = os.name == "posix" and os.geteuid() == 0  # Chrome refuses to confine itself then
    arguments = companion.arguments(engine.chrome, unconfined)
    return [str(engine.node), str(packages / "node_modules" / companion.script), *arguments]


def main() -> None:
    """Become the companion that the command line names."""
    name = sys.argv[1] if len(sys.argv) == 2 else ""
    if name not in COMPANIONS:
        known, near = ", ".join(COMPANIONS), did_you_mean(name, COMPANIONS)
        sys.exit(ERROR_USAGE.format(known=known, near=near))
    companion = COMPANIONS[name]
    try:
        command = asyncio.run(command_line(companion))
    except (ToolFailure, InvalidSettings) as failure:
        sys.exit(str(failure))
    os.execve(command[0], command, os.environ | companion.environment)  # noqa: S606


async def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    main()
