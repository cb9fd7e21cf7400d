"""Each insight, on a plan that PostgreSQL really made and ran."""

import json
from pathlib import Path

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from stacksight_postgres.explained import Variant
from stacksight_postgres.plans.facts import PlanView, Surroundings
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.insights import INSIGHTS, find_all
from stacksight_postgres.plans.model import read_plan
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.database import Database
from stacksight_postgres.source.explaining import explain
from stacksight_postgres.source.tables import read_surroundings
from tests.postgres.conftest import make_database

RECORDED = Path(__file__).parent / "plans"

ONLY_INDEX = "enable_seqscan=off enable_bitmapscan=off"
ONLY_BITMAP = "enable_seqscan=off enable_indexscan=off"
ONLY_LOOPS = "enable_hashjoin=off enable_mergejoin=off"
SERIAL = "max_parallel_workers_per_gather=0"
SMALL = f"work_mem=64kB {SERIAL}"
COMPILED = "jit=on jit_above_cost=0 jit_optimize_above_cost=0 jit_inline_above_cost=0"
FREE_WORKERS = "parallel_setup_cost=0 parallel_tuple_cost=0"
EAGER = "parallel_setup_cost=0 parallel_tuple_cost=0 min_parallel_table_scan_size=0"

# Insight, database, settings, statement, and what its title has to say.
MEASURED = [
    ("sequential_scan", "shop", SERIAL, "SELECT * FROM orders WHERE note = 'note 10'", "60,000"),
    (
        "inefficient_index",
        "lab",
        f"{ONLY_INDEX} {SERIAL}",
        "SELECT * FROM items WHERE category = 3 AND filler LIKE '%late'",
        "fetches 10,000 rows and throws 9,900",
    ),
    (
        "wrong_index_for_limit",
        "lab",
        f"{ONLY_INDEX} enable_sort=off {SERIAL}",
        "SELECT * FROM items WHERE filler LIKE '%late' ORDER BY id LIMIT 5",
        "passes 99,000 rows for the 5",
    ),
    ("unindexable", "lab", SERIAL, "SELECT * FROM items WHERE lower(code) = 'c5'", "lower(code)"),
    ("unindexable", "lab", SERIAL, "SELECT * FROM items WHERE code LIKE '%555'", "code ~~"),
    (
        "bitmap_and",
        "lab",
        f"{ONLY_BITMAP} {SERIAL}",
        "SELECT * FROM items WHERE category = 3 AND shop = 4",
        "are both read",
    ),
    (
        "join_filter",
        "shop",
        SERIAL,
        "SELECT count(*) FROM customers c "
        "JOIN orders o ON c.id = o.customer_id OR c.email = o.note "
        "WHERE c.id <= 100 AND o.id <= 1000",
        "pairs of rows to keep",
    ),
    (
        "nested_loop",
        "shop",
        f"{ONLY_LOOPS} enable_memoize=off {SERIAL}",
        "SELECT count(c.city) FROM orders o JOIN customers c ON c.id = o.customer_id",
        "60,000 times",
    ),
    (
        "materialize",
        "shop",
        SERIAL,
        "SELECT count(*) FROM customers a JOIN customers b ON a.city < b.city "
        "WHERE a.id <= 1500 AND b.id <= 1500",
        "read again 1,500 times",
    ),
    (
        "memoize",
        "lab",
        f"{ONLY_LOOPS} {SERIAL}",
        "SELECT count(i.filler) FROM keys k JOIN items i ON i.id = k.item",
        "0% of 20,000 lookups",
    ),
    (
        "subplan",
        "shop",
        SERIAL,
        "SELECT id FROM customers c WHERE (SELECT count(*) FROM orders o WHERE o.id = c.id) > 5",
        "runs 5,000 times",
    ),
    (
        "cte_filter",
        "shop",
        SERIAL,
        "WITH x AS MATERIALIZED (SELECT * FROM orders) SELECT * FROM x WHERE note = 'note 10'",
        "60,000 rows, and then filtered to 1",
    ),
    (
        "never_executed",
        "shop",
        f"{SERIAL} {ONLY_LOOPS}",
        "SELECT count(*) FROM lines l JOIN orders o ON o.id = l.order_id "
        "WHERE o.total < 0.0 + o.id * 0",
        "lines_pkey on lines",
    ),
    (
        "serial",
        "lab",
        FREE_WORKERS,
        "SELECT count(*) FROM items WHERE twice(category) > 5",
        "Seq Scan on items reads",
    ),
    (
        "serial",
        "lab",
        FREE_WORKERS,
        "SELECT count(*) FROM items WHERE random() < 0.1",
        "1 parallel worker could share",
    ),
    ("serial", "lab", f"{FREE_WORKERS} {SERIAL}", "SELECT count(*) FROM items", "1 parallel"),
    ("serial", "lab", FREE_WORKERS, "SELECT count(*) FROM alone", "1 parallel"),
    (
        "repeated_scan",
        "shop",
        SERIAL,
        "SELECT count(*) FROM orders WHERE status = 'new' UNION ALL "
        "SELECT count(*) FROM orders WHERE status = 'paid' UNION ALL "
        "SELECT count(*) FROM orders WHERE status = 'sent'",
        "3 scans read the whole of orders",
    ),
    ("top_n_sort", "shop", SERIAL, "SELECT * FROM orders ORDER BY total LIMIT 5", "first 5"),
    ("offset", "shop", SERIAL, "SELECT * FROM orders ORDER BY id OFFSET 50000 LIMIT 10", "50,000"),
    (
        "duplicates",
        "shop",
        SERIAL,
        "SELECT DISTINCT c.city FROM customers c JOIN orders o ON o.customer_id = c.id",
        "60,000 joined rows are reduced to 100",
    ),
    (
        "misestimate",
        "lab",
        SERIAL,
        "SELECT * FROM items WHERE city = 7 AND country = 7",
        "200 times too few",
    ),
    ("stale_statistics", "lab", SERIAL, "SELECT * FROM unanalyzed WHERE n = 1", "never analyzed"),
    ("disk_sort", "shop", SMALL, "SELECT * FROM orders ORDER BY note", "to disk"),
    (
        "incremental_sort",
        "lab",
        f"{SMALL} enable_sort=off enable_seqscan=off",
        "SELECT * FROM items ORDER BY category, filler",
        "wrote a group of",
    ),
    (
        "hash_batches",
        "shop",
        f"{SMALL} enable_mergejoin=off enable_nestloop=off hash_mem_multiplier=1",
        "SELECT count(o.note) FROM orders o JOIN lines l ON l.order_id = o.id",
        "batches on disk",
    ),
    (
        "hash_aggregate",
        "shop",
        f"{SMALL} enable_sort=off hash_mem_multiplier=1",
        "SELECT placed_at, count(*) FROM orders GROUP BY placed_at",
        "to disk in",
    ),
    (
        "lossy_bitmap",
        "lab",
        f"{SMALL} {ONLY_BITMAP}",
        "SELECT * FROM items WHERE category = 3",
        "kept only whole pages",
    ),
    (
        "heap_fetches",
        "lab",
        ONLY_INDEX,
        "SELECT id FROM unvacuumed WHERE id > 0",
        "looked 20,000 of 20,000 rows up",
    ),
    ("scattered_rows", "lab", ONLY_INDEX, "SELECT n FROM emptied WHERE id > 0", "for 60 rows"),
    ("dirtied", "lab", SERIAL, "SELECT count(*) FROM unread", "Reading changed"),
    ("partitions", "lab", SERIAL, "SELECT count(*) FROM measures WHERE n > 5", "12 partitions"),
    (
        "parallel_workers",
        "shop",
        f"{EAGER} max_parallel_workers_per_gather=2 max_parallel_workers=1",
        "SELECT count(*) FROM orders",
        "and got 1",
    ),
    (
        "jit",
        "shop",
        f"{COMPILED} {SERIAL}",
        "SELECT sum(total) FROM orders WHERE id % 7 = 1",
        "JIT",
    ),
    ("large_result", "shop", SERIAL, "SELECT * FROM orders", "60,000 rows"),
    ("disabled", "shop", "enable_hashjoin=off", "SELECT 1", "enable_hashjoin is off"),
    (
        "index_only",
        "lab",
        f"{ONLY_INDEX} {SERIAL}",
        "SELECT sum(shop) FROM items WHERE category < 5",
        "only for shop",
    ),
    (
        "temp_files",
        "shop",
        SMALL,
        "WITH x AS MATERIALIZED (SELECT * FROM orders) "
        "SELECT count(*), (SELECT max(total) FROM x) FROM x",
        "of rows in temporary files",
    ),
    (
        "needless_distinct",
        "shop",
        SERIAL,
        "SELECT DISTINCT id, total FROM orders",
        "among 60,000 rows and removes 0",
    ),
    (
        "wide_rows",
        "shop",
        SERIAL,
        f"SELECT {', '.join(['o.*'] * 60)} FROM orders o LIMIT 200",
        "in 360 columns",
    ),
    ("contradiction", "shop", SERIAL, "SELECT * FROM orders WHERE id = ANY ('{}')", "empty list"),
    (
        "contradiction",
        "shop",
        SERIAL,
        "SELECT * FROM orders WHERE id = 1 AND false",
        "always false",
    ),
]

