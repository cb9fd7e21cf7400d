"""Migrations: what is foretold is what PostgreSQL does, statement by statement."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from tests.postgres.conftest import held_open, make_database
from tests.support.stdio import ServerClient

STATEMENTS = [
    "ALTER TABLE things ADD COLUMN a integer",
    "ALTER TABLE things ADD COLUMN a integer NOT NULL DEFAULT 1",
    "ALTER TABLE things ADD COLUMN a timestamptz DEFAULT now()",
    "ALTER TABLE things ADD COLUMN a timestamptz DEFAULT clock_timestamp()",
    "ALTER TABLE things ADD COLUMN a uuid DEFAULT gen_random_uuid()",
    "ALTER TABLE things ADD COLUMN a integer DEFAULT nextval('numbers')",
    "ALTER TABLE things ADD COLUMN a serial",
    "ALTER TABLE things ADD COLUMN a integer GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE things ADD COLUMN a integer GENERATED ALWAYS AS (id * 2) STORED",
    "ALTER TABLE things ADD COLUMN a percent",
    "ALTER TABLE things ADD COLUMN a plain_text DEFAULT 'x'",
    "ALTER TABLE things ADD COLUMN a integer NOT NULL",
    "ALTER TABLE things ADD COLUMN a integer REFERENCES owners (id)",
    "ALTER TABLE things ADD COLUMN a integer UNIQUE",
    "ALTER TABLE things ADD COLUMN note text",
    "ALTER TABLE things ADD COLUMN IF NOT EXISTS note text",
    "ALTER TABLE things DROP COLUMN amount",
    "ALTER TABLE things DROP COLUMN note",
    "ALTER TABLE things DROP COLUMN note CASCADE",
    "ALTER TABLE things DROP COLUMN nothing",
    "ALTER TABLE things DROP COLUMN IF EXISTS nothing",
    "ALTER TABLE things ALTER COLUMN code TYPE varchar(40)",
    "ALTER TABLE things ALTER COLUMN code TYPE varchar(10)",
    "ALTER TABLE things ALTER COLUMN code TYPE varchar",
    "ALTER TABLE things ALTER COLUMN code TYPE text",
    "ALTER TABLE things ALTER COLUMN code TYPE char(20)",
    "ALTER TABLE things ALTER COLUMN code TYPE plain_text",
    "ALTER TABLE things ALTER COLUMN kept TYPE varchar",
    "ALTER TABLE things ALTER COLUMN kept TYPE varchar(50)",
    "ALTER TABLE things ALTER COLUMN amount TYPE numeric(12, 2)",
    "ALTER TABLE things ALTER COLUMN amount TYPE numeric(12, 4)",
    "ALTER TABLE things ALTER COLUMN amount TYPE numeric",
    "ALTER TABLE things ALTER COLUMN amount TYPE bigint",
    "ALTER TABLE things ALTER COLUMN seen TYPE timestamp(6)",
    "ALTER TABLE things ALTER COLUMN seen TYPE timestamp",
    "ALTER TABLE things ALTER COLUMN seen TYPE timestamp(0)",
    "ALTER TABLE things ALTER COLUMN flags TYPE bit varying(16)",
    "ALTER TABLE things ALTER COLUMN owner_id TYPE bigint",
    "ALTER TABLE things ALTER COLUMN owner_id TYPE bigint USING owner_id + 0",
    "ALTER TABLE things ALTER COLUMN owner_id TYPE percent",
    "ALTER TABLE things ALTER COLUMN note TYPE varchar",
    "ALTER TABLE things ALTER COLUMN amount SET DEFAULT 0",
    "ALTER TABLE things ALTER COLUMN amount SET NOT NULL",
    "ALTER TABLE things ALTER COLUMN note SET NOT NULL",
    "ALTER TABLE things ALTER COLUMN kept SET NOT NULL",
    "ALTER TABLE things ALTER COLUMN amount DROP NOT NULL",
    "ALTER TABLE things ALTER COLUMN amount SET STATISTICS 500",
    "ALTER TABLE things ALTER COLUMN note SET STORAGE EXTERNAL",
    "ALTER TABLE things SET (fillfactor = 80)",
    "ALTER TABLE things SET UNLOGGED",
    "ALTER TABLE things ADD CONSTRAINT c CHECK (id > 0)",
    "ALTER TABLE things ADD CONSTRAINT c CHECK (id > 0) NOT VALID",
    "ALTER TABLE things ADD CONSTRAINT c FOREIGN KEY (id) REFERENCES large (id) NOT VALID",
    "ALTER TABLE things ADD CONSTRAINT c FOREIGN KEY (owner_id) REFERENCES owners (id)",
    "ALTER TABLE things ADD CONSTRAINT c UNIQUE (owner_id)",
    "ALTER TABLE things ADD CONSTRAINT c UNIQUE (code)",
    "ALTER TABLE things ADD CONSTRAINT c UNIQUE (owner_id, id)",
    "ALTER TABLE things ADD CONSTRAINT c EXCLUDE USING btree (code WITH =)",
    "ALTER TABLE things DROP CONSTRAINT kept_there",
    "ALTER TABLE things VALIDATE CONSTRAINT kept_there",
    "ALTER TABLE things DISABLE TRIGGER ALL",
    "ALTER TABLE things ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE things RENAME TO stuff",
    "ALTER TABLE things RENAME COLUMN note TO remark",
    "ALTER TABLE things OWNER TO CURRENT_USER",
    "ALTER TABLE nothing ADD COLUMN a integer",
    "ALTER TABLE IF EXISTS nothing ADD COLUMN a integer",
    "ALTER TABLE days ATTACH PARTITION days_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "ALTER TABLE days DETACH PARTITION days_2025",
    "ALTER INDEX things_code RENAME TO things_by_code",
    "CREATE TABLE days_2027 PARTITION OF days FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    "CREATE TABLE things (id integer)",
    "CREATE TABLE IF NOT EXISTS things (id integer)",
    "CREATE TABLE parts (id integer PRIMARY KEY, thing_id integer REFERENCES things (id))",
    "CREATE INDEX ON things (note)",
    "CREATE INDEX things_code ON things (note)",
    "CREATE INDEX IF NOT EXISTS things_code ON things (note)",
    "CREATE UNIQUE INDEX ON things (owner_id)",
    "CREATE UNIQUE INDEX ON things (code)",
    "CREATE INDEX ON days (n)",
    "CREATE INDEX ON nothing (n)",
    "CREATE STATISTICS s ON code, note FROM things",
    "CREATE TRIGGER t BEFORE UPDATE ON things FOR EACH ROW "
    "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "CREATE POLICY p ON things USING (true)",
    "DROP INDEX things_code",
    "DROP INDEX things_pkey",
    "DROP INDEX IF EXISTS nothing",
    "DROP TABLE things",
    "DROP TABLE things CASCADE",
    "DROP TABLE owners",
    "DROP TABLE days_2026",
    "DROP VIEW noted",
    "TRUNCATE things",
    "TRUNCATE owners",
    "TRUNCATE owners CASCADE",
    "REINDEX TABLE things",
    "CLUSTER things USING things_code",
    "REFRESH MATERIALIZED VIEW counted",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY counted",
    "LOCK TABLE things IN SHARE MODE",
    "COMMENT ON TABLE things IS 'x'",
    "GRANT SELECT ON things TO public",
    "UPDATE things SET note = 'y'",
    "DELETE FROM things WHERE id = 1",
    "INSERT INTO owners VALUES (501, 'new')",
]

LOCKS = """
SELECT l.relation, l.mode FROM pg_locks AS l
WHERE l.pid = pg_backend_pid() AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
    AND l.relation = ANY ($1::oid[])
