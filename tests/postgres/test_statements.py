"""top_queries and capture_queries, on statements that really ran."""

import re
from collections.abc import AsyncIterator

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from stacksight_postgres.statements.model import Statement, since
from stacksight_postgres.statements.ranking import one_line
from stacksight_postgres.statements.suspects import find_suspects
from tests.postgres.conftest import make_database
from tests.support.stdio import ServerClient, open_client
from tests.support.text import without_tags

pytestmark = pytest.mark.usefixtures("hypopg")

ORDERS = "SELECT id, customer_id FROM orders WHERE status = $1 ORDER BY id LIMIT 40"
CUSTOMER = "SELECT email FROM customers WHERE id = $1 AND email LIKE '%@%'"


@pytest.fixture
async def application(shop_url: str, shop: ServerClient) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(shop_url)
    yield connection
    await connection.close()


async def n_plus_one(application: asyncpg.Connection) -> None:
    for order in await application.fetch(ORDERS, "new"):
        await application.fetchrow(CUSTOMER, order["customer_id"])


async def started(shop: ServerClient) -> str:
    answer = await shop.call("capture_queries", action="start")
    found = re.search(r"capture-[0-9a-f]{8}", answer.text)
    assert found, answer.text
    return found[0]


async def test_n_plus_one_is_found_with_its_parent(
    shop: ServerClient, application: asyncpg.Connection
) -> None:
    capture = await started(shop)
    await n_plus_one(application)
    answer = await shop.call("capture_queries", action="stop", capture=capture)
    assert "1 N+1 suspect" in answer.text
    assert "run 40 times for 1 row each" in answer.text
    assert "for each of the 40 rows of (1 call): SELECT id, customer_id FROM orders" in answer.text
    assert "id = ANY($1)" in answer.text


async def test_read_goes_on_and_stop_ends(
    shop: ServerClient, application: asyncpg.Connection
) -> None:
    capture = await started(shop)
    await application.fetch("SELECT 'first'")
    assert "so far" in (await shop.call("capture_queries", action="read", capture=capture)).text
    await application.fetch("SELECT count(*) FROM lines WHERE position = 1 AND order_id < 10")
    stopped = await shop.call("capture_queries", action="stop", capture=capture)
    assert "ended" in stopped.text
    assert "FROM lines WHERE position" in stopped.text
    again = await shop.call("capture_queries", action="stop", capture=capture)
    assert without_tags(again.text) == without_tags(stopped.text)


async def test_what_our_own_tools_run_is_not_shown(
    shop: ServerClient, application: asyncpg.Connection
) -> None:
    capture = await started(shop)
    for _ in range(12):
        await shop.call("run_query", sql="SELECT email FROM customers WHERE id = 7")
    await shop.call("explain_query", sql=ORDERS.replace("$1", "'new'"))
    answer = await shop.call("capture_queries", action="stop", capture=capture)
    assert "0 N+1 suspects" in answer.text
    assert "pg_class" not in answer.text
    assert "customers" not in answer.text


async def test_top_queries_rank_and_find_in_full(
    shop: ServerClient, application: asyncpg.Connection
) -> None:
    text = (
        "SELECT count(*) FROM orders a JOIN orders b USING (customer_id) WHERE a.total > 1 /*top*/"
    )
    await application.fetch(text)
    answer = await shop.call("top_queries", match="/*top*/")
    found = re.search(r"\| (-?\d+) \| SELECT count", answer.text)
    assert found, answer.text
    alone = await shop.call("top_queries", query_id=found[1])
    assert "WHERE a.total > $1" in alone.text
    for by in ("mean_time", "calls", "rows", "io", "temp", "wal"):
        assert not (await shop.call("top_queries", by=by)).is_error
    assert (await shop.call("top_queries", query_id="1")).is_error


