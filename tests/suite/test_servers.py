"""What holds for all four servers: both protocol eras, complete definitions, errors that teach."""

import json
from typing import Any

import pytest
from mcp_types import Tool
from syrupy.assertion import SnapshotAssertion

from scripts.tool_reference import WRITES
from tests.support.stdio import INITIALIZE, MODERN_META, SERVERS, open_client, raw_server

MAX_DEFINITION_CHARS = 12_000
MAX_INSTRUCTION_CHARS = 2_000

# Ports and sockets where nothing listens.
NOWHERE = {
    "postgres": {"DATABASE_URL": "postgresql://app:s3cretpw@127.0.0.1:9/app"},
    "redis": {"REDIS_URL": "redis://:s3cretpw@127.0.0.1:9/0"},
    "docker": {"DOCKER_HOST": "unix:///nonexistent/docker.sock"},
    "lighthouse": {"CHROME_PATH": "/nonexistent/chrome"},
}
FIRST_CALL: dict[str, tuple[str, dict[str, Any]]] = {
    "postgres": ("list_objects", {}),
    "redis": ("list_queues", {}),
    "docker": ("list_containers", {}),
    "lighthouse": ("run_audit", {"url": "http://127.0.0.1:9/"}),
}
TOOLS = {
    "postgres": {"list_objects", "describe_table", "run_query", "explain_query"},
    "redis": {"list_queues", "inspect_queue", "list_channels", "capture_messages"},
    "docker": {"list_containers", "inspect_container", "read_logs"},
    "lighthouse": {"run_audit", "inspect_audit"},
}

each_server = pytest.mark.parametrize("server", SERVERS)
each_era = pytest.mark.parametrize("mode", ["auto", "legacy"])


def _sent(tool: Tool) -> dict[str, Any]:
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


@each_server
async def test_definitions_change_only_on_purpose(server: str, snapshot: SnapshotAssertion) -> None:
    async with open_client(server, env=WRITES) as client:
        assert [_sent(tool) for tool in await client.tools()] == snapshot


@each_server
@each_era
async def test_definitions_are_complete_and_small(server: str, mode: str) -> None:
    async with open_client(server, env=WRITES, mode=mode) as client:
        tools = await client.tools()
    assert {tool.name for tool in tools} >= TOOLS[server]
    assert len(json.dumps([_sent(tool) for tool in tools])) <= MAX_DEFINITION_CHARS
    for tool in tools:
        assert tool.title
        assert "Example: " in (tool.description or "")
        annotations = _sent(tool)["annotations"]
        assert annotations.keys() >= {
            "readOnlyHint",
            "destructiveHint",
            "idempotentHint",
            "openWorldHint",
        }
        assert tool.input_schema["additionalProperties"] is False
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name} has no description"
            assert _is_bounded(schema), f"{tool.name}.{name} has no bounds"


def _is_bounded(schema: dict[str, Any]) -> bool:
    if "anyOf" in schema:
        return all(_is_bounded(alternative) for alternative in schema["anyOf"])
    if not {"enum", "const", "$ref"}.isdisjoint(schema):
        return True
    bounds = {
        "boolean": [set[str]()],
        "string": [{"maxLength"}],
        "array": [{"maxItems"}],
        "object": [{"maxProperties"}, {"properties"}],
        "integer": [{"minimum", "maximum"}],
        "number": [{"minimum", "maximum"}, {"exclusiveMinimum", "maximum"}],
    }
    return any(needed <= schema.keys() for needed in bounds[schema["type"]])


@each_server
async def test_both_eras_in_raw_lines(server: str) -> None:
    async with raw_server(server) as legacy:
        opened = await legacy.request(1, "initialize", **INITIALIZE)
        await legacy.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        listed = await legacy.request(2, "tools/list")
    async with raw_server(server) as modern:
        found = await modern.request(1, "server/discover", _meta=MODERN_META)
        listed_modern = await modern.request(2, "tools/list", _meta=MODERN_META)
    assert opened["result"]["protocolVersion"] == "2025-11-25"
    assert opened["result"]["serverInfo"]["name"] == f"stacksight-{server}"
    assert found["result"]["supportedVersions"] == ["2026-07-28"]
    assert found["result"]["instructions"] == opened["result"]["instructions"]
    assert 200 < len(found["result"]["instructions"]) < MAX_INSTRUCTION_CHARS
    assert listed["result"]["tools"] == listed_modern["result"]["tools"]


@each_server
@each_era
async def test_a_system_that_is_down_is_explained(server: str, mode: str) -> None:
    tool, arguments = FIRST_CALL[server]
    async with open_client(server, env=NOWHERE[server], mode=mode) as client:
        assert await client.tools()
        answer = await client.call(tool, **arguments)
        again = await client.call(tool, **arguments)
    assert answer.is_error
    assert again.is_error
    assert "unexpected" not in answer.text
    assert "s3cretpw" not in answer.text
    assert len(answer.text) > 80  # a sentence on what was tried, and one on what to do


@each_server
async def test_unknown_arguments_are_refused(server: str) -> None:
    tool, arguments = FIRST_CALL[server]
    async with open_client(server) as client:
        answer = await client.call(tool, **arguments, no_such_argument=1)
    assert answer.is_error
    assert "unknown argument `no_such_argument`" in answer.text
    assert f"{tool} was not run" in answer.text


@each_server
async def test_malformed_input_is_answered_and_the_server_lives_on(server: str) -> None:
    async with raw_server(server) as process:
        await process.send('{"jsonrpc": "2.0", "id": 1, "method": ')
        refused = await process.receive()
        assert refused["error"]["code"] == -32700
        await process.request(2, "server/discover", _meta=MODERN_META)
        unknown = await process.request(3, "tools/destroy", _meta=MODERN_META)
        assert unknown["error"]["code"] == -32601
        assert (await process.request(4, "tools/list", _meta=MODERN_META))["result"]["tools"]
        assert await process.close() == b""
    assert process.process.returncode == 0


@each_server
async def test_structured_mode_declares_and_sends_the_model(server: str) -> None:
    async with open_client(server, env={"STACKSIGHT_OUTPUT": "structured"}) as client:
        for tool in await client.tools():
            assert tool.output_schema, tool.name


@each_server
async def test_help_explains_every_setting(server: str) -> None:
    async with raw_server(server, args=["--help"]) as process:
        assert process.process.stdout is not None
        text = (await process.process.stdout.read()).decode()
        await process.process.wait()
    assert process.process.returncode == 0
    flat = " ".join(text.split())
    assert "--allow-writes" in flat
    assert "Environment: STACKSIGHT_OUTPUT" in flat
    variable = next(iter(NOWHERE[server]))
    assert f"Environment: {variable}" in flat