"""
FILES = """
SELECT oid, relname, relfilenode FROM pg_class
WHERE relkind IN ('r', 'p', 'm', 'v') AND relnamespace = 'public'::regnamespace
"""
ORDER = [
    "ROW EXCLUSIVE",
    "SHARE UPDATE EXCLUSIVE",
    "SHARE",
    "SHARE ROW EXCLUSIVE",
    "EXCLUSIVE",
    "ACCESS EXCLUSIVE",
]


@pytest.fixture(scope="session")
async def migrations_url(postgres_server: PostgresServer) -> str:
    return await make_database(postgres_server, "migrations", "migrations.sql")


@pytest.fixture(scope="session")
async def migrations(migrations_url: str) -> AsyncIterator[ServerClient]:
    async with held_open(migrations_url, args=["--output", "structured"]) as client:
        yield client


async def run_and_roll_back(url: str, sql: str) -> tuple[dict[str, str], set[str], str | None]:
    """Return the strongest lock on each table, the tables whose file is another, and the error."""
    connection = await asyncpg.connect(url)
    try:
        before = await connection.fetch(FILES)
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(sql)
        except asyncpg.PostgresError as error:
            return {}, set(), str(error)
        names = {row["oid"]: row["relname"] for row in before}
        held: dict[str, str] = {}
        for oid, mode in await connection.fetch(LOCKS, list(names)):
            lock = re.sub(r"(?<=.)(?=[A-Z])", " ", mode.removesuffix("Lock")).upper()
            held[names[oid]] = max(held.get(names[oid], lock), lock, key=ORDER.index)
        files = {row["oid"]: row["relfilenode"] for row in await connection.fetch(FILES)}
        new = {names[r["oid"]] for r in before if files.get(r["oid"]) not in (None, r[2])}
        await transaction.rollback()
        return held, new, None
    finally:
        await connection.close()


@pytest.mark.parametrize("sql", STATEMENTS)
async def test_foretold_is_what_happens(
    migrations: ServerClient, migrations_url: str, sql: str
) -> None:
    answer = await migrations.call("check_migration", sql=sql)
    [told] = answer.structured["statements"]
    held, rewritten, error = await run_and_roll_back(migrations_url, sql)
    assert (told["danger"] == "fails") == (error is not None), (told, error)
    if error is not None:
        return
    foretold: dict[str, str] = {}
    rewrites = set()
    for effect in told["effects"]:
        match = re.match(r"([A-Z ]+) on (\S+) \(", effect)
        if match is None:
            continue
        lock, table = match[1].strip(), match[2]
        foretold[table] = max(foretold.get(table, lock), lock, key=ORDER.index)
        if "all of it is written anew" in effect:
            rewrites.add(table)
    # Locks that block nobody but other schema changes may be missing from what is told, and those
    # of the partitions are told with their table's.
    weak = ("ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE")
    if "with its partitions" in str(told["effects"]):
        held = {table: lock for table, lock in held.items() if foretold.get("days") != lock} | {
            table: held[table] for table in foretold if table in held
        }
    lost = [effect for effect in told["effects"] if effect.startswith("Loses")]
    missed = {
        table: lock
        for table, lock in held.items()
        if foretold.get(table) != lock and lock not in weak and table not in str(lost)
    }
    assert not missed, (told, held)
    assert all(held.get(table) == lock for table, lock in foretold.items()), (told, held)
    moved = rewritten if "TRUNCATE" not in sql and "REFRESH" not in sql else set()
    assert rewrites == moved, (told, rewritten)


async def test_state_is_followed_through_the_script(migrations: ServerClient) -> None:
    script = """
        ALTER TABLE things ADD COLUMN a integer;
        ALTER TABLE things ADD CONSTRAINT a_there CHECK (a IS NOT NULL) NOT VALID;
        ALTER TABLE things VALIDATE CONSTRAINT a_there;
        ALTER TABLE things ALTER COLUMN a SET NOT NULL;
        CREATE TABLE fresh (id integer);
        CREATE INDEX ON fresh (id);
        ALTER TABLE things DROP COLUMN a;
        ALTER TABLE things ALTER COLUMN a SET DEFAULT 1;
    """
    answer = await migrations.call("check_migration", sql=script)
    statements = answer.structured["statements"]
    assert "a valid CHECK proves it" in statements[3]["effects"][0]
    assert statements[5]["danger"] == "safe"
    assert statements[7]["danger"] == "fails"


async def test_size_decides_what_is_dangerous(migrations: ServerClient) -> None:
    small = await migrations.call("check_migration", sql="CREATE INDEX ON things (note)")
    large = await migrations.call("check_migration", sql="CREATE INDEX ON large (n)")
    better = await migrations.call("check_migration", sql="CREATE INDEX CONCURRENTLY ON large (n)")
    update = await migrations.call("check_migration", sql="UPDATE large SET body = 'y'")
    assert small.structured["statements"][0]["danger"] == "careful"
    assert large.structured["statements"][0]["danger"] == "dangerous"
    assert "CONCURRENTLY" in large.structured["statements"][0]["instead"]
    assert better.structured["statements"][0]["danger"] == "safe"
    assert update.structured["statements"][0]["danger"] == "dangerous"
    assert "120,000 rows" in update.structured["statements"][0]["effects"][0]


async def test_transaction_holds_a_lock_through_a_long_statement(migrations: ServerClient) -> None:
    script = """
        BEGIN;
        ALTER TABLE things ADD COLUMN a integer;
        CREATE INDEX ON large (n);
        CREATE INDEX CONCURRENTLY ON large (n, id);
        COMMIT;
    """
    answer = await migrations.call("check_migration", sql=script)
    statements = answer.structured["statements"]
    assert statements[1]["danger"] == "dangerous"
    assert "held until the COMMIT" in statements[1]["effects"][-1]
    assert statements[3]["danger"] == "fails"


async def test_rules_of_squawk_are_joined_to_their_statements(migrations: ServerClient) -> None:
    script = "CREATE TABLE a (id bigint);\n-- a comment\nALTER TABLE things DROP COLUMN amount;"
    answer = await migrations.call("check_migration", sql=script)
    first, second = answer.structured["statements"]
    assert "ban-drop-column" in second["rules"]
    assert "ban-drop-column" not in first["rules"]
    assert answer.structured["rules"]["ban-drop-column"]


async def test_waiting_transactions_are_named(
    migrations: ServerClient, migrations_url: str
) -> None:
    connection = await asyncpg.connect(migrations_url)
    try:
        async with connection.transaction():
            await connection.fetch("SELECT * FROM owners")
            pid = connection.get_server_pid()
            open_for = "SELECT now() < clock_timestamp() - interval '5.1 seconds'"
            while not await connection.fetchval(open_for):
                await connection.execute("SELECT pg_sleep(0.2)")
            answer = await migrations.call(
                "check_migration", sql="ALTER TABLE owners ADD COLUMN a integer"
            )
    finally:
        await connection.close()
    assert (
        f"Waits behind {pid}: active" in answer.text or f"Waits behind {pid}: idle" in answer.text
    )


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("ALTER TABEL things", "line 1, column 7"),
        ("-- nothing", "no statement"),
        ("ALTER TABLE tings ADD a integer", "Did you mean `things`"),
        ("DO $$ BEGIN END $$", "only known when it runs"),
    ],
)
async def test_what_cannot_be_judged_is_said(migrations: ServerClient, sql: str, says: str) -> None:
    assert says in (await migrations.call("check_migration", sql=sql)).text


async def test_nothing_is_run(migrations: ServerClient, migrations_url: str) -> None:
    await asyncio.gather(
        *(migrations.call("check_migration", sql=f"DROP TABLE {t}") for t in ("large", "things"))
    )
    connection: Any = await asyncpg.connect(migrations_url)
    assert await connection.fetchval("SELECT count(*) FROM large") == 120_000
    await connection.close()
