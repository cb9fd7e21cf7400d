"""What the servers may be doing when they are told to end, on the real systems."""

import asyncio
import os
import signal
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import redis.asyncio
from docker.models.containers import Container

from devstack.postgres import PostgresServer
from devstack.redis import RedisServer
from tests.docker.conftest import Laboratory
from tests.lighthouse.site import Site
from tests.redis.jobs import make_jobs
from tests.redis.tripwire import Tripwire
from tests.support.exits import Wait, Work, until
from tests.support.stdio import RawServer

ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b"
WIDE = "CREATE TABLE wide AS SELECT {columns} FROM generate_series(1, 200000) AS n"
COLUMNS = 24
MESSAGES = 120
LOG = (
    """awk 'BEGIN { for (i = 0; i < 100000; i++) print "INFO " i " took " i * 7 % 1000 " ms" }'; """
    "touch /tmp/full; sleep 1000"
)
BUSY_S = 0.4
AUDIT = {"runs": 1, "categories": ["seo"]}


@asynccontextmanager
async def _stopped(doing: AbstractAsyncContextManager[Work], pid: int) -> AsyncIterator[Work]:
    """Do a work on a system whose process is stopped when the work has begun."""
    async with doing as work:

        async def begun(server: RawServer) -> None:
            if work.begun:
                await work.begun(server)
            os.kill(pid, signal.SIGSTOP)

        async def left() -> object:
            os.kill(pid, signal.SIGCONT)
            assert work.left
            return await work.left()

        try:
            yield Work(**vars(work) | {"begun": begun, "left": left})
        finally:
            os.kill(pid, signal.SIGCONT)


# --- PostgreSQL -----------------------------------------------------------------------------


@asynccontextmanager
async def _database(
    postgres: PostgresServer, call: tuple[str, Mapping[str, Any]] | None, state: str
) -> AsyncIterator[Work]:
    """A call on a database of its own; it has begun when a session of the server is in a state."""
    name = f"exits_{uuid.uuid4().hex[:8]}"
    watching = await asyncpg.connect(postgres.url())
    await watching.execute(f"CREATE DATABASE {name}")
    made = await asyncpg.connect(postgres.url(name))
    columns = ", ".join(f"n * {i + 7} % {i * 40 + 5} AS c{i}" for i in range(COLUMNS))
    await made.execute(WIDE.format(columns=columns))
    await made.execute("CREATE EXTENSION IF NOT EXISTS hypopg; ANALYZE")
    await made.close()

    async def sessions(state: str = "%") -> object:
        return await watching.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'stacksight-postgres' "
            "AND datname = $1 AND state LIKE $2",
            name,
            state,
        )

    async def begun(_: RawServer) -> None:
        await until(partial(sessions, state))

    try:
        yield Work(
            "postgres",
            {"DATABASE_URL": postgres.url(name)},
            before=[("list_objects", {})],
            call=call,
            begun=begun,
            left=sessions,
        )
    finally:
        await watching.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await watching.close()


def _queries() -> list[str]:
    """Return queries for which many indexes compete."""
    return [
        f"SELECT c{i}, c{(i + 5) % COLUMNS} FROM wide WHERE c{i} = {i} AND c{(i + 1) % COLUMNS} < 9"
        f" AND c{(i + 3) % COLUMNS} > 3 ORDER BY c{(i + 7) % COLUMNS} LIMIT 20"
        for i in range(COLUMNS)
    ]


def querying(postgres: PostgresServer) -> AbstractAsyncContextManager[Work]:
    """A query that would run for years."""
    return _database(postgres, ("run_query", {"sql": ENDLESS}), "active")


def advising(postgres: PostgresServer) -> AbstractAsyncContextManager[Work]:
    """A search for indexes."""
    call = ("recommend_indexes", {"queries": _queries(), "seconds": 300})
    return _database(postgres, call, "%")


def querying_deaf(postgres: PostgresServer) -> AbstractAsyncContextManager[Work]:
    """A query, while PostgreSQL takes no connections and so cannot be asked to cancel it."""
    return _stopped(querying(postgres), postgres.pid)


def idle_database(postgres: PostgresServer) -> AbstractAsyncContextManager[Work]:
    """Nothing, after calls."""
    return _database(postgres, None, "idle")


# --- Redis ----------------------------------------------------------------------------------


