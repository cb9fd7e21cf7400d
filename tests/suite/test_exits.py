"""A server that is told to end does so, whatever it is doing, and leaves nothing behind."""

import asyncio
import contextlib
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import docker
import pytest

from devstack.engine import Engine
from devstack.errors import SystemMissingError
from devstack.images import ensure_busybox
from tests.conftest import missing
from tests.docker.conftest import Laboratory
from tests.lighthouse.site import Site, running_site
from tests.suite.test_servers import FIRST_CALL, NOWHERE, each_server
from tests.suite.works import WORKS, Dock
from tests.support.exits import PATIENCE_S, WAYS, Remains, Way, at_work, tell_to_end, until
from tests.support.progress import each_era
from tests.support.stdio import RawServer, raw_server

each_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def remains() -> Iterator[Remains]:
    """What the test's server is marked with."""
    # Below pytest's own folder the path of Chrome's socket would be longer than a path may be.
    with tempfile.TemporaryDirectory() as folder:
        yield Remains(uuid.uuid4().hex, Path(folder))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="module")
def dock(docker_engine: Engine) -> Iterator[Dock]:
    """Containers of this test process."""
    image = f"stacksight-tests:{uuid.uuid4().hex[:8]}"
    with contextlib.closing(docker.DockerClient(docker_engine.host, timeout=60)) as client:
        try:
            ensure_busybox(client, image)
        except SystemMissingError as error:
            missing(error)
        yield Dock(Laboratory(client, image), docker_engine.host)
        client.images.remove(image, force=True)


@pytest.fixture
def system(work: str, request: pytest.FixtureRequest) -> Any:
    """The system that a work is about."""
    names = {"postgres": "postgres_server", "redis": "redis_server", "docker": "dock"}
    return request.getfixturevalue(names.get(work.partition(" ")[0], "site"))


async def end(server: RawServer, way: Way, remains: Remains) -> bytes:
    """End a server, look for what it left, and return what it wrote at the end."""
    async with asyncio.timeout(PATIENCE_S):
        tell_to_end(server, way)
        rest = await server.ended()
    assert server.process.returncode == 0

    async def nothing_left() -> bool:
        return not await asyncio.to_thread(remains.processes)

    await until(nothing_left)  # what was killed takes a moment to be gone
    assert remains.files() == []
    return rest


@asynccontextmanager
async def opened(server: str, era: str, remains: Remains) -> AsyncIterator[RawServer]:
    """Start a server whose system is not there, and open the connection."""
    async with raw_server(server, env=NOWHERE[server] | remains.environment) as raw:
        await raw.open(era)
        yield raw


async def call_first(raw: RawServer, server: str) -> None:
    """Have the SDK imported."""
    tool, arguments = FIRST_CALL[server]
    await raw.start_call(1, tool, **arguments)


@each_server
@each_era
@each_way
async def test_before_the_first_call(server: str, era: str, way: Way, remains: Remains) -> None:
    async with opened(server, era, remains) as raw:
        assert await end(raw, way, remains) == b""


@each_server
@each_way
async def test_while_the_sdk_is_imported(server: str, way: Way, remains: Remains) -> None:
    async with opened(server, "modern", remains) as raw:
        await call_first(raw, server)
        maps = Path(f"/proc/{raw.process.pid}/maps")

        async def imports() -> bool:
            return "pydantic_core" in await asyncio.to_thread(maps.read_text)

        await until(imports)
        rest = await end(raw, way, remains)
    # What was asked just before the end of the input may be answered; a signal means at once.
    assert rest.count(b"\n") <= (way == "end of input")


@each_server
@each_way
async def test_idle_after_a_call(server: str, way: Way, remains: Remains) -> None:
    async with opened(server, "modern", remains) as raw:
        await call_first(raw, server)
        while (await raw.receive()).get("id") != 1:
            pass
        assert await end(raw, way, remains) == b""


@each_way
@pytest.mark.parametrize("work", WORKS)
async def test_at_work(work: str, way: Way, system: Any, remains: Remains) -> None:
    async with WORKS[work](system) as doing, at_work(doing, remains) as server:
        rest = await end(server, way, remains)
        assert b'"result"' not in rest
        left = doing.left
        if left is not None:

            async def let_go() -> bool:
                return not await left()

            await until(let_go)
