"""The server as a whole: definitions, both eras, settings, a database that is down."""

import asyncio

import asyncpg
import pytest

from tests.support.progress import call_with_progress, each_era
from tests.support.stdio import INITIALIZE, ServerClient, open_client, raw_server

DOWN = "postgresql://someone:hunter2secret@127.0.0.1:1/nothing"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_both_eras_answer(shop_url: str, mode: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": shop_url}, mode=mode) as client:
        answer = await client.call("run_query", sql="SELECT 40 + 2 AS answer")
    assert "answer int4\n42" in answer.text


async def test_structured_mode_carries_every_fact(shop_url: str) -> None:
    env = {"DATABASE_URL": shop_url, "STACKSIGHT_OUTPUT": "structured"}
    async with open_client("postgres", env=env) as client:
        rows = await client.call("run_query", sql="SELECT 1 AS a, NULL AS b, 'x' AS c")
        plan = await client.call("explain_query", sql="SELECT * FROM lines WHERE product = 'x'")
        table = await client.call("describe_table", table="orders")
        objects = await client.call("list_objects")
    assert rows.structured["rows"] == [["1", None, "x"]]
    assert plan.structured["plans"][0]["tree"]
    assert {c["name"] for c in table.structured["columns"]} >= {"id", "status", "placed_at"}
    assert "orders" in [o["name"] for o in objects.structured["objects"]]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("list_objects", {}),
        ("describe_table", {"table": "a"}),
        ("run_query", {"sql": "SELECT 1"}),
        ("explain_query", {"sql": "SELECT 1"}),
    ],
)
async def test_database_down_is_a_helpful_error(tool: str, arguments: dict[str, str]) -> None:
    async with open_client("postgres", env={"DATABASE_URL": DOWN}) as client:
        assert await client.tools()
        answer = await client.call(tool, **arguments)
    assert answer.is_error
    assert "No connection to PostgreSQL" in answer.text
    assert "make up" in answer.text
    assert "hunter2secret" not in answer.text


async def test_wrong_password_is_named_and_not_shown(shop_url: str) -> None:
    url = shop_url.replace(":stacksight@", ":not-the-password@")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        answer = await client.call("list_objects")
    assert answer.is_error
    assert "refused the login" in answer.text
    assert "not-the-password" not in answer.text


async def test_url_of_another_system_is_refused() -> None:
    async with open_client("postgres", env={"DATABASE_URL": "mysql://a:b@c/d"}) as client:
        answer = await client.call("list_objects")
    assert answer.is_error
    assert "DATABASE_URL" in answer.text
    assert "postgresql://" in answer.text


async def test_url_with_a_driver_works(shop_url: str) -> None:
    url = shop_url.replace("postgresql://", "postgresql+asyncpg://")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        assert not (await client.call("run_query", sql="SELECT 1")).is_error


async def test_unknown_argument_is_refused(shop: ServerClient) -> None:
    answer = await shop.call("run_query", sql="SELECT 1", limitt=5)
    assert answer.is_error
    assert "Did you mean `limit`" in answer.text


async def test_reconnects_when_its_sessions_were_ended(shop_url: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": shop_url}) as client:
        shown = await client.call("run_query", sql="SELECT pg_backend_pid() AS pid")
        pid = int(shown.text.splitlines()[3])
        connection = await asyncpg.connect(shop_url)
        await connection.fetchval("SELECT pg_terminate_backend($1, 5000)", pid)
        await connection.close()
        answer = await client.call("run_query", sql="SELECT 1")
    assert not answer.is_error, answer.text


async def test_timeout_ends_the_statement_on_the_server(shop_url: str) -> None:
    slow = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    async with open_client("postgres", env={"DATABASE_URL": shop_url}) as client:
        answer = await client.call("run_query", sql=slow, timeout_s=0.3)
        running = await client.call(
            "run_query",
            sql="SELECT count(*) AS running FROM pg_stat_activity "
            "WHERE state = 'active' AND query LIKE '%generate_series(1, 100000) a%' "
            "AND pid <> pg_backend_pid()",
        )
    assert answer.is_error
    assert "time limit" in answer.text
    assert "running int8\n0\n" in running.text


async def test_cancelled_call_ends_the_statement_on_the_server(shop_url: str) -> None:
    slow = "SELECT count(*) FROM generate_series(1, 77777) a, generate_series(1, 77777) b"
    running = (
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' "
        "AND query LIKE '%generate_series(1, 77777) a%' AND pid <> pg_backend_pid()"
    )
    connection = await asyncpg.connect(shop_url)

    async def until(count: int) -> None:
        async with asyncio.timeout(20):
            while await connection.fetchval(running) != count:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.02)

    async with raw_server("postgres", env={"DATABASE_URL": shop_url}) as server:
        await server.request(1, "initialize", **INITIALIZE)
        await server.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        call = {"name": "run_query", "arguments": {"sql": slow}}
        await server.send({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call})
        await until(1)
        cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled"}
        await server.send({**cancel, "params": {"requestId": 2}})
        await until(0)
        alive = {"name": "run_query", "arguments": {"sql": "SELECT 1"}}
        answer = await server.request(3, "tools/call", **alive)
    await connection.close()
    assert not answer["result"].get("isError")


@each_era
async def test_a_slow_query_reports_progress_until_its_time_limit(shop_url: str, era: str) -> None:
    limit = ["--statement-timeout-s", "4"]
    async with raw_server("postgres", env={"DATABASE_URL": shop_url}, args=limit) as server:
        told, text = await call_with_progress(
            server, era, "run_query", sql="SELECT count(*) FROM orders a, orders b, orders c"
        )
    assert len(told) >= 2
    assert "ended after its time limit" in text
