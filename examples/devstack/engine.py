"""A reachable Docker engine: the machine's own, or one that root starts for the occasion."""

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import docker
from docker.errors import DockerException

from devstack.errors import SystemMissingError
from devstack.process import POLL_S

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
        try:
            engine = find_engine()
            if engine is None:
                fcntl.flock(lock, fcntl.LOCK_EX)
                engine = find_engine() or _start(lock)
                fcntl.flock(lock, fcntl.LOCK_SH)
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
    if host.startswith("unix://"):
        return _answers_on_socket(host.removeprefix("unix://"))
    try:
        with contextlib.closing(docker.DockerClient(host, timeout=PING_TIMEOUT_S)) as client:
            return client.ping()
    except (DockerException, OSError):
        return False


def _answers_on_socket(path: str) -> bool:
    # By hand, because the SDK leaves a socket open each time nobody listens.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PING_TIMEOUT_S)
        connection.connect(path)
        connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in connection.recv(64)
    return False


def _require_engine() -> Engine:
    engine = find_engine()
    if engine is None:
        raise SystemMissingError(ERROR_NO_ENGINE.format(tried=" or ".join(_candidates())))
    return engine


def _start(lock: TextIO) -> Engine:
    if shutil.which("dockerd") is None:
        raise SystemMissingError(ERROR_NO_DOCKERD)
    # Through a shell that ends at once: the engine may outlive us, so it must not be our child.
    launch = f"dockerd --host {SYSTEM_SOCKET} </dev/null >{LOG} 2>&1 & echo $!"
    shell = subprocess.run(
        ["sh", "-c", launch], stdout=subprocess.PIPE, text=True, check=True, start_new_session=True
    )
    pid = shell.stdout.strip()
    _write_pid(lock, pid)
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(SYSTEM_SOCKET):
        if not _is_dockerd(pid) or time.monotonic() > deadline:
            last_words = LOG.read_text(errors="replace").strip().rpartition("\n")[2]
            raise SystemMissingError(ERROR_DOCKERD_FAILED.format(reason=last_words))
        time.sleep(POLL_S)
    return Engine(SYSTEM_SOCKET)


def _stop_when_last(lock: TextIO) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # somebody else still uses it, and stops it
    lock.seek(0)
    pid = lock.read().strip()
    if not pid:
        return
    if _is_dockerd(pid):
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
    # A process that has ended and was not collected yet has no command line.
    try:
        return b"dockerd" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False
