"""Sizes are those of indexes really built."""

import asyncpg
import pytest

from stacksight_postgres.advice.model import IndexKey, IndexSpec, Table
from stacksight_postgres.advice.sizes import estimate_bytes, needs_sample
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.advice_sample import sample_table
from stacksight_postgres.source.advice_tables import load_catalog
from stacksight_postgres.source.database import Database

TOLERANCE = 0.3
LIVE = ("status = 'live'",)


def index(
    table: str, *keys: str, include: tuple[str, ...] = (), where: tuple[str, ...] = ()
) -> IndexSpec:
    return IndexSpec(table, tuple(IndexKey(key, (key,)) for key in keys), include, where)


@pytest.mark.parametrize(
    "spec",
    [
        index("accounts", "country"),
        index("accounts", "created_at"),
        index("accounts", "email"),
        index("accounts", "country", "created_at"),
        index("posts", "status"),
        index("posts", "slug"),
        index("posts", "score", "status"),
        index("posts", "account_id", "published_at"),
        index("posts", "account_id", include=("title", "score")),
        index("posts", "account_id", where=LIVE),
        index("posts", "score", include=("slug",), where=LIVE),
        index('"Comments"', "account_id"),
        index('"Comments"', "account_id", "created_at"),
    ],
    ids=lambda spec: spec.create()[16:],
)
async def test_an_estimate_is_near_the_size_of_the_built_index(
    web_url: str, spec: IndexSpec
) -> None:
    database = Database(Settings.model_validate({"database_url": web_url}))
    async with database.session() as session:
        name = spec.table.strip('"')
        table = (await load_catalog(session, {("", name)}))[("", name)]
        assert isinstance(table, Table)
        sets = [needs_sample(spec, table)] if needs_sample(spec, table) else []
        predicates = [spec.predicate] if spec.where else []
        expressions = [key.sql for key in spec.keys if key.sql.startswith("(")]
        sample = await sample_table(session, table, sets, predicates, expressions)
    await database.close()
    connection = await asyncpg.connect(web_url)
    build = connection.transaction()
    await build.start()
    await connection.execute(spec.create("built"))
    real = await connection.fetchval("SELECT pg_relation_size('built')")
    await build.rollback()
    await connection.close()
    assert estimate_bytes(spec, table, sample) == pytest.approx(real, rel=TOLERANCE)