@asynccontextmanager
async def _queue(
    server: RedisServer, call: tuple[str, Mapping[str, Any]] | None, **about: Any
) -> AsyncIterator[Work]:
    """A call on a queue with messages."""
    url = server.url()
    jobs = make_jobs(url)
    for number in range(MESSAGES):
        jobs.send("mail", number)
    async with redis.asyncio.Redis.from_url(server.url(1)) as watching:

        async def left() -> list[Any]:
            connected = await watching.client_list()
            return [c for c in connected if c["name"].startswith("stacksight") and c["db"] == "0"]

        yield Work(
            "redis",
            {"REDIS_URL": url},
            **{"before": [("list_queues", {})], "call": call, "left": left} | about,
        )
    jobs.broker.client.flushdb()
    jobs.broker.client.connection_pool.disconnect()


def watching_queues(server: RedisServer) -> AbstractAsyncContextManager[Work]:
    """Looking at a queue again and again."""
    return _queue(server, ("watch_queues", {"seconds": 60}))


def watching_deaf(server: RedisServer) -> AbstractAsyncContextManager[Work]:
    """Looking at a queue of a Redis that does not answer any more."""
    return _stopped(watching_queues(server), server.pid)


def capturing_messages(server: RedisServer) -> AbstractAsyncContextManager[Work]:
    """Recording a channel and a queue."""
    starts: Sequence[Mapping[str, Any]] = ({"channels": ["news"]}, {"queues": ["mail"]})
    before = [("capture_messages", {"action": "start"} | dict(start)) for start in starts]
    return _queue(server, None, before=before)


@asynccontextmanager
async def deleting_messages(server: RedisServer) -> AsyncIterator[Work]:
    """Deleting messages in steps; Redis has not seen the second step yet."""
    reached, on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        on.wait()

    wire = Tripwire(server.port, b"EVAL", 2, act=hold)

    async def begun(_: RawServer) -> None:
        assert await asyncio.to_thread(reached.wait, 30)

    call = ("delete_messages", {"queue": "mail", "state": "waiting", "limit": 1000})
    about = {"begun": begun, "yes": True, "args": ["--allow-writes"]}
    async with _queue(server, call, **about) as work:
        env = {"REDIS_URL": server.url().replace(str(server.port), str(wire.port))}

        async def left() -> bool:
            """Tell whether an entry has lost its message, or the other way round."""
            on.set()
            async with redis.asyncio.Redis.from_url(server.url()) as there:
                entries = await there.lrange("dramatiq:mail", 0, -1)
                messages = await there.hkeys("dramatiq:mail.msgs")
            return sorted(entries) != sorted(messages)

        yield Work(**vars(work) | {"env": env, "left": left})
        on.set()
        wire.close()


# --- Docker ---------------------------------------------------------------------------------


class Dock(NamedTuple):
    """Where containers are made, and where the engine listens."""

    lab: Laboratory
    host: str


@asynccontextmanager
async def _container(
    dock: Dock,
    script: str,
    call: tuple[str, Mapping[str, Any]] | None,
    *,
    begun: Callable[[Container, RawServer], object] | None = None,
    **about: Any,
) -> AsyncIterator[Work]:
    """A call about a container; ``begun`` tells whether it has come as far as it should."""
    container = await asyncio.to_thread(dock.lab.start, "app", script)

    async def wait(server: RawServer) -> None:
        assert begun
        await until(partial(asyncio.to_thread, begun, container, server))

    named = [dock.lab.project]
    try:
        yield Work(
            "docker",
            {"DOCKER_HOST": dock.host},
            **{
                "before": [("list_containers", {"project": dock.lab.project})],
                "call": (call[0], {**call[1], "containers": named}) if call else None,
                "begun": wait if begun else None,
            }
            | about,
        )
    finally:
        await asyncio.to_thread(dock.lab.clear)


def measuring(dock: Dock) -> AbstractAsyncContextManager[Work]:
    """Measuring for long."""
    return _container(dock, "sleep 1000", ("measure_usage", {"seconds": 30}))


@asynccontextmanager
async def capturing_activity(dock: Dock) -> AsyncIterator[Work]:
    """A capture that was started, with the stream of events that it keeps open."""
    start = {"action": "start", "containers": [dock.lab.project]}
    async with _container(dock, "sleep 1000", None) as work:
        yield Work(**vars(work) | {"before": [*work.before, ("capture_activity", start)]})


