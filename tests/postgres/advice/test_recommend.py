"""recommend_indexes over stdio: what it recommends is built and used for real."""

import json

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from tests.postgres.conftest import make_database
from tests.support.stdio import Answer, ServerClient, open_client

FEED = "SELECT id, slug FROM posts WHERE status = 'live' ORDER BY published_at DESC LIMIT $1"
BY_MAIL = "SELECT id FROM accounts WHERE lower(email) = 'user77@example.org'"
THREAD = 'SELECT body FROM "Comments" WHERE "postId" = $1 ORDER BY created_at'
BY_VIEW = "SELECT author, score FROM live_posts WHERE slug = 'post-7919'"
COUNT = "SELECT count(*) FROM posts"
VISITS = "SELECT path FROM visits WHERE account_id = 12"
GONE = "SELECT id FROM accounts WHERE deleted_at IS NOT NULL"
SEARCH = "SELECT id FROM posts WHERE title ILIKE '%needle%' OR tags @> ARRAY['t1']"
QUERIES = [FEED, BY_MAIL, THREAD, BY_VIEW, COUNT, VISITS, GONE, SEARCH]


@pytest.fixture(scope="module")
async def answer(web: ServerClient) -> Answer:
    found = await web.call("recommend_indexes", queries=QUERIES)
    assert not found.is_error, found.text
    return found


def statements(answer: Answer) -> list[str]:
    return [index["statement"] for index in answer.structured["indexes"]]


async def test_every_recommended_index_can_be_built_and_is_used(
    answer: Answer, web_url: str
) -> None:
    literal = [sql.replace("$1", "77") for sql in QUERIES]
    connection = await asyncpg.connect(web_url)
    changes = connection.transaction()
    await changes.start()
    before = [await total_cost(connection, sql) for sql in literal]
    names = []
    for number, statement in enumerate(statements(answer)):
        plain = statement.replace(" CONCURRENTLY", "").replace(" ON ", f" advised_{number} ON ", 1)
        await connection.execute(plain)
        names.append(f"advised_{number}")
    plans = [await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}") for sql in literal]
    after = [await total_cost(connection, sql) for sql in literal]
    await changes.rollback()
    await connection.close()
    on_partitions = {"visits_1_account_id", "visits_2_account_id"}
    for name, statement in zip(names, statements(answer), strict=True):
        wanted = on_partitions if " visits " in statement else {name}
        assert any(any(w in plan for w in wanted) for plan in plans), statement
    assert sum(before) == pytest.approx(answer.structured["before"], rel=0.05)
    assert sum(after) == pytest.approx(answer.structured["after"], rel=0.05)
    assert sum(after) < sum(before) / 2


async def total_cost(connection: "asyncpg.Connection[asyncpg.Record]", sql: str) -> float:
    plan = json.loads(await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}"))[0]["Plan"]
    return float(plan["Total Cost"])


def test_each_query_gets_what_it_needs(answer: Answer) -> None:
    text = "\n".join(statements(answer))
    assert "lower(email)" in text
    assert '"Comments" ("postId"' in text
    assert "posts (published_at DESC" in text
    assert "posts (slug" in text
    assert "visits (account_id" in text
    assert "deleted_at IS NOT NULL" in text


def test_a_partitioned_table_is_not_told_to_build_concurrently(answer: Answer) -> None:
    [statement] = [s for s in statements(answer) if " visits " in s]
    assert "CONCURRENTLY" not in statement
    assert "attach" in answer.text


def test_why_a_query_gains_nothing_is_said(answer: Answer) -> None:
    verdicts = {v["query"]: v for v in answer.structured["queries"]}
    assert "reading it whole is cheapest" in verdicts["Q5"]["why"]
    assert "why" not in verdicts["Q2"]


def test_what_only_gin_serves_is_said_to_be_from_rules(answer: Answer) -> None:
    rules = "\n".join(answer.structured["suggestions"])
    assert "gin (title gin_trgm_ops)" in rules
    assert "gin (tags)" in rules


async def test_an_index_that_becomes_redundant_is_named(web: ServerClient) -> None:
    best = "SELECT id FROM posts WHERE account_id = $1 ORDER BY score DESC LIMIT 5"
    found = await web.call("recommend_indexes", queries=[best])
    [index] = found.structured["indexes"]
    assert "posts (account_id, score DESC" in index["statement"]
    [drop] = index["redundant"]
    assert drop["statement"] == "DROP INDEX CONCURRENTLY posts_by_account;"


def test_the_answer_is_short_and_says_everything_in_text(answer: Answer) -> None:
    assert len(answer.text) < 8_000
    for index in answer.structured["indexes"]:
        assert index["statement"] in answer.text


async def test_a_fresh_process_says_the_same(answer: Answer, web_url: str) -> None:
    env = {"DATABASE_URL": web_url, "PYTHONHASHSEED": "5"}
    async with open_client("postgres", env=env, args=["--output", "structured"]) as other:
        again = await other.call("recommend_indexes", queries=QUERIES)
    assert statements(again) == statements(answer)
    assert again.structured["after"] == answer.structured["after"]
    assert again.structured["total_bytes"] == answer.structured["total_bytes"]