# Run in a transaction that writes and is rolled back.
WRITTEN = [
    ("trigger", "shop", "DELETE FROM customers WHERE id <= 20", "check of orders_customer_id_fkey"),
    ("wal", "lab", "UPDATE written SET id = id + 1", "for 20,000 rows"),
]

ESTIMATED = [
    ("sequential_scan", "SELECT * FROM orders WHERE note = 'note 10'", "about 60,000"),
    ("unindexed_reference", "DELETE FROM customers WHERE id = 7", "read all of orders"),
    ("unindexed_reference", "UPDATE customers SET id = 7 WHERE id = 7", "another key"),
    ("large_result", "SELECT * FROM orders", "about 60,000"),
    (
        "subplan",
        "SELECT (SELECT max(o.total) FROM orders o WHERE o.id < c.id) FROM customers c",
        "about 5,000 times",
    ),
]


@pytest.fixture(scope="session")
async def lab_url(postgres_server: PostgresServer) -> str:
    return await make_database(postgres_server, "lab", "lab.sql")


async def findings(
    url: str, settings: str, sql: str, *, analyze: bool, writing: bool = False
) -> list[Finding]:
    database = Database(Settings.model_validate({"database_url": url}))
    try:
        async with database.private_session(writing=writing) as session:
            for setting in settings.split():
                await session.connection.execute(f"SET LOCAL {setting.replace('=', ' = ', 1)}")
            plan = await explain(session, Variant("", sql), analyze=analyze)
            return find_all(PlanView(plan, await read_surroundings(session, plan, sql)))
    finally:
        await database.close()


