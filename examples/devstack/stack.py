"""The whole demo: the systems, the captioning service on them, and the states worth asking about.

`python -m devstack.stack` keeps it running until Ctrl-C.
"""

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from redis import Redis

from captions import database
from devstack import traffic
from devstack.containers import PROJECT, running_containers
from devstack.engine import running_engine
from devstack.errors import DevstackError, PortInUseError
from devstack.postgres import PostgresServer, running_postgres
from devstack.process import LOOPBACK, ServerProcess, choose_port, exit_on_sigterm
from devstack.redis import RedisServer, running_redis

DATABASE = "captions"
WEB_START_TIMEOUT_S = 30.0
GRACE_S = 1.0  # Dramatiq takes seconds to leave, and nothing is worth waiting for
EXTENSIONS = ("pg_stat_statements", "hypopg")

AVAILABLE = "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)"

ERROR_NO_EXTENSION = "this PostgreSQL has no extension {name}: python -m devstack.install"

UVICORN = ("--log-level=warning", "--timeout-graceful-shutdown=1")
WORKER = ("dramatiq", "captions.jobs", "--processes=1")
WORKER_QUEUES = ("captions", "exports", "mail")

Part = TypeVar("Part")


@dataclass(frozen=True)
class Ports:
    """Where the systems should listen on 127.0.0.1; 0 means any free port."""

    postgres: int = 5332
    redis: int = 6379
    web: int = 8010


@dataclass(frozen=True)
class Stack:
    """The running demo. A URL is None when the machine cannot offer that part.

    `missing` says in one line per part what is not there and how to get it; `notes` says what
    differs from the defaults.
    """

    database_url: str | None
    redis_url: str | None
    web_url: str | None
    docker_host: str | None
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@contextmanager
def start_stack(ports: Ports | None = None, project: str = PROJECT) -> Iterator[Stack]:
    """Start everything that this machine can offer; it all ends with the block.

    A port that is in use is replaced by a free one. `project` is what the containers are called
    after; only one demo at a time may use a name. SIGTERM ends the block like an exception.
    Must be called outside a running event loop.
    """
    ports = ports or Ports()
    with ExitStack() as cleanup:
        cleanup.enter_context(exit_on_sigterm())
        parts = _Parts(cleanup)
        engine = parts.start(running_engine)
        if engine is not None:
            parts.start(lambda: running_containers(engine, project))
        postgres = parts.start_at("PostgreSQL", ports.postgres, running_postgres)
        redis = parts.start_at("Redis", ports.redis, running_redis)
        if postgres is not None:
            parts.missing += asyncio.run(_fill(postgres))
        web_url = None
        if postgres is not None and redis is not None:
            web_url = _start_application(parts, postgres, redis, ports.web)
        yield Stack(
            database_url=postgres.url(DATABASE) if postgres else None,
            redis_url=redis.url() if redis else None,
            web_url=web_url,
            docker_host=engine.host if engine else None,
            missing=tuple(parts.missing),
            notes=tuple(parts.notes),
        )


class _Parts:
    """Starts one part after the other and keeps what could not be had as sentences."""

    def __init__(self, cleanup: ExitStack) -> None:
        self.missing: list[str] = []
        self.notes: list[str] = []
        self._cleanup = cleanup
        logs = tempfile.TemporaryDirectory(prefix="stacksight-demo-")
        self._logs = Path(cleanup.enter_context(logs))

    def start(self, part: Callable[[], AbstractContextManager[Part]]) -> Part | None:
        try:
            return self._cleanup.enter_context(part())
        except DevstackError as error:
            self.missing.append(str(error))
            return None

    def start_at(
        self, name: str, port: int, part: Callable[[int], AbstractContextManager[Part]]
    ) -> Part | None:
        port = self.port(name, port)
        return self.start(lambda: part(port))

    def port(self, name: str, preferred: int) -> int:
        try:
            return choose_port(name, preferred)
        except PortInUseError:
            chosen = choose_port(name, 0)
            self.notes.append(f"port {preferred} is taken, so {name} is on {chosen}")
            return chosen

    def process(self, name: str, *argv: str, env: dict[str, str]) -> ServerProcess:
        command = [sys.executable, "-m", *argv]
        process = ServerProcess(name, command, log=self._logs / f"{name}.log", env=env)
        self._cleanup.callback(process.stop, grace_s=GRACE_S)
        return process


async def _fill(postgres: PostgresServer) -> list[str]:
    """Load the schema and the rows; returns what is missing."""
    async with database.connection(postgres.url()) as connection:
        await connection.execute(f"CREATE DATABASE {DATABASE}")
    await database.load(postgres.url(DATABASE))
    async with database.connection(postgres.url(DATABASE)) as connection:
        available = [name for name in EXTENSIONS if await connection.fetchval(AVAILABLE, name)]
        for name in available:
            await connection.execute(f"CREATE EXTENSION {name}")
        if "pg_stat_statements" in available:  # the loading is not what people look for
            await connection.execute("SELECT pg_stat_statements_reset()")
    absent = [name for name in EXTENSIONS if name not in available]
    return [ERROR_NO_EXTENSION.format(name=name) for name in absent]


def _start_application(
    parts: _Parts, postgres: PostgresServer, redis: RedisServer, port: int
) -> str:
    """Start web and workers, let their users do something, and wait for what comes of it."""
    env = os.environ | {"DATABASE_URL": postgres.url(DATABASE), "REDIS_URL": redis.url()}
    port = parts.port("the web page", port)
    url = f"http://{LOOPBACK}:{port}"
    web = parts.process("web", "uvicorn", "captions.web:app", *UVICORN, f"--port={port}", env=env)
    thumbnails = parts.process(
        "thumbnails", *WORKER, "--threads=2", "--queues", "thumbnails", env=env
    )
    worker = parts.process("worker", *WORKER, "--threads=4", "--queues", *WORKER_QUEUES, env=env)
    web.wait_until(lambda: traffic.is_up(url), WEB_START_TIMEOUT_S)
    traffic.enqueue(url)
    traffic.browse(url)
    with Redis.from_url(redis.url()) as client:
        traffic.kill_while_it_holds_messages(client, thumbnails)
        traffic.wait_until_settled(client, worker)
    return url


def main() -> None:
    """Run the demo in the foreground until Ctrl-C or SIGTERM."""
    with contextlib.suppress(KeyboardInterrupt), start_stack() as stack:
        sys.stdout.write(describe(stack))
        sys.stdout.flush()
        signal.pause()


def describe(stack: Stack) -> str:
    """The stack in a few lines: what is where, and what is not there."""
    places = {
        "Postgres": stack.database_url,
        "Redis": stack.redis_url,
        "Web page": stack.web_url,
        "Docker": stack.docker_host,
    }
    lines = [f"{name:<9} {place}" for name, place in places.items() if place]
    lines += [f"Note: {note}" for note in stack.notes]
    lines += [f"Missing: {line}" for line in stack.missing]
    return "\n".join([*lines, "Ctrl-C stops it all.", ""])


if __name__ == "__main__":
    main()
