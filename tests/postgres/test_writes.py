"""A statement that writes is measured only with --allow-writes and a yes, and is rolled back."""

import asyncpg
import pytest

from devstack.postgres import PostgresServer
from tests.postgres.conftest import make_database
from tests.support.stdio import User, open_client

ALLOWED = ["--allow-writes"]
DELETE = "DELETE FROM victims WHERE n > 5"
ROWS = "SELECT count(*) FROM victims"


@pytest.fixture(scope="module")
async def writes_url(postgres_server: PostgresServer) -> str:
    return await make_database(postgres_server, "writes", "evil.sql")


async def count(url: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(ROWS))
    finally:
        await connection.close()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_yes_measures_and_rolls_back(writes_url: str, mode: str) -> None:
    user = User("yes")
    env = {"DATABASE_URL": writes_url}
    async with open_client(
        "postgres", env=env, args=ALLOWED, mode=mode, elicitation_callback=user
    ) as client:
        deleted = await client.call("explain_query", sql=DELETE, analyze=True)
        bound = await client.call(
            "explain_query",
            sql="UPDATE victims SET n = $1 WHERE id = $2",
            params=[7, 3],
            analyze=True,
        )
        read = await client.call("explain_query", sql="SELECT * FROM victims", analyze=True)
    assert not deleted.is_error, deleted.text
    assert "Delete on victims" in deleted.text
    assert "rows 5" in deleted.text
    assert "rolled back" in deleted.text
    assert "Update on victims" in bound.text
    assert not read.is_error
    assert [DELETE in question for question in user.asked] == [True, False]
    assert await count(writes_url) == 10


@pytest.mark.parametrize("said", ["no", "decline", "cancel"])
async def test_without_a_yes_it_is_not_run(writes_url: str, said: str) -> None:
    user = User(said)  # type: ignore[arg-type]
    env = {"DATABASE_URL": writes_url}
    async with open_client("postgres", env=env, args=ALLOWED, elicitation_callback=user) as client:
        answer = await client.call("explain_query", sql=DELETE, analyze=True)
    assert answer.is_error
    assert "Nothing was done" in answer.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_question_names_the_database(writes_url: str, shop_url: str, mode: str) -> None:
    user = User("yes")
    env = {"DATABASE_URL": shop_url, "STACKSIGHT_DATABASES": f"other={writes_url}"}
    async with open_client(
        "postgres", env=env, args=ALLOWED, mode=mode, elicitation_callback=user
    ) as client:
        answer = await client.call("explain_query", sql=DELETE, analyze=True, database="other")
        await client.call("explain_query", sql="DELETE FROM customers", analyze=True)
    assert not answer.is_error, answer.text
    assert ["database other" in question for question in user.asked] == [True, False]
    assert "database main" in user.asked[1]


async def test_without_the_flag_nobody_is_asked(writes_url: str) -> None:
    user = User("yes")
    async with open_client(
        "postgres", env={"DATABASE_URL": writes_url}, elicitation_callback=user
    ) as client:
        answer = await client.call("explain_query", sql=DELETE, analyze=True)
        [tool] = [tool for tool in await client.tools() if tool.name == "explain_query"]
    assert answer.is_error
    assert "--allow-writes" in answer.text
    assert user.asked == []
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint


async def test_other_commands_are_refused_even_then(writes_url: str) -> None:
    user = User("yes")
    env = {"DATABASE_URL": writes_url}
    async with open_client("postgres", env=env, args=ALLOWED, elicitation_callback=user) as client:
        for sql in (
            "TRUNCATE victims",
            "DELETE FROM victims; COMMIT",
            "UPDATE victims SET n = evil()",
        ):
            assert (await client.call("explain_query", sql=sql, analyze=True)).is_error
        written = await client.call("run_query", sql=DELETE)
        [tool] = [tool for tool in await client.tools() if tool.name == "explain_query"]
    assert written.is_error
    assert tool.annotations is not None
    assert not tool.annotations.read_only_hint
    assert await count(writes_url) == 10