async def test_statements_of_other_databases_are_not_shown(
    shop: ServerClient, evil_url: str
) -> None:
    connection = await asyncpg.connect(evil_url)
    await connection.fetch("SELECT 'of another database', 1, 2, 3")
    await connection.close()
    answer = await shop.call("top_queries", by="calls", limit=50, match="SELECT $1, $2, $3, $4")
    assert "SELECT $1" not in answer.text


async def test_errors(shop: ServerClient, postgres_server: PostgresServer) -> None:
    assert (await shop.call("capture_queries", action="stop")).is_error
    assert (await shop.call("capture_queries", action="read", capture="capture-1")).is_error
    bare = await make_database(postgres_server, "bare")
    async with open_client("postgres", env={"DATABASE_URL": bare}) as client:
        answer = await client.call("top_queries")
    assert answer.is_error
    assert "CREATE EXTENSION pg_stat_statements" in answer.text


def statement(number: int, query: str, calls: int, rows: int) -> Statement:
    return Statement(number, query, calls, rows, calls * 0.1, calls, 0, 0, 0, 0)


def test_suspects_need_a_lookup_by_parameter_and_few_rows() -> None:
    parent = statement(1, "SELECT id FROM a", 1, 50)
    child = statement(2, "SELECT * FROM b WHERE a_id = $1", 50, 60)
    assert [s.parent for s in find_suspects([parent, child])] == [parent]
    for written in ("a_id = $1::integer", "$1 = a_id", "a_id IN ($1)", "x > $2 AND b.a_id = $1"):
        same = statement(2, f"SELECT * FROM b WHERE {written}", 50, 60)
        assert [s.statement for s in find_suspects([parent, same])] == [same]
    for other in (
        statement(2, "SELECT * FROM b WHERE a_id = $1", 5, 5),
        statement(2, "SELECT * FROM b WHERE a_id = $1", 50, 5000),
        statement(2, "SELECT * FROM b", 50, 50),
        statement(2, "SELECT * FROM b WHERE a_id = ANY ($1)", 50, 50),
        statement(2, "INSERT INTO b VALUES ($1)", 50, 50),
        statement(2, "SELECT count(*) FILTER (WHERE x = $1) FROM b", 50, 50),
        statement(2, "SELECT broken FROM", 50, 50),
    ):
        assert find_suspects([parent, other]) == []


def test_counters_that_went_down_count_from_zero() -> None:
    before = {1: statement(1, "a", 10, 10), 2: statement(2, "b", 5, 5)}
    after = {1: statement(1, "a", 3, 3), 2: statement(2, "b", 5, 5), 3: statement(3, "c", 1, 1)}
    assert [(s.id, s.calls) for s in since(before, after)] == [(1, 3), (3, 1)]


def test_secrets_of_utility_commands_are_not_shown() -> None:
    assert one_line("ALTER ROLE app\n PASSWORD 'it''s'") == "ALTER ROLE app PASSWORD '…'"
    assert one_line("SELECT 'kept'") == "SELECT 'kept'"


async def test_extensions_may_live_in_a_schema_of_any_name(
    postgres_server: PostgresServer, hypopg: None
) -> None:
    url = await make_database(postgres_server, "elsewhere")
    connection = await asyncpg.connect(url)
    await connection.execute('CREATE SCHEMA "My Extensions"; CREATE TABLE t (a int)')
    await connection.execute("INSERT INTO t SELECT i FROM generate_series(1, 50000) AS i")
    await connection.execute('CREATE EXTENSION hypopg SCHEMA "My Extensions"')
    await connection.execute('CREATE EXTENSION pg_stat_statements SCHEMA "My Extensions"')
    await connection.execute("ANALYZE t")
    await connection.execute("SELECT count(*) FROM t")
    await connection.close()
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        top = await client.call("top_queries")
        explained = await client.call("explain_query", sql="SELECT * FROM t WHERE a = 7")
    assert "SELECT count(*) FROM t" in top.text
    assert "tried as a hypothetical index" in explained.text
