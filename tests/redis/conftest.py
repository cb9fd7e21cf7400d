"""An empty database for each test, real workers on it, and the server that looks at it."""

import asyncio
import itertools
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest
import pytest_asyncio
import redis

from devstack.process import ServerProcess
from devstack.redis import RedisServer
from tests.redis.jobs import Jobs, make_jobs, wait_until
from tests.support.stdio import ROOT, ServerClient, open_client

DATABASE = 1
"""Flushed before every test; a test that needs another one of its own takes ``other_url``."""

START_TIMEOUT_S = 30
_databases = itertools.cycle(range(2, 16))

Working = Callable[..., AbstractContextManager[dramatiq.Worker]]


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The database that ``client`` looks at, empty."""
    return _emptied(redis_server.url(DATABASE))


@pytest.fixture
def other_url(redis_server: RedisServer) -> str:
    """An empty database that no other server looks at."""
    return _emptied(redis_server.url(next(_databases)))


def _emptied(url: str) -> str:
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def store(redis_url: str) -> Iterator[Any]:
    """A plain redis.Redis on the test's database; Any, since its types allow for every client."""
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def jobs(redis_url: str) -> Jobs:
    """The actors on the test's database."""
    return make_jobs(redis_url)


@pytest.fixture
def working() -> Working:
    """Run a real worker inside this process: ``with working(jobs, threads=1): …``."""

    @contextmanager
    def run(
        jobs: Jobs, *, threads: int = 2, queues: set[str] | None = None
    ) -> Iterator[dramatiq.Worker]:
        worker = dramatiq.Worker(
            jobs.broker, queues=queues, worker_timeout=50, worker_threads=threads
        )
        worker.start()
        try:
            yield worker
        finally:
            jobs.release.set()
            worker.stop()

    return run


@pytest.fixture
def killed_worker(redis_url: str, store: Any, tmp_path: Path) -> Callable[[str], str]:
    """Start a worker process on a queue, kill -9 it once it holds messages, return its id."""

    def kill(queue: str) -> str:
        argv = [sys.executable, "-m", "dramatiq", "tests.redis.worker_app:broker", "--processes=1"]
        argv += ["--threads=2", "--queues", queue]
        log = tmp_path / "worker.log"
        env = os.environ | {"REDIS_URL": redis_url}
        process = ServerProcess("worker", argv, log=log, env=env, cwd=ROOT)
        holders = f"dramatiq:__acks__.*.{queue}"
        try:
            wait_until(lambda: list(store.scan_iter(holders)))
        finally:
            process.kill()
        (key,) = store.scan_iter(holders)
        return str(key.decode().split(".")[1])

    return kill


@pytest_asyncio.fixture(scope="session")
async def _server(redis_server: RedisServer) -> AsyncIterator[ServerClient]:
    """One server for the session, opened and closed in one task, as its cancel scopes demand."""
    opened: asyncio.Queue[ServerClient] = asyncio.Queue()
    over = asyncio.Event()

    async def serve() -> None:
        async with open_client("redis", env={"REDIS_URL": redis_server.url(DATABASE)}) as client:
            opened.put_nowait(client)
            await over.wait()

    task = asyncio.create_task(serve())
    yield await asyncio.wait_for(opened.get(), START_TIMEOUT_S)
    over.set()
    await task


@pytest.fixture
def client(_server: ServerClient, redis_url: str) -> ServerClient:
    """The server, looking at the test's database."""
    return _server
