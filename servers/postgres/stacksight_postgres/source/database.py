"""Connections, and the read-only transactions in which everything runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from stacksight_core.errors import ToolFailure
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import MARK, load_sql
from stacksight_postgres.settings import Settings

CONNECT_SECONDS = 3.0
IDLE_SECONDS = 120.0
MAX_CONNECTIONS = 4
CLOSE_SECONDS = 2.0
END_SECONDS = 0.1
WATCH_CLIENT_MS = 1_000
"""How often PostgreSQL looks, in the midst of a statement, whether we are still there."""
TEMP_FILE_LIMIT_KB = 4 * 1024 * 1024

ERROR_BUSY = (
    f"All {MAX_CONNECTIONS} connections of this server are in use by calls that have not ended. "
    "Wait for them, or cancel them."
)
ERROR_SHADOWED = (
    "Nothing was read: this database has {names}, on the search path, which would be called in the "
    "place of PostgreSQL's own when the catalogue is read. Drop it, or move it to a schema that is "
    "not on the search path of this role."
)

# Names resolve, and literals are read, as PostgreSQL's parser does here; nothing is committed even
# by an accident in this code.
_SESSION = {
    "application_name": "stacksight-postgres",
    "default_transaction_read_only": "on",
    "standard_conforming_strings": "on",
    "backslash_quote": "off",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "client_min_messages": "warning",
}
_RESET = "DISCARD ALL"


@dataclass(frozen=True)
class ServerFacts:
    """What is known about the server after connecting.

    Attributes:
        version: as a number, e.g. 150018.
        version_text: as people write it, e.g. ``15.18``.
        watches_clients: whether it can end a statement whose client has gone.
        database: the database connected to.
        role: the role connected as.
        superuser: whether that role is one.
        monitor: whether it may see the statistics of other roles.
        extensions: installed in this database, with their schemas.
        available: extensions that could be installed.
        preloaded: libraries that the server loaded at its start.
    """

    version: int
    version_text: str
    watches_clients: bool
    database: str
    role: str
    superuser: bool
    monitor: bool
    extensions: dict[str, str]
    available: frozenset[str]
    preloaded: frozenset[str]


class Session:
    """A READ ONLY transaction on a connection of its own.

    Attributes:
        connection: asyncpg's connection.
        facts: about the server.
    """

    def __init__(self, connection: "PoolConnectionProxy[Any]", facts: ServerFacts) -> None:
        self.connection = connection
        self.facts = facts

    async def fetch(self, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """Run SQL of ours and return all its rows."""
        rows: list[asyncpg.Record] = await self.connection.fetch(sql, *arguments)
        return rows

    async def fetchrow(self, sql: str, *arguments: object) -> asyncpg.Record:
        """Run SQL of ours that returns exactly one row."""
        [row] = await self.fetch(sql, *arguments)
        return row

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        """Run SQL of ours and return the first value of its first row."""
        return await self.connection.fetchval(sql, *arguments)

    @asynccontextmanager
    async def without_jit(self) -> AsyncIterator[None]:
        """Do not compile our own statements: their cost is overestimated, and they are short."""
        async with self.savepoint():  # its end restores what was set
            await self.connection.execute("SET LOCAL jit = off")
            yield

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Keep the transaction usable when what is inside fails; what it set is undone."""
        await self.connection.execute("SAVEPOINT stacksight")
        try:
            yield
        finally:
            await self.connection.execute("ROLLBACK TO stacksight; RELEASE stacksight")


