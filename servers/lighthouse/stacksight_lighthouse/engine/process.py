"""The worker process: one Node with one Chrome, spoken to in lines of JSON over pipes.

It is killed, with everything that belongs to it, when an audit is cancelled, overruns its time or
fails in an unforeseen way. A new one takes a second; a doubtful one is never used again.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from stacksight_lighthouse.engine.install import Engine
from stacksight_lighthouse.engine.locks import try_lock

FOLDER_PREFIX = "stacksight-lighthouse-"
SHORT_FOLDER = "/tmp"  # noqa: S108 - folders there are made by mkdtemp
START_SECONDS = 40.0
QUIT_SECONDS = 1.0
REMOVE_SECONDS = 3.0
ABANDONED_SECONDS = 60.0  # younger folders may belong to a worker that is just starting
MAX_LINE_BYTES = 128 * 1024 * 1024
MAX_SOCKET_CHARS = 103
"""How long the path of a socket may be, at least."""
SOCKET_CHARS = len("12345678/com.google.Chrome.123456/SingletonSocket") + len(FOLDER_PREFIX)
MAX_AUDITS = 25
MAX_MEMORY_BYTES = 800 * 1024 * 1024

Progress = Callable[[str], Awaitable[None]]


class WorkerDied(Exception):
    """The process ended in the middle of its work."""


class AuditFailed(Exception):
    """Lighthouse gave no result.

    Attributes:
        code: Lighthouse's, e.g. ``INVALID_URL``, or the name of a JavaScript error.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(eq=False)
