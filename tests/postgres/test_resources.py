"""Plans as resources, prompts, and the completion of names."""

import json
import re
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import (
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from devstack.postgres import PostgresServer
from stacksight_postgres.plans.model import print_plan, read_plan
from tests.postgres.conftest import make_database
from tests.support.captures import check_capture_resource, handle_in
from tests.support.stdio import ServerClient, open_client

PLANS = sorted((Path(__file__).parent / "plans").glob("*.json"))
TEMPLATE = ResourceTemplateReference(type="ref/resource", uri="postgres://plans/{plan}.json")
REVIEW = PromptReference(type="ref/prompt", name="review_table")

each_era = pytest.mark.parametrize("mode", ["auto", "legacy"])


@pytest.mark.parametrize("file", PLANS, ids=lambda file: file.stem)
def test_a_plan_is_printed_as_it_was_read(file: Path) -> None:
    printed = json.loads(file.read_text())
    assert print_plan(read_plan(printed)) == [
        {key: value for key, value in printed[0].items() if key in _SHOWN and value not in ([], {})}
    ]


_SHOWN = {"Plan", "Planning Time", "Execution Time", "Settings", "Triggers", "JIT"}


@each_era
async def test_an_explained_plan_can_be_read(shop_url: str, mode: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": shop_url}, mode=mode) as client:
        assert (await client.sdk.list_resources()).resources == []
        explained = await client.call("explain_query", sql="SELECT * FROM orders WHERE id = 7")
        (handle,) = set(re.findall(r"plan-[0-9a-f]{8}", explained.text))
        (plan,) = (await client.sdk.list_resources()).resources
        (content,) = (await client.sdk.read_resource(plan.uri)).contents
        completed = await client.sdk.complete(TEMPLATE, {"name": "plan", "value": "plan-"})
        with pytest.raises(MCPError) as unknown:
            await client.sdk.read_resource("postgres://plans/plan-00000000.json")
    assert plan.uri == f"postgres://plans/{handle}.json"
    assert plan.title == "SELECT * FROM orders WHERE id = 7"
    assert isinstance(content, TextResourceContents)
    top: dict[str, Any] = json.loads(content.text)[0]["Plan"]
    assert (top["Node Type"], top["Relation Name"]) == ("Index Scan", "orders")
    assert completed.completion.values == [handle]
    assert f"This server process keeps: {handle}" in unknown.value.error.message


async def test_tables_are_completed(shop: ServerClient) -> None:
    async def complete(typed: str) -> list[str]:
        result = await shop.sdk.complete(REVIEW, {"name": "table", "value": typed})
        return list(result.completion.values)

    assert "orders" in await complete("")
    assert (await complete("ord"))[0].startswith("ord")
    assert "public.orders" in await complete("public.ord")
    assert await complete("no_such_table") == []


async def test_a_first_word_is_said_to_be_one(shop: ServerClient) -> None:
    async def filled(sql: str) -> str:
        (message,) = (await shop.sdk.get_prompt("tune_query", {"sql": sql})).messages
        assert isinstance(message.content, TextContent)
        return message.content.text

    assert "only the first word" in await filled("SELECT")
    assert "only the first word" not in await filled("SELECT 1")


@each_era
async def test_a_capture_can_be_read(shop_url: str, hypopg: None, mode: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": shop_url}, mode=mode) as client:
        handle = handle_in(await client.call("capture_queries", action="start"))
        running = await check_capture_resource(client, "postgres", handle)
        stopped = await client.call("capture_queries", action="stop", capture=handle)
        told = await check_capture_resource(client, "postgres", handle)
        again = await client.call("capture_queries", action="read", capture=handle)
    assert (running["running"], told["running"]) == (True, False)
    head = stopped.text.partition(";")[0]
    assert f"{told['calls']} call" in head
    assert again.text.startswith(head)


async def test_a_database_that_went_away_is_explained(
    postgres_server: PostgresServer, hypopg: None
) -> None:
    url = await make_database(postgres_server, "leaving")
    await execute(url, "CREATE EXTENSION pg_stat_statements")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        handle = handle_in(await client.call("capture_queries", action="start"))
        await execute(postgres_server.url(), "DROP DATABASE leaving WITH (FORCE)")
        with pytest.raises(MCPError, match='"leaving" does not exist'):
            await client.sdk.read_resource(f"postgres://captures/{handle}.json")


async def execute(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()
