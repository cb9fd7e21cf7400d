"""Every tool on every major version that PyPI has a server of."""

import re
from collections.abc import Iterator

import asyncpg
import pytest

from devstack.errors import SystemMissingError
from devstack.postgres import PostgresServer, running_postgres
from tests.conftest import missing
from tests.postgres.conftest import make_database
from tests.support.stdio import open_client

MAJORS = (14, 16, 17, 18)
SLOW = "SELECT * FROM orders WHERE customer_id = $1"

CALLS: list[tuple[str, dict[str, object], str]] = [
    ("list_objects", {}, "partitioned table, 2 partitions | 20,000"),
    ("list_objects", {"kind": "function"}, "vat"),
    ("list_objects", {"kind": "enum"}, "new, paid, sent"),
    ("describe_table", {"table": "orders"}, "no index on the referencing columns"),
    ("describe_table", {"table": "events"}, "about 20,000 rows"),
    ("run_query", {"sql": "SELECT count(*) AS n FROM orders"}, "60000"),
    ("run_query", {"sql": "SELECT * FROM pg_stats WHERE tablename = 'orders'"}, "customer_id"),
    ("run_query", {"sql": "SELECT 1 FROM pg_sleep(1)"}, "volatile"),
    ("explain_query", {"sql": SLOW, "analyze": True}, "ON orders (customer_id)"),
    ("explain_query", {"sql": f"{SLOW} AND length(note) > $2"}, "generic plan"),
    (
        "explain_query",
        {"sql": "SELECT count(*) FROM lines JOIN orders ON id = order_id", "analyze": True},
        "Join",
    ),
    (
        "compare_plans",
        {"before": "SELECT * FROM orders ORDER BY total", "settings": {"work_mem": "64MB"}},
        "work_mem = 64MB",
    ),
    ("recommend_indexes", {"queries": [SLOW], "seconds": 2}, "customer_id"),
    ("top_queries", {"by": "calls"}, "INSERT INTO orders"),
    ("show_activity", {"include_idle": True}, "connections in use"),
    ("check_health", {}, "WARNING foreign_keys"),
    ("check_migration", {"sql": "ALTER TABLE orders ALTER id TYPE bigint"}, "written anew"),
]


@pytest.fixture(scope="module", params=MAJORS)
def server_of_version(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    try:
        with running_postgres(major=request.param) as server:
            yield server
    except SystemMissingError as error:
        missing(error)


async def test_every_tool_answers(server_of_version: PostgresServer) -> None:
    url = await make_database(server_of_version, "shop", "shop.sql")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE EXTENSION pg_stat_statements; ANALYZE")
    await connection.execute("SELECT pg_stat_statements_reset()")
    await connection.execute("INSERT INTO orders SELECT * FROM orders LIMIT 0")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        capture = await client.call("capture_queries", action="start")
        for tool, arguments, says in CALLS:
            answer = await client.call(tool, **arguments)
            assert says in answer.text, (tool, arguments, answer.text)
        await connection.fetch("SELECT 42 AS answered")
        handle = re.findall(r"capture-\w{8}", capture.text)[0]
        captured = await client.call("capture_queries", action="stop", capture=handle)
    await connection.close()
    assert "1 call took" in captured.text, captured.text
    assert "AS answered" in captured.text