class Worker:
    """A running worker. One audit at a time: its caller sees to that.

    Attributes:
        bound_cookies: whether its Chrome keeps cookies to the port that they were set for.
    """

    bound_cookies: bool
    _process: asyncio.subprocess.Process
    _chrome_pid: int
    _folder: "WorkFolder"
    _audits: int = 0
    _memory: int = 0

    @property
    def usable(self) -> bool:
        """Tell whether it lives and has not grown too old or too large."""
        young = self._audits < MAX_AUDITS and self._memory < MAX_MEMORY_BYTES
        return self._process.returncode is None and young

    async def audit(self, order: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        """Run an audit and return Lighthouse's result.

        Raises:
            AuditFailed: Lighthouse gave none.
            WorkerDied: the process ended.
        """
        self._audits += 1
        message = {"type": "audit", "id": self._audits, **order}
        answer = await _exchange(self._process, message, progress)
        self._memory = answer["memory"]
        lhr: dict[str, Any] = answer["lhr"]
        return lhr

    async def close(self) -> None:
        """End Node and Chrome in peace and remove what they wrote; within some three seconds."""
        await _close(self._process, self._chrome_pid, self._folder, patience_s=QUIT_SECONDS)

    async def kill(self) -> None:
        """End Node and Chrome at once, whatever they do, and remove what they wrote."""
        await _close(self._process, self._chrome_pid, self._folder, patience_s=0)


async def start_worker(
    engine: Engine, refused_networks: Sequence[str], *, bound_cookies: bool = False
) -> Worker:
    """Start Node and Chrome.

    Args:
        engine: what to start.
        refused_networks: the networks that no page may reach, in CIDR notation.
        bound_cookies: whether Chrome keeps cookies to the port that they were set for.

    Raises:
        AuditFailed: Chrome does not start.
        WorkerDied: Node does not.
    """
    folder = await asyncio.to_thread(WorkFolder)
    process = await _spawn(engine, folder)
    try:
        start = {
            "type": "start",
            "chrome": str(engine.chrome),
            "folder": str(folder.path),
            "sandbox": sandboxed(),
            "boundCookies": bound_cookies,
            "refusedNetworks": list(refused_networks),
        }
        async with asyncio.timeout(START_SECONDS):
            ready = await _exchange(process, start, _ignore)
    except BaseException:
        chrome = _hold(process)
        patience_s = QUIT_SECONDS if chrome is None else 0
        await finish(_close(process, chrome, folder, patience_s=patience_s))
        raise
    return Worker(bound_cookies, process, ready["chromePid"], folder)


def sandboxed() -> bool:
    """Tell whether Chrome runs in its sandbox; as root it cannot."""
    return os.geteuid() != 0


def _hold(process: asyncio.subprocess.Process) -> int | None:
    """Stop a Node that may be starting Chrome; returns its child's pid, 0 when it has none yet.

    Returns None where that cannot be told: Node itself then ends Chrome.
    """
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        os.kill(process.pid, signal.SIGSTOP)
        return int(next(iter(children.read_text().split()), 0))
    except OSError:
        return None


async def finish(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end even while the task is being cancelled."""
    with anyio.CancelScope(shield=True):
        await work


async def _close(
    process: asyncio.subprocess.Process,
    chrome_pid: int | None,
    folder: "WorkFolder",
    *,
    patience_s: float,
) -> None:
    await _end(process, chrome_pid, patience_s)
    await asyncio.to_thread(folder.remove)


class WorkFolder:
    """A private folder for all that one worker writes.

    A lock marks it as in use; the folders of processes that were killed are removed by the next.
    """

    def __init__(self) -> None:
        _remove_abandoned()
        self.path = Path(tempfile.mkdtemp(prefix=FOLDER_PREFIX, dir=_base()))
        self.log = self.path / "log"
        self._lock = try_lock(self.path / "lock")

    def remove(self) -> None:
        """Remove the folder; Chrome's last processes may still be writing for a moment."""
        _remove(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _base() -> str:
    """Return where temporary files go, or /tmp where Chrome's socket would get too long a path."""
    usual = tempfile.gettempdir()
    fits = len(f"{usual}/") + SOCKET_CHARS <= MAX_SOCKET_CHARS
    return usual if fits or not os.access(SHORT_FOLDER, os.W_OK) else SHORT_FOLDER


def _remove_abandoned() -> None:
    for path in Path(_base()).glob(f"{FOLDER_PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, or just being removed
            about = path.stat()
            if about.st_uid != os.geteuid() or time.time() - about.st_mtime < ABANDONED_SECONDS:
                continue
            lock = try_lock(path / "lock")
            if lock is not None:
                _remove(path)
                os.close(lock)


def _remove(path: Path) -> None:
    deadline = time.monotonic() + REMOVE_SECONDS
    while path.exists() and time.monotonic() < deadline:
        shutil.rmtree(path, ignore_errors=True)


async def _spawn(engine: Engine, folder: WorkFolder) -> asyncio.subprocess.Process:
    with folder.log.open("wb") as log:
        return await asyncio.create_subprocess_exec(
            engine.node,
            engine.worker,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            limit=MAX_LINE_BYTES,
            start_new_session=True,
            cwd=folder.path,
            env=os.environ
            | {
                "TMPDIR": str(folder.path),
                "NODE_COMPILE_CACHE": str(engine.worker.parent / "compiled"),  # halves the start
            },
        )


async def _exchange(
    process: asyncio.subprocess.Process, message: Mapping[str, Any], progress: Progress
) -> dict[str, Any]:
    """Send a message and return what answers it, passing on the progress on the way."""
    assert process.stdin is not None
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):  # its stdout tells as well that it has ended
        process.stdin.write(json.dumps(message).encode() + b"\n")
        await process.stdin.drain()
    while line := await process.stdout.readline():
        answer: dict[str, Any] = json.loads(line)
        if answer["type"] == "progress":
            await progress(answer["message"])
        elif answer["type"] == "failed":
            raise AuditFailed(answer["code"], answer["message"])
        else:
            return answer
    raise WorkerDied


async def _ignore(_: str) -> None:
    pass


async def _end(
    process: asyncio.subprocess.Process, chrome_pid: int | None, patience_s: float
) -> None:
    """Ask Node to end, which ends Chrome; what is left after a moment is killed."""
    try:
        if patience_s:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(patience_s):
                await process.wait()
    except TimeoutError:
        pass
    finally:
        for group in filter(None, (process.pid, chrome_pid)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)
        await process.wait()
