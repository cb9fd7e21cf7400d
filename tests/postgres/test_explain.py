"""explain_query over stdio: findings first, indexes tried, values chosen, no write run."""

import re

import asyncpg
import pytest

from tests.support.stdio import ServerClient

pytestmark = pytest.mark.usefixtures("hypopg")


def first_finding(text: str) -> str:
    return text.split("\n1. ")[1].split("\n2. ", maxsplit=1)[0].split("\n<untrusted", maxsplit=1)[0]


async def test_missing_index_is_found_tried_and_named(shop: ServerClient) -> None:
    answer = await shop.call(
        "explain_query",
        sql="SELECT * FROM orders WHERE customer_id = $1 ORDER BY placed_at",
        params=[7],
        analyze=True,
    )
    finding = first_finding(answer.text)
    assert "CREATE INDEX CONCURRENTLY ON orders (customer_id)" in finding
    assert "tried as a hypothetical index" in finding
    assert "reads 60,000 rows to keep 12" in finding
    assert re.search(r"Seq Scan on orders .*rows 12", answer.text)


async def test_suggested_index_is_used_when_it_is_really_made(shop_url: str) -> None:
    connection = await asyncpg.connect(shop_url)
    try:
        async with open_rolled_back(connection):
            await connection.execute("CREATE INDEX ON orders (customer_id)")
            plan = await connection.fetch("EXPLAIN SELECT * FROM orders WHERE customer_id = 7")
            assert "orders_customer_id_idx" in str(plan)
    finally:
        await connection.close()


class open_rolled_back:  # noqa: N801
    def __init__(self, connection: asyncpg.Connection) -> None:
        self._transaction = connection.transaction()

    async def __aenter__(self) -> None:
        await self._transaction.start()

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT * FROM orders WHERE lower(note) = 'note 10'", "orders (lower(note))"),
        ("SELECT * FROM orders WHERE note = 'note 10'", "orders (note)"),
        ("SELECT * FROM orders ORDER BY placed_at DESC LIMIT 5", "orders (placed_at)"),
        (
            "SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id "
            "WHERE c.email = 'c7@shop.example'",
            "orders (customer_id)",
        ),
        (
            "SELECT id FROM customers c WHERE (SELECT max(placed_at) FROM orders o "
            "WHERE o.customer_id = c.id) > now()",
            "orders (customer_id",
        ),
        (
            "SELECT * FROM lines WHERE product LIKE 'product 69%'",
            "lines (product text_pattern_ops)",
        ),
        ("SELECT * FROM orders WHERE total > 99.8 AND status = 'new'", "orders (status, total)"),
        ('SELECT * FROM "orders" AS "My" WHERE "My"."note" = \'x\'', "orders (note)"),
        ("WITH x AS (SELECT * FROM orders) SELECT * FROM x WHERE note = 'x'", "orders (note)"),
        ("SELECT * FROM paid_orders WHERE note = 'x'", "orders (note)"),
        ("UPDATE orders SET total = 0 WHERE note = 'x'", "orders (note)"),
        ("DELETE FROM lines WHERE product = 'product 3'", "lines (product)"),
    ],
)
async def test_index_fits_the_statement(shop: ServerClient, sql: str, index: str) -> None:
    answer = await shop.call("explain_query", sql=sql)
    assert f"CREATE INDEX CONCURRENTLY ON {index}" in answer.text, answer.text


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders WHERE id = 7",
        "SELECT count(*) FROM orders",
        "SELECT * FROM orders WHERE status = 'new'",
        "SELECT * FROM orders WHERE total >= 0",
    ],
)
async def test_no_index_is_suggested_where_none_helps(shop: ServerClient, sql: str) -> None:
    answer = await shop.call("explain_query", sql=sql)
    assert not answer.is_error
    assert "CREATE INDEX" not in answer.text


@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("tags @> ARRAY['t3', 'u4']", "USING gin (tags)"),
        ("details @> '{\"weight\": 3}'", "USING gin (details)"),
        ("product LIKE '%duct 69%'", "USING gin (product gin_trgm_ops)"),
    ],
)
async def test_inverted_index_is_suggested_and_said_to_be_untried(
    shop: ServerClient, condition: str, index: str
) -> None:
    answer = await shop.call("explain_query", sql=f"SELECT * FROM lines WHERE {condition}")
    assert index in answer.text
    assert "not tried" in answer.text


async def test_values_come_from_the_statistics(shop: ServerClient) -> None:
    answer = await shop.call(
        "explain_query", sql="SELECT * FROM orders WHERE id < $1 AND status = $2 LIMIT $3"
    )
    assert "values from the statistics: $1 = " in answer.text
    assert not answer.is_error


async def test_typical_and_worst_plans_are_both_shown_when_they_differ(shop: ServerClient) -> None:
    answer = await shop.call("explain_query", sql="SELECT * FROM orders WHERE id > $1 AND id < $2")
    assert "typical values" in answer.text
    assert "worst" in answer.text


async def test_generic_plan_when_nothing_is_known(shop: ServerClient) -> None:
    answer = await shop.call("explain_query", sql="SELECT * FROM orders WHERE coalesce($1, 1) = 1")
    assert "generic plan" in answer.text
    assert "plan_cache_mode" not in answer.text


async def test_write_is_explained_and_not_run(shop: ServerClient, shop_url: str) -> None:
    sql = "DELETE FROM customers WHERE id = $1"
    answer = await shop.call("explain_query", sql=sql, params=[7])
    assert "Delete on customers" in answer.text
    assert "not run" in answer.text
    refused = await shop.call("explain_query", sql=sql, params=[7], analyze=True)
    assert refused.is_error
    connection = await asyncpg.connect(shop_url)
    assert await connection.fetchval("SELECT count(*) FROM customers") == 5000
    await connection.close()


async def test_deleting_what_is_referenced_without_an_index_is_warned_about(
    shop: ServerClient,
) -> None:
    answer = await shop.call("explain_query", sql="DELETE FROM customers WHERE id = 7")
    assert "orders (customer_id)" in first_finding(answer.text)
    assert "CREATE INDEX CONCURRENTLY ON orders (customer_id)" in answer.text


async def test_hypothetical_indexes_change_the_plan_and_do_not_stay(shop: ServerClient) -> None:
    sql = "SELECT * FROM orders WHERE customer_id = 7"
    pretended = await shop.call(
        "explain_query", sql=sql, hypothetical_indexes=["orders(customer_id)"]
    )
    assert "btree_orders_customer_id" in pretended.text
    assert re.search(r"without them [\d,]+", pretended.text)
    for _ in range(6):
        assert "Seq Scan on orders" in (await shop.call("explain_query", sql=sql)).text


async def test_hypothetical_index_that_cannot_be(shop: ServerClient) -> None:
    for text in ("orders (nope)", "nothing (id)", "orders", "DROP TABLE orders"):
        answer = await shop.call("explain_query", sql="SELECT 1", hypothetical_indexes=[text])
        assert answer.is_error


async def test_large_plan_is_bounded(shop: ServerClient) -> None:
    union = " UNION ALL ".join(
        f"SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.total = {n}"
        for n in range(60)
    )
    answer = await shop.call("explain_query", sql=union)
    assert len(answer.text) < 12_000
    assert "little share" in answer.text
