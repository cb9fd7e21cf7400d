"""check_health, on a database that has what it looks for."""

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from stacksight_postgres.health import server, tables
from stacksight_postgres.health.model import Rows
from tests.postgres.conftest import make_database
from tests.support.stdio import open_client


@pytest.fixture(scope="session")
async def sick_url(postgres_server: PostgresServer) -> str:
    return await make_database(postgres_server, "sick", "sick.sql")


async def test_what_is_wrong_is_found_with_its_fix(sick_url: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": sick_url}) as client:
        text = (await client.call("check_health")).text
    assert "WARNING vacuum: 3 tables" in text
    assert "VACUUM children; ALTER TABLE children RESET (autovacuum_enabled)" in text
    assert "parents_name_again_idx on parents" in text
    assert "is the same as parents_name_idx" in text
    assert "is the beginning of children_name_id_idx" in text
    assert "CREATE INDEX CONCURRENTLY ON children (parent_id)" in text
    assert "children_id_seq has used 93% of its 2,147,483,647 values" in text
    assert 'ALTER TABLE children VALIDATE CONSTRAINT "positive"' in text
    assert "fsync is off" in text
    assert "VACUUM FULL wasted" in text
    assert "within about a third" in text
    assert text.index("CRITICAL") < text.index("WARNING") < text.index("OK ")
    assert len(text) < 8_000


TABLES = ["usual", "eager", "patient", "quiet"]


async def delete_rows(url: str, names: list[str]) -> None:
    connection = await asyncpg.connect(url)
    try:
        for table in names:
            await connection.execute(f"DELETE FROM {table} WHERE n <= 30000")
    finally:
        await connection.close()  # which is when the last counters are sent


async def test_a_tables_own_autovacuum_settings_count(postgres_server: PostgresServer) -> None:
    url = await make_database(postgres_server, "own_settings", "own_settings.sql")
    holder = await asyncpg.connect(url)
    try:
        async with holder.transaction():  # an autovacuum leaves out what is locked
            await holder.execute(f"LOCK TABLE {', '.join(TABLES)} IN SHARE UPDATE EXCLUSIVE MODE")
            await delete_rows(url, TABLES)
            async with open_client("postgres", env={"DATABASE_URL": url}) as client:
                text = (await client.call("check_health", checks=["vacuum"])).text
    finally:
        await holder.close()
    assert "WARNING vacuum: 4 tables" in text
    assert "eager has 30,000 dead rows" in text
    assert "autovacuum is due at 10,050 by the table's own settings" in text
    assert "quiet has 30,000 dead rows" in text
    assert "ALTER TABLE quiet RESET (autovacuum_enabled)" in text
    assert "patient" not in text
    assert "usual" not in text


async def test_only_the_checks_asked_for(sick_url: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": sick_url}) as client:
        answer = await client.call("check_health", checks=["sequences", "sequences"])
        wrong = await client.call("check_health", checks=["everything"])
    assert "1 check:" in answer.text
    assert wrong.is_error
    assert "foreign_keys" in wrong.text


async def test_what_cannot_be_seen_is_skipped_and_stops_nothing(sick_url: str) -> None:
    connection = await asyncpg.connect(sick_url)
    await connection.execute("DROP ROLE IF EXISTS limited")
    await connection.execute("CREATE ROLE limited LOGIN PASSWORD 'limited'")
    await connection.execute("REVOKE ALL ON pg_sequences FROM public")
    url = sick_url.replace("stacksight:stacksight", "limited:limited")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        text = (await client.call("check_health")).text
    await connection.execute("GRANT SELECT ON pg_sequences TO public; DROP ROLE limited")
    await connection.close()
    assert "SKIPPED transactions: not examined" in text
    assert "GRANT pg_monitor TO the role `limited`" in text
    assert "SKIPPED sequences: not examined: permission denied" in text
    assert "WARNING foreign_keys" in text
    assert "OK transactions" not in text


async def test_too_little_to_judge_is_not_ok(sick_url: str) -> None:
    few = [{"hit": 10, "read": 5, "age_s": 60.0}]
    assert server.cache(few).status == "skipped"
    assert server.checkpoints([{"timed": 1, "requested": 1, "age_s": None}]).status == "skipped"
    assert tables.bloat(
        [{"name": "t", "kind": "table", "bytes": 8192, "expected": 1.0}]
    ).status == ("skipped")


@pytest.mark.parametrize(
    ("rows", "status"),
    [
        ([], "ok"),
        ([{"kind": "slot", "name": "s", "active": True, "bytes": 1.0, "lag_s": None}], "ok"),
        ([{"kind": "slot", "name": "s", "active": False, "bytes": 1.0, "lag_s": None}], "warning"),
        ([{"kind": "slot", "name": "s", "active": True, "bytes": 2e10, "lag_s": None}], "critical"),
        (
            [{"kind": "replica", "name": "r", "active": True, "bytes": 9.0, "lag_s": 99.0}],
            "warning",
        ),
    ],
)
def test_replication(rows: Rows, status: str) -> None:
    assert server.replication(rows).status == status


@pytest.mark.parametrize(
    ("age", "status"), [(1_000, "ok"), (1_200_000_000, "warning"), (1_700_000_000, "critical")]
)
def test_wraparound(age: int, status: str) -> None:
    row = {"name": "t", "xid_age": age, "multixact_age": 0, "examined": 1, "freeze_at": 2}
    assert tables.wraparound([row]).status == status


@pytest.mark.parametrize(("used", "status"), [(50, "ok"), (85, "warning"), (97, "critical")])
def test_connections(used: int, status: str) -> None:
    assert server.connections([{"used": used, "idle": 0, "most": 100}]).status == status