async def test_nothing_is_left_behind(answer: Answer, web_url: str) -> None:
    connection = await asyncpg.connect(web_url)
    indexes = await connection.fetchval(
        "SELECT count(*) FROM pg_indexes "
        "WHERE schemaname = 'public' AND indexname !~ 'pkey|posts_by'"
    )
    await connection.close()
    assert indexes == 0


async def test_the_budget_holds(web: ServerClient) -> None:
    small = await web.call("recommend_indexes", queries=QUERIES, budget_mb=1.5)
    assert 0 < small.structured["total_bytes"] <= 1.5 * 2**20
    assert "not within the limits" in small.text


async def test_at_most_so_many_indexes(web: ServerClient) -> None:
    one = await web.call("recommend_indexes", queries=QUERIES, max_indexes=1)
    assert len(one.structured["indexes"]) == 1


async def test_nothing_to_gain_is_an_answer(web: ServerClient) -> None:
    found = await web.call("recommend_indexes", queries=["SELECT * FROM accounts WHERE id = 5"])
    assert "No index is worth creating" in found.text
    assert "already read by index (accounts_pkey)" in found.text


async def test_dml_is_examined_by_its_where(web: ServerClient, web_url: str) -> None:
    found = await web.call("recommend_indexes", queries=["DELETE FROM accounts WHERE email = $1"])
    assert "accounts (email)" in found.text
    assert "INCLUDE" not in statements(found)[0]


async def test_a_partial_index_serves_a_table_that_is_not_the_first(
    web: ServerClient, web_url: str
) -> None:
    sql = (
        "SELECT a.email, p.title FROM accounts AS a JOIN posts AS p ON p.account_id = a.id "
        "WHERE p.status = 'gone' AND p.score = 7"
    )
    found = await web.call("recommend_indexes", queries=[sql])
    [statement] = [s for s in statements(found) if " posts (" in s]
    assert "posts (score" in statement
    assert "WHERE status = 'gone'" in statement
    connection = await asyncpg.connect(web_url)
    build = connection.transaction()
    await build.start()
    await connection.execute(statement.replace(" CONCURRENTLY ON", " advised ON"))
    plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {sql}")
    await build.rollback()
    await connection.close()
    assert "advised" in plan


async def test_gin_is_weighed_with_the_others_and_its_size_is_near(
    web: ServerClient, web_url: str
) -> None:
    sql = "SELECT id FROM posts WHERE meta @> '{\"lang\": 3}' AND tags @> ARRAY['t7']"
    found = await web.call("recommend_indexes", queries=[sql])
    [index] = [i for i in found.structured["indexes"] if "USING gin" in i["statement"]]
    assert "gin (tags)" in index["statement"]
    assert index["queries"][0]["after"] < index["queries"][0]["before"]
    connection = await asyncpg.connect(web_url)
    build = connection.transaction()
    await build.start()
    await connection.execute(index["statement"].replace(" CONCURRENTLY ON", " advised ON"))
    size = await connection.fetchval("SELECT pg_relation_size('advised')")
    await build.rollback()
    await connection.close()
    assert index["bytes"] == pytest.approx(size, rel=0.3)


async def test_a_queue_read_with_row_locks_is_examined(web: ServerClient) -> None:
    sql = (
        "SELECT id FROM posts WHERE status = 'gone' ORDER BY published_at LIMIT 10 "
        "FOR UPDATE SKIP LOCKED"
    )
    found = await web.call("recommend_indexes", queries=[sql])
    assert "posts (published_at" in statements(found)[0]


async def test_a_view_made_for_one_query_is_read_as_part_of_it(web: ServerClient) -> None:
    sql = (
        "CREATE VIEW best (who, most) AS SELECT account_id, max(score) FROM posts "
        "WHERE slug = 'post-7919' GROUP BY account_id; "
        "SELECT most FROM best WHERE who > 5; DROP VIEW best;"
    )
    found = await web.call("recommend_indexes", queries=[sql])
    assert "posts (slug" in statements(found)[0]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM postz", "Did you mean `posts`"),
        ("SELECT 1; DROP TABLE posts", "2 statements"),
        ("SELECT pg_sleep(1)", "only reads"),
        ("DROP TABLE posts", "not allowed"),
        ("SELECT 1 FROM posts WHERE", "not valid SQL"),
    ],
)
async def test_a_query_that_cannot_be_examined_is_named(
    web: ServerClient, sql: str, said: str
) -> None:
    found = await web.call("recommend_indexes", queries=[COUNT, sql])
    assert found.is_error
    assert "Query Q2" in found.text
    assert said in found.text


async def test_the_workload_is_the_default(web: ServerClient, web_url: str) -> None:
    connection = await asyncpg.connect(web_url)
    for number in range(5):
        await connection.fetch("SELECT slug, title FROM posts WHERE score = 7 AND id > $1", number)
    await connection.close()
    found = await web.call("recommend_indexes")
    assert not found.is_error, found.text
    assert "From pg_stat_statements" in found.text
    assert any("FROM posts WHERE score = $" in q["text"] for q in found.structured["queries"])


async def test_without_hypopg_the_statistics_speak(postgres_server: PostgresServer) -> None:
    url = await make_database(postgres_server, "web_bare", "advice/web.sql")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        found = await client.call("recommend_indexes", queries=[THREAD, COUNT])
    assert not found.is_error, found.text
    assert 'CREATE INDEX CONCURRENTLY ON "Comments" ("postId");' in found.text
    assert "CREATE EXTENSION hypopg" in found.text
