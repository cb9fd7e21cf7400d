"""The programs from npm that the tests run the servers with: ``python -m tests.support.clients``.

``tests/clients`` pins them: the official conformance suite, MCP Inspector, and Claude Code.
"""

import asyncio
import functools
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacksight_core.errors import ToolFailure
from stacksight_core.settings import load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.engine.install import ensure_node, install_packages
from stacksight_lighthouse.settings import Settings

MANIFESTS = Path(__file__).parents[1] / "clients"
WHAT = "the clients of the tests (Claude Code, Inspector, conformance suite), 400 MB"


@dataclass(frozen=True)
class Clients:
    """Where the programs are.

    Attributes:
        node: the Node.js that runs two of them.
        modules: the folder of the packages.
    """

    node: Path
    modules: Path

    @property
    def conformance(self) -> list[str]:
        """The command of the official conformance suite."""
        return [
            str(self.node),
            str(self.modules / "@modelcontextprotocol/conformance/dist/index.js"),
        ]

    @property
    def inspector(self) -> list[str]:
        """The command of MCP Inspector."""
        launcher = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        return [str(self.node), str(self.modules / launcher)]

    @property
    def claude(self) -> list[str]:
        """The command of Claude Code: its native program, which needs no Node.js."""
        (program,) = self.modules.glob("@anthropic-ai/claude-code-*/claude")
        return [str(program)]


@functools.cache
def find_clients() -> Clients:
    """Install the programs, unless they are there, and say where they are.

    Raises:
        ToolFailure: they cannot be had; the message says why.
    """
    return asyncio.run(_install())


async def _install() -> Clients:
    settings = load_settings(Settings, ABOUT, [])
    node = await ensure_node(settings, _say)
    folder = await install_packages(MANIFESTS, "clients", WHAT, node, settings.cache_dir, _say)
    return Clients(node.path, folder / "node_modules")


async def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def run(
    command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None
) -> tuple[int, str, str]:
    """Run a program to its end; return its exit code and what it printed on stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | dict(env or {}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def main() -> int:
    """Install them; returns the exit code."""
    try:
        find_clients()
    except ToolFailure as failure:
        sys.stdout.write(f"{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
