"""A site with faults, and a Lighthouse that can look at it."""

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_core.settings import load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.engine.install import Engine, ensure_engine
from stacksight_lighthouse.engine.pool import WorkerPool
from stacksight_lighthouse.models.audits import StoredAudit
from stacksight_lighthouse.settings import Settings
from tests.conftest import missing
from tests.lighthouse.site import Site, running_site
from tests.support.stdio import ServerClient, open_client

DATA = Path(__file__).parent / "data"


async def quietly(_: str) -> None:
    """Tell nobody of progress."""


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with running_site() as site:
        yield site


@pytest.fixture(scope="session")
async def engine() -> Engine:
    """Node, Lighthouse and a Chrome that starts; installed when they are not there."""
    pool = WorkerPool([])
    try:
        found = await ensure_engine(load_settings(Settings, ABOUT, []), quietly)
        pool.put(await pool.take(found, bound_cookies=False))
    except ToolFailure as failure:
        missing(failure)
    finally:
        await pool.close()
    return found


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables for servers that keep their audits apart from those of the user."""
    return {"STACKSIGHT_AUDITS_DIR": str(tmp_path_factory.mktemp("audits"))}


@pytest.fixture(scope="session")
async def client(engine: Engine, environment: dict[str, str]) -> AsyncIterator[ServerClient]:
    """One server for all tests of a process, so that its Chrome stays warm.

    The client has to be closed in the task that opened it, and a fixture has no task of its own.
    """
    opened: asyncio.Future[ServerClient] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def serve() -> None:
        async with open_client("lighthouse", env=environment) as client:
            opened.set_result(client)
            await done.wait()

    serving = asyncio.create_task(serve())
    yield await opened
    done.set()
    await serving


@pytest.fixture(scope="session")
def demo_audit() -> StoredAudit:
    """A real audit of the demo's page, as the store kept it."""
    recorded = json.loads(gzip.decompress((DATA / "demo.json.gz").read_bytes()))
    return StoredAudit(**recorded)


@pytest.fixture(scope="session")
def normalised() -> Callable[[str], str]:
    """Replace the random part of fences."""
    return lambda text: re.sub(r"untrusted-[0-9a-f]{6}", "untrusted-0", text)
