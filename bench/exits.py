"""How fast the servers end, and whether all is gone then: python -m bench.exits [--runs N] [work …]

Each is brought to some work on a real system and told to end: by the end of its input, SIGINT or
SIGTERM. Milliseconds from there to the end of the process, and to the end of the last child and
temporary file: median and longest. The load is the machine's while it was measured.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import docker

from devstack.engine import running_engine
from devstack.errors import SystemMissingError
from devstack.images import ensure_busybox
from devstack.postgres import running_postgres
from devstack.redis import running_redis
from tests.docker.conftest import Laboratory
from tests.lighthouse.site import running_site
from tests.suite.works import WORKS, Dock
from tests.support.exits import PATIENCE_S, WAYS, Remains, Way, Work, at_work, tell_to_end, until
from tests.support.stdio import SERVERS

IMAGE = "stacksight-bench:exits"


class Taken(NamedTuple):
    """Milliseconds to the end of the process, and of all that belonged to it."""

    ended: float
    gone: float


async def measure(work: Work, way: Way) -> Taken:
    """Bring a server to its work and end it."""
    with tempfile.TemporaryDirectory() as folder:
        remains = Remains(uuid.uuid4().hex, Path(folder))
        async with at_work(work, remains) as server:
            began = time.perf_counter()
            tell_to_end(server, way)
            async with asyncio.timeout(PATIENCE_S):
                await server.process.wait()
            ended = time.perf_counter()
            await until(lambda: asyncio.to_thread(is_gone, remains))
            gone = time.perf_counter()
            await server.ended()
    return Taken((ended - began) * 1000, (gone - began) * 1000)


def is_gone(remains: Remains) -> bool:
    """Tell whether no process and no file is left."""
    return not remains.processes() and not remains.files()


@asynccontextmanager
async def untouched(server: str) -> AsyncIterator[Work]:
    """A server that was opened and not called: the SDK has not been imported."""
    yield Work(server)


@contextlib.contextmanager
def systems() -> Iterator[dict[str, Any]]:
    """Start the systems that there are, by server."""
    with contextlib.ExitStack() as stack:
        found: dict[str, Any] = {"lighthouse": stack.enter_context(running_site())}
        with contextlib.suppress(SystemMissingError):
            found["postgres"] = stack.enter_context(running_postgres())
        with contextlib.suppress(SystemMissingError):
            found["redis"] = stack.enter_context(running_redis())
        with contextlib.suppress(SystemMissingError):
            host = stack.enter_context(running_engine()).host
            client = stack.enter_context(contextlib.closing(docker.DockerClient(host)))
            ensure_busybox(client, IMAGE)
            stack.callback(client.images.remove, IMAGE, force=True)
            found["docker"] = Dock(Laboratory(client, IMAGE), host)
        yield found


async def measure_all(name: str, system: Any, runs: int) -> None:
    """Measure one work in all ways, in turns, and print a line for each way."""
    taken: dict[Way, list[Taken]] = {way: [] for way in WAYS}
    for _ in range(runs):
        for way in WAYS:
            async with WORKS[name](system) if name in WORKS else untouched(name) as work:
                taken[way].append(await measure(work, way))
    load = os.getloadavg()[0]
    for way, times in taken.items():
        cells = [
            f"{statistics.median(values):.0f} | {max(values):.0f}"
            for values in zip(*times, strict=True)
        ]
        print(f"| {name} | {way} | {' | '.join(cells)} | {load:.1f} |", flush=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="Measure how fast the servers end.")
    parser.add_argument("works", nargs="*", default=[*SERVERS, *WORKS])
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args(arguments)
    print(
        "| server, doing | told by | ended: median ms | longest | all gone: median | longest "
        "| load |\n|---|---|---|---|---|---|---|"
    )
    with systems() as found:
        for name in options.works:
            system = found.get(name.partition(" ")[0])
            if system is None:
                print(f"| {name} | there is no such system here ||||||")
                continue
            asyncio.run(measure_all(name, system, options.runs))


if __name__ == "__main__":
    main()
