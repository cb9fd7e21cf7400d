"""A reachable Docker engine: the machine's own, or one that root starts for the occasion."""

import contextlib
import fcntl
import os
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import docker
from docker.errors import DockerException

from devstack.errors import StartError, SystemMissingError
from devstack.process import POLL_S, ServerProcess

SYSTEM_SOCKET = "unix:///var/run/docker.sock"
# Every user of an engine that we started holds a shared lock on this file, which holds its pid.
LOCK = Path("/var/run/stacksight-dockerd.lock")
LOG = Path("/var/run/stacksight-dockerd.log")
PING_TIMEOUT_S = 5
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0

ERROR_NO_ENGINE = "no Docker engine answers at {tried}: start Docker, or set DOCKER_HOST"
ERROR_NO_DOCKERD = "no Docker engine and no dockerd on this machine: apt-get install docker.io"
ERROR_DOCKERD_FAILED = (
    f"dockerd does not start on this machine ({{reason}}): see {LOG}, or set DOCKER_HOST"
)


@dataclass(frozen=True)
class Engine:
    """A Docker engine that answered, by its DOCKER_HOST."""

    host: str


def find_engine() -> Engine | None:
    """The engine that answers at DOCKER_HOST, else at one of the usual sockets, else None."""
    return next((Engine(host) for host in _candidates() if _answers(host)), None)


@contextlib.contextmanager
def running_engine() -> Iterator[Engine]:
    """The machine's engine; when there is none and we are root, one that we start.

    An engine that was already up is never stopped. One that was started here ends with the last
    such block on the machine, in whatever process that is.
    Raises SystemMissingError when there is none to be had.
    """
    if os.geteuid() != 0 or "DOCKER_HOST" in os.environ:
        yield _require_engine()
        return
    with LOCK.open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        engine = find_engine()
        if engine is None:
            fcntl.flock(lock, fcntl.LOCK_EX)
            engine = find_engine() or _start(lock)
            fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            yield engine
        finally:
            _stop_when_last(lock)


def _candidates() -> list[str]:
    configured = os.environ.get("DOCKER_HOST")
    if configured:
        return [configured]
    sockets = [Path.home() / ".docker/run/docker.sock"]
    if "XDG_RUNTIME_DIR" in os.environ:
        sockets.append(Path(os.environ["XDG_RUNTIME_DIR"]) / "docker.sock")
    return [SYSTEM_SOCKET, *(f"unix://{path}" for path in sockets if path.exists())]


def _answers(host: str) -> bool:
    try:
        with contextlib.closing(docker.DockerClient(host, timeout=PING_TIMEOUT_S)) as client:
            return client.ping()
    except (DockerException, OSError):
        return False


def _require_engine() -> Engine:
    engine = find_engine()
    if engine is None:
        raise SystemMissingError(ERROR_NO_ENGINE.format(tried=" or ".join(_candidates())))
    return engine


def _start(lock: TextIO) -> Engine:
    if shutil.which("dockerd") is None:
        raise SystemMissingError(ERROR_NO_DOCKERD)
    server = ServerProcess("dockerd", ["dockerd", "--host", SYSTEM_SOCKET], log=LOG)
    try:
        server.wait_until(lambda: _answers(SYSTEM_SOCKET), START_TIMEOUT_S)
    except StartError as error:
        raise SystemMissingError(ERROR_DOCKERD_FAILED.format(reason=server.tail(1))) from error
    except BaseException:
        server.stop()
        raise
    _write_pid(lock, str(server.pid))
    return Engine(SYSTEM_SOCKET)


def _stop_when_last(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else still uses it, and stops it
    lock.seek(0)
    pid = lock.read().strip()
    if pid and _is_dockerd(pid):
        os.kill(int(pid), signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while _is_dockerd(pid) and time.monotonic() < deadline:
            time.sleep(POLL_S)
    _write_pid(lock, "")


def _write_pid(lock: TextIO, pid: str) -> None:
    lock.truncate(0)
    lock.write(pid)
    lock.flush()


def _is_dockerd(pid: str) -> bool:
    # A zombie, which is what our own child becomes when it has ended, has no command line.
    try:
        return b"dockerd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
