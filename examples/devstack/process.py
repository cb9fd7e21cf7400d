"""Child processes that end with us: own process group, output to a file, stopped by pid."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Self

from devstack.errors import PortInUseError, StartError

LOOPBACK = "127.0.0.1"
POLL_S = 0.02
LOG_TAIL_LINES = 15


@dataclass(frozen=True)
class Account:
    """Who a child runs as: ourselves, or, when we are root, somebody with fewer rights."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None


OURSELVES = Account()


class ServerProcess:
    """One running child and everything it forks."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        account: Account = OURSELVES,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._popen = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=env,
                cwd=cwd,
                user=account.uid,
                group=account.gid,
                extra_groups=account.groups,
            )

    @property
    def pid(self) -> int:
        """The process id of the child, which is also the id of its process group."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """True while the child itself has not ended."""
        return self._popen.poll() is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Return when `ready()` is true.

        Raises StartError when the child ends first or `timeout_s` seconds have passed.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise StartError(self.name, f"ended with {self._popen.returncode}", self.tail())
            if time.monotonic() > deadline:
                raise StartError(self.name, f"was not ready in {timeout_s:g} s", self.tail())
            time.sleep(POLL_S)

    def stop(self, first: signal.Signals = signal.SIGTERM, grace_s: float = 10.0) -> None:
        """Ask the child to end with `first`; after `grace_s` seconds kill its whole group."""
        if self.running:
            self._popen.send_signal(first)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace_s)
        self.kill()

    def kill(self) -> None:
        """End the child and its whole group at once, with SIGKILL."""
        # Which of the two says that nobody is left depends on the system.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()

    def tail(self, lines: int = LOG_TAIL_LINES) -> str:
        """The last lines that the child wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def choose_port(name: str, port: int) -> int:
    """The port for a server: `port` itself, or a free one when it is 0.

    Raises PortInUseError when something already listens on `port`.
    """
    if port and _accepts_connections(port):
        raise PortInUseError(name, port)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            raise PortInUseError(name, port) from error
        chosen: int = probe.getsockname()[1]
        return chosen


def _accepts_connections(port: int) -> bool:
    # Some systems let two sockets bind one port when one of them listens on every address.
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def exit_on_sigterm() -> Iterator[None]:
    """Turn SIGTERM into SystemExit, so that `with` blocks and `finally` clauses run.

    Does nothing outside the main thread, where Python does not allow it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


def _exit(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)
