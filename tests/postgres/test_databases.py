"""Several databases behind one server, and the parameter that chooses between them."""

import re

import pytest

from tests.support.stdio import open_client


async def test_one_database_needs_no_parameter(shop_url: str) -> None:
    async with open_client("postgres", env={"DATABASE_URL": shop_url}) as client:
        tools = await client.tools()
        answer = await client.call("list_objects", database="main")
    assert all("database" not in tool.input_schema["properties"] for tool in tools)
    assert answer.is_error
    assert "unknown argument `database`" in answer.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_named_databases_are_chosen_by_call(shop_url: str, evil_url: str, mode: str) -> None:
    env = {"DATABASE_URL": shop_url, "STACKSIGHT_DATABASES": f"evil={evil_url}"}
    async with open_client("postgres", env=env, mode=mode) as client:
        tools = await client.tools()
        first = await client.call("run_query", sql="SELECT current_database()")
        other = await client.call("run_query", sql="SELECT current_database()", database="evil")
        again = await client.call("run_query", sql="SELECT current_database()", database="main")
        unknown = [
            await client.call(tool, sql="SELECT 1", database="nowhere")
            for tool in ("run_query", "explain_query")
        ]
    schemas = {t.name: t.input_schema["properties"]["database"] for t in tools}
    assert schemas.pop("list_objects")["enum"] == ["main", "evil"]
    assert all("enum" not in schema for schema in schemas.values())
    assert [a.text.splitlines()[-2] for a in (first, other, again)] == ["shop", "evil", "shop"]
    assert all(answer.is_error for answer in unknown)
    assert all("Use one of main, evil" in answer.text for answer in unknown)


async def test_handles_and_cursors_keep_their_database(shop_url: str, evil_url: str) -> None:
    env = {"DATABASE_URL": evil_url, "STACKSIGHT_DATABASES": f"shop={shop_url}"}
    sql = "SELECT * FROM orders WHERE total > 50 ORDER BY id"
    async with open_client("postgres", env=env) as client:
        plan = await client.call("explain_query", sql=sql, database="shop")
        handle = re.findall(r"plan-\w{8}", plan.text)[0]
        compared = await client.call(
            "compare_plans", before=handle, settings={"enable_indexscan": "off"}
        )
        page = await client.call("run_query", sql=sql, limit=5, database="shop")
        cursor = re.findall(r'cursor="([^"]+)"', page.text)[0]
        elsewhere = await client.call("run_query", sql=sql, limit=5, cursor=cursor)
    assert not compared.is_error, compared.text
    assert "arguments" in elsewhere.text
    assert elsewhere.is_error


@pytest.mark.parametrize("value", ["nothing", "main={url}", "a={url} a={url}", "a=mysql://b/c"])
async def test_wrong_names_are_explained(shop_url: str, value: str) -> None:
    env = {"DATABASE_URL": shop_url, "STACKSIGHT_DATABASES": value.format(url=shop_url)}
    async with open_client("postgres", env=env) as client:
        answer = await client.call("list_objects")
    assert answer.is_error
    assert "STACKSIGHT_DATABASES" in answer.text
    assert ":stacksight@" not in answer.text