def of_kind(found: list[Finding], kind: str) -> Finding:
    titles = [f"{finding.kind}: {finding.title}" for finding in found]
    fitting = [finding for finding in found if finding.kind == kind]
    assert fitting, titles
    return fitting[0]


@pytest.mark.parametrize(
    "case", MEASURED, ids=[f"{case[0]}-{number}" for number, case in enumerate(MEASURED)]
)
async def test_insight_on_a_measured_plan(
    shop_url: str, lab_url: str, case: tuple[str, str, str, str, str]
) -> None:
    kind, database, settings, sql, title = case
    url = {"shop": shop_url, "lab": lab_url}[database]
    if kind == "jit":
        connection = await asyncpg.connect(url)
        available = await connection.fetchval("SELECT pg_jit_available()")
        await connection.close()
        if not available:
            pytest.skip("this PostgreSQL has no JIT compiler")
    finding = of_kind(await findings(url, _sized(settings), sql, analyze=True), kind)
    assert title in finding.title
    assert 0 <= finding.share <= 1


def _sized(settings: str) -> str:
    return settings.replace("64kB", "'64kB'")


async def test_what_keeps_workers_away_is_named_with_its_cure(lab_url: str) -> None:
    sql = "SELECT count(*) FROM items WHERE twice(category) > 5"
    finding = of_kind(await findings(lab_url, FREE_WORKERS, sql, analyze=False), "serial")
    assert "twice() is PARALLEL UNSAFE" in str(finding.cause)
    assert "ALTER FUNCTION twice(integer) PARALLEL SAFE" in str(finding.fix)
    usual = await findings(lab_url, "jit=off", "SELECT count(*) FROM items", analyze=False)
    assert "serial" not in {finding.kind for finding in usual}


@pytest.mark.parametrize(("kind", "sql", "title"), ESTIMATED)
async def test_insight_on_an_estimated_plan(shop_url: str, kind: str, sql: str, title: str) -> None:
    finding = of_kind(await findings(shop_url, SERIAL, sql, analyze=False), kind)
    assert title in finding.title


@pytest.mark.parametrize(("kind", "database", "sql", "title"), WRITTEN)
async def test_insight_on_a_statement_that_writes(
    shop_url: str, lab_url: str, kind: str, database: str, sql: str, title: str
) -> None:
    url = {"shop": shop_url, "lab": lab_url}[database]
    found = await findings(url, SERIAL, sql, analyze=True, writing=True)
    assert title in of_kind(found, kind).title


@pytest.mark.parametrize(
    "kind",
    [
        "planning",
        "reading_from_disk",
        "parallel_skew",
        "parallel_overhead",
        "outside_nodes",
        "timing_overhead",
    ],
)
def test_insight_on_a_recorded_plan(kind: str) -> None:
    plan = read_plan(json.loads((RECORDED / f"{kind}.json").read_text()))
    assert 0 < of_kind(find_all(PlanView(plan, Surroundings())), kind).share <= 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM orders WHERE id = 7",
        "SELECT count(*) FROM orders",
        "SELECT c.email FROM customers c JOIN orders o ON o.customer_id = c.id WHERE o.id = 7",
        "SELECT * FROM orders ORDER BY id LIMIT 10",
        "SELECT 1",
    ],
)
async def test_good_plans_have_no_findings(shop_url: str, sql: str) -> None:
    found = await findings(shop_url, f"{SERIAL} jit=off", sql, analyze=True)
    assert [f.title for f in found if f.kind != "planning"] == []


def test_every_insight_has_a_test() -> None:
    tested = {case[0] for case in MEASURED} | {case[0] for case in ESTIMATED + WRITTEN}
    tested |= {path.stem for path in RECORDED.glob("*.json")}
    assert {find.__module__.rpartition(".")[2] for find in INSIGHTS} == tested
