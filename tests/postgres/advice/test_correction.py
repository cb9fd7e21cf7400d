"""Costs with hypothetical indexes, corrected, come close to those with the indexes built."""

import json

import asyncpg
import pytest

from stacksight_postgres.advice.correction import (
    CostSettings,
    HypotheticalIndex,
    corrected_cost,
)

LOOKUPS = (
    'SELECT count(c.body) FROM accounts AS a JOIN "Comments" AS c ON c.account_id = a.id '
    "WHERE a.id BETWEEN 100 AND 900"
)
ALL_KEYS = 'SELECT account_id, count(*) FROM "Comments" GROUP BY account_id'
SETTINGS = CostSettings(random_page=4.0, cpu_operator=0.0025)
PAGE = 8192


@pytest.mark.parametrize("sql", [LOOKUPS, ALL_KEYS])
async def test_a_corrected_cost_is_nearer_to_that_of_the_built_index(
    web_url: str, sql: str
) -> None:
    connection = await asyncpg.connect(web_url)
    try:
        await connection.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
        await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        await connection.execute("SET enable_memoize = off")
        create = 'CREATE INDEX {name} ON "Comments" (account_id)'
        row = await connection.fetchrow(
            "SELECT indexrelid AS oid, hypopg_relation_size(indexrelid) AS bytes "
            "FROM hypopg_create_index($1)",
            create.format(name=""),
        )
        assert row is not None
        plan = await explain(connection, sql)
        await connection.execute("SELECT hypopg_reset()")
        build = connection.transaction()
        await build.start()
        await connection.execute(create.format(name="built"))
        real = (await explain(connection, sql))["Total Cost"]
        size = await connection.fetchval("SELECT pg_relation_size('built')")
        await build.rollback()
    finally:
        await connection.close()
    index = HypotheticalIndex(row["bytes"] / PAGE, size / PAGE, height=1, rows=120_000)
    corrected = corrected_cost(plan, {row["oid"]: index}, SETTINGS)
    assert abs(corrected - real) < abs(plan["Total Cost"] - real)
    assert corrected == pytest.approx(real, rel=0.05)


async def explain(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> dict[str, float]:
    root: dict[str, float] = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}"))[
        0
    ]["Plan"]
    return root
