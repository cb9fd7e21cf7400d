"""Installs the servers that ours are compared with, pinned, each in an environment of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOME = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stacksight-bench"
PYTHONS = ("python3.12", "python3.13")
TIMEOUT_S = 300


@dataclass(frozen=True)
class Peer:
    """A well-known server for one of our systems.

    Attributes:
        requirement: what is installed, pinned: ``name==version``, for npm ``name@version``.
        program: the command that it brings.
        npm: it comes from npm instead of PyPI.
        also: requirements that it leaves open, so that today's versions break it.
        instead: pins of its own that cannot be had everywhere, and what replaces them.
    """

    requirement: str
    program: str
    npm: bool = False
    also: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()


PEERS = {
    "postgres": Peer(
        "postgres-mcp==0.3.0", "postgres-mcp", also=("mcp<2",), instead=("pglast>=7",)
    ),
    "redis": Peer("redis-mcp-server==0.5.1", "redis-mcp-server"),
    "docker": Peer("mcp-server-docker==0.3.0", "mcp-server-docker"),
    "lighthouse": Peer("@danielsogl/lighthouse-mcp@1.3.0", "lighthouse-mcp-server", npm=True),
}


class PeerMissing(Exception):
    """A peer cannot be installed here; the message says why."""


def install(peer: Peer) -> str:
    """Return the path of a peer's program, installed once.

    Raises:
        PeerMissing: it cannot be had.
    """
    folder = HOME / peer.requirement.replace("/", "-")
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (_install_from_npm if peer.npm else _install_from_pypi)(peer, folder)
        (folder / "done").touch()
    bin_folder = "node_modules/.bin" if peer.npm else "bin"
    return str(folder / bin_folder / peer.program)


def _install_from_npm(peer: Peer, folder: Path) -> None:
    _run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder),
          peer.requirement])  # fmt: skip


def _install_from_pypi(peer: Peer, folder: Path) -> None:
    overrides = folder.with_suffix(".overrides")
    overrides.write_text("\n".join(peer.instead))
    _run(["uv", "venv", "--quiet", "--allow-existing", "--python", _python(), str(folder)])
    _run(["uv", "pip", "install", "--quiet", "--compile-bytecode", "--overrides", str(overrides),
          "--python", str(folder / "bin" / "python"), peer.requirement, *peer.also])  # fmt: skip


def _python() -> str:
    """Return a Python that all peers can use: some need 3.12."""
    if sys.version_info >= (3, 12):
        return sys.executable
    pyenv = Path.home().glob(".pyenv/versions/3.1[23]*/bin/python")  # its shims may be disabled
    found = [*map(str, sorted(pyenv)), *filter(None, map(shutil.which, PYTHONS))]
    if not found:
        raise PeerMissing("Python 3.12 or newer is needed")
    return found[0]


def _run(argv: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            argv,
            cwd=HOME,  # not ours: uv would apply the constraints of this project
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerMissing(str(error)) from error
    if done.returncode:
        raise PeerMissing(done.stderr.strip()[-300:])