class Database:
    """A database: connects at the first call, and again after a restart.

    Args:
        settings: of the server.
        url: where it is; by default the one in DATABASE_URL.
    """

    def __init__(self, settings: Settings, url: str | None = None) -> None:
        self.settings = settings
        self._url = url or settings.database_url
        self._pool: asyncpg.Pool[Any] | None = None
        self._facts: ServerFacts | None = None
        self._path: str | None = None
        self._lock = asyncio.Lock()
        self.rolled_back = 0
        """Transactions of ours, which the server's statistics count with those of others."""

    @asynccontextmanager
    async def session(
        self, *, timeout_s: float | None = None, foreign: bool = False, writing: bool = False
    ) -> AsyncIterator[Session]:
        """Open a READ ONLY transaction; it is rolled back and its session reset afterwards.

        Args:
            timeout_s: seconds a statement may take, at most the configured time.
            foreign: statements of the caller are planned or run in it, and not only ours.
            writing: it may write; it is rolled back all the same.

        Raises:
            ToolFailure: every connection is in use.
            OSError, asyncpg.PostgresError: connecting failed.
        """
        pool = await self._open_pool()
        limit = min(
            timeout_s or self.settings.statement_timeout_s, self.settings.statement_timeout_s
        )
        try:
            connection = await pool.acquire(timeout=CONNECT_SECONDS + 1)
        except TimeoutError as error:
            if pool.get_size() >= MAX_CONNECTIONS and not pool.get_idle_size():
                raise ToolFailure(ERROR_BUSY) from error
            raise
        try:
            transaction = connection.transaction(readonly=not writing)
            await transaction.start()
            try:
                if writing:
                    await connection.execute("SET TRANSACTION READ WRITE")
                await connection.execute(self._limits(limit, jit=foreign))
                facts = self._facts or await self._learn(connection)
                yield Session(connection, facts)
            finally:
                with contextlib.suppress(asyncpg.InterfaceError, asyncpg.PostgresConnectionError):
                    await transaction.rollback()
                self.rolled_back += 1
        finally:
            await pool.release(connection, timeout=CLOSE_SECONDS)

    @asynccontextmanager
    async def private_session(
        self, *, timeout_s: float | None = None, writing: bool = False
    ) -> AsyncIterator[Session]:
        """As ``session``, for hypothetical indexes, which outlive a transaction and a DISCARD ALL.

        They are forgotten at the end; after any failure the connection itself is closed.
        """
        async with self.session(timeout_s=timeout_s, foreign=True, writing=writing) as session:
            try:
                yield session
                schema = session.facts.extensions.get("hypopg")
                if schema is not None:
                    await session.fetch(f"SELECT {MARK}{quote_name(schema)}.hypopg_reset()")
            except BaseException:
                session.connection.terminate()
                raise

    async def close(self) -> None:
        """Close all connections; what they do has been cancelled and is hardly waited for."""
        if self._pool is None:
            return
        try:
            async with asyncio.timeout(END_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()

    async def _open_pool(self) -> "asyncpg.Pool[Any]":
        async with self._lock:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=MAX_CONNECTIONS,
                    max_inactive_connection_lifetime=IDLE_SECONDS,
                    statement_cache_size=0,
                    timeout=CONNECT_SECONDS,
                    server_settings=_SESSION,
                    init=self._forget,
                    reset=_reset,
                )
            return self._pool

    async def _forget(self, _: "asyncpg.Connection[Any]") -> None:
        self._facts = None  # a new connection may be to a restarted or upgraded server

    async def _learn(self, connection: "PoolConnectionProxy[Any]") -> ServerFacts:
        self._path = await _path_to_set(connection)
        if self._path:
            await connection.execute(self._path)
        row = await connection.fetchrow(load_sql("server"))
        assert row is not None
        facts = ServerFacts(
            version=row["version"],
            version_text=row["version_text"],
            watches_clients=row["watches_clients"],
            database=row["database"],
            role=row["role"],
            superuser=row["superuser"],
            monitor=row["monitor"],
            extensions=dict(zip(row["extensions"], row["extension_schemas"], strict=True)),
            available=frozenset(row["available"]),
            preloaded=frozenset(row["preloaded"]),
        )
        self._facts = facts
        if limits := _limits_of(facts):
            await connection.execute("; ".join(limits))
        return facts

    def _limits(self, statement_s: float, *, jit: bool) -> str:
        limits = {
            "statement_timeout": statement_s,
            "lock_timeout": self.settings.lock_timeout_s,
            "idle_in_transaction_session_timeout": self.settings.statement_timeout_s + 30,
        }
        sets = [f"SET LOCAL {name} = {round(value * 1000)}" for name, value in limits.items()]
        if not jit:
            sets.append("SET LOCAL jit = off")
        if self._path:
            sets.append(self._path)
        if self._facts is not None:
            sets += _limits_of(self._facts)
        return "; ".join(sets)


def _limits_of(facts: ServerFacts) -> list[str]:
    """Return the limits that not every server or role has."""
    sets = []
    if facts.superuser:
        sets.append(f"SET LOCAL temp_file_limit = {TEMP_FILE_LIMIT_KB}")
    if facts.watches_clients:
        sets.append(f"SET LOCAL client_connection_check_interval = {WATCH_CLIENT_MS}")
    return sets


async def _path_to_set(connection: "PoolConnectionProxy[Any]") -> str | None:
    """Return what puts PostgreSQL's own objects first on the search path, where they are not.

    Raises:
        ToolFailure: what somebody made would be called by queries of the catalogue all the same.
    """
    row = await connection.fetchrow(load_sql("shadowing"))
    assert row is not None
    if row["shadows"]:
        raise ToolFailure(ERROR_SHADOWED.format(names=", ".join(row["shadows"])))
    return None if row["first"] else f"SET LOCAL search_path = pg_catalog, {row['path']}"


async def _reset(connection: "asyncpg.Connection[Any]") -> None:
    await connection.execute(_RESET)