@asynccontextmanager
async def searching_log(dock: Dock) -> AsyncIterator[Work]:
    """Counting the shapes of a hundred thousand records, which takes a second or more."""
    seen: list[float] = []

    def computes(_: Container, server: RawServer) -> bool:
        seen.append(_cpu_seconds(server.process.pid))
        return seen[-1] - seen[0] > BUSY_S

    call = ("read_logs", {"mode": "patterns", "since": "30d"})
    async with _container(dock, LOG, call, begun=computes) as work:
        (container,) = dock.lab.client.containers.list(filters={"name": dock.lab.project})
        full = partial(container.exec_run, ["ls", "/tmp/full"])
        await until(lambda: asyncio.to_thread(lambda: full().exit_code == 0))
        yield Work(**vars(work) | {"reports": False})


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def running_command(dock: Dock) -> AsyncIterator[Work]:
    """A command in a container, which the engine cannot end."""

    def runs(container: Container, _: RawServer) -> bool:
        return dock.lab.living(container) > 1

    command = {"container": f"{dock.lab.project}/app", "command": ["sleep", "99"], "seconds": 90}
    async with _container(dock, "sleep 1000", None, begun=runs) as work:
        about = {"args": ["--allow-writes"], "yes": True, "call": ("run_in_container", command)}
        yield Work(**vars(work) | about)


# --- Lighthouse -----------------------------------------------------------------------------


@asynccontextmanager
async def _page(site: Site, path: str, begun: Wait | None, **about: Any) -> AsyncIterator[Work]:
    """An audit of a page; what it writes is kept apart from the user's."""
    with tempfile.TemporaryDirectory() as folder:
        yield Work(
            "lighthouse",
            {"STACKSIGHT_AUDITS_DIR": folder},
            **{"call": ("run_audit", {"url": site.url + path} | AUDIT), "begun": begun} | about,
        )


def looking_at_page(site: Site) -> AbstractAsyncContextManager[Work]:
    """The first look at a page that does not answer."""
    return _page(site, "/hang", _visited(site, "/hang"))


def starting_chrome(site: Site) -> AbstractAsyncContextManager[Work]:
    """Chrome has just been started and does not answer yet."""

    async def begun(server: RawServer) -> None:
        await until(lambda: asyncio.to_thread(_has_chrome, server.process.pid))

    return _page(site, "/good.html", begun)


def auditing(site: Site) -> AbstractAsyncContextManager[Work]:
    """Chrome waits for a part of the page that never comes."""
    return _page(site, "/unfinished.html", _visited(site, "/hang"))


def keeping_chrome(site: Site) -> AbstractAsyncContextManager[Work]:
    """Nothing, after an audit; Chrome is kept warm."""
    before = [("run_audit", {"url": site.url + "/good.html"} | AUDIT)]
    return _page(site, "/good.html", None, call=None, before=before)


def _visited(site: Site, path: str) -> Wait:
    seen = sum(1 for visited, _ in site.seen if visited == path)

    async def visited(_: RawServer) -> None:
        await asyncio.to_thread(site.wait_for_visits, path, seen + 1)

    return visited


def _has_chrome(pid: int) -> bool:
    """Tell whether a process has a child of a child."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return any(_has_children(child) for child in children)


def _has_children(pid: str) -> bool:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return any((task / "children").read_text() for task in tasks)
    except OSError:
        return False


WORKS: dict[str, Callable[[Any], AbstractAsyncContextManager[Work]]] = {
    "postgres idle": idle_database,
    "postgres querying": querying,
    "postgres deaf": querying_deaf,
    "postgres advising": advising,
    "redis watching": watching_queues,
    "redis deaf": watching_deaf,
    "redis capturing": capturing_messages,
    "redis deleting": deleting_messages,
    "docker measuring": measuring,
    "docker capturing": capturing_activity,
    "docker searching": searching_log,
    "docker running": running_command,
    "lighthouse looking": looking_at_page,
    "lighthouse starting": starting_chrome,
    "lighthouse auditing": auditing,
    "lighthouse idle": keeping_chrome,
}
"""By server and what it does; each takes the system: PostgresServer, RedisServer, Dock or Site."""
