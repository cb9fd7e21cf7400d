"""Databases of this server's tests, and the server that looks at them over stdio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from devstack.postgres import PostgresServer, has_library
from tests.conftest import missing
from tests.support.stdio import ServerClient, open_client

HERE = Path(__file__).parent


async def make_database(server: PostgresServer, name: str, *scripts: str) -> str:
    """Create a database, run scripts of this folder in it, and return its URL."""
    maintenance = await asyncpg.connect(server.url())
    try:
        await maintenance.execute(f"CREATE DATABASE {name}")
    finally:
        await maintenance.close()
    connection = await asyncpg.connect(server.url(name))
    try:
        for script in scripts:
            for statement in (HERE / script).read_text().split(";\n\n"):
                await connection.execute(statement)
                # What was inserted is counted up to a second late, and would then seem newer
                # than the ANALYZE that comes next.
                if connection.get_server_version().major >= 15:
                    await connection.execute("SELECT pg_stat_force_next_flush()")
    finally:
        await connection.close()
    return server.url(name)


@asynccontextmanager
async def held_open(url: str, **options: object) -> AsyncIterator[ServerClient]:
    """Keep a server open in a task of its own: a fixture's halves run in different tasks."""
    opened: asyncio.Future[ServerClient] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def hold() -> None:
        async with open_client("postgres", env={"DATABASE_URL": url}, **options) as client:  # type: ignore[arg-type]
            opened.set_result(client)
            await done.wait()

    holder = asyncio.create_task(hold())
    try:
        yield await opened
    finally:
        done.set()
        await holder


@pytest.fixture(scope="session")
async def shop_url(postgres_server: PostgresServer) -> str:
    """A shop with a few hundred thousand rows, analyzed; tests only read it."""
    url = await make_database(postgres_server, "shop", "shop.sql")
    if has_library(postgres_server.binaries, "hypopg"):
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE EXTENSION hypopg; CREATE EXTENSION pg_stat_statements")
        await connection.close()
    return url


@pytest.fixture(scope="session")
def hypopg(postgres_server: PostgresServer) -> None:
    """Skip where hypothetical indexes cannot be tried."""
    if not has_library(postgres_server.binaries, "hypopg"):
        missing("hypopg is not installed: apt-get install postgresql-15-hypopg")


@pytest.fixture(scope="session")
async def shop(shop_url: str) -> AsyncIterator[ServerClient]:
    """The server on the shop."""
    async with held_open(shop_url) as client:
        yield client


@pytest.fixture(scope="session")
async def evil_url(postgres_server: PostgresServer) -> str:
    """A database with functions, operators, casts, views and policies that do harm."""
    url = await make_database(postgres_server, "evil", "evil.sql")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE EXTENSION dblink; CREATE EXTENSION tablefunc")
    await connection.close()
    return url


@pytest.fixture(scope="session")
async def evil(evil_url: str) -> AsyncIterator[ServerClient]:
    """The server on the evil database, with short time limits."""
    async with held_open(evil_url, args=["--statement-timeout-s", "1.5"]) as client:
        yield client
