"""A database as a web application has it, and the server on it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from tests.postgres.conftest import held_open, make_database
from tests.support.stdio import ServerClient


@pytest.fixture(scope="session")
async def web_url(postgres_server: PostgresServer, hypopg: None) -> str:
    """The application's database with hypopg and pg_stat_statements."""
    url = await make_database(postgres_server, "web", "advice/web.sql")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE EXTENSION hypopg; CREATE EXTENSION pg_stat_statements")
    await connection.close()
    return url


@pytest.fixture(scope="session")
async def web(web_url: str) -> AsyncIterator[ServerClient]:
    """The server on it, with typed answers beside the text."""
    async with held_open(web_url, args=["--output", "structured"]) as client:
        yield client
