"""The server as a client meets it: definitions, bad settings, no Redis, a restarted Redis."""

import json
from pathlib import Path
from typing import Any

import pytest

from devstack.process import choose_port
from devstack.redis import RedisServer, running_redis
from tests.redis.jobs import make_jobs
from tests.support.stdio import ServerClient, open_client

LIMIT = 12_000


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_every_tool_is_described_within_the_limit(redis_url: str, mode: str) -> None:
    async with open_client("redis", env={"REDIS_URL": redis_url}, mode=mode) as client:
        tools = await client.tools()
    size = len(
        json.dumps([t.model_dump(mode="json", exclude_none=True, by_alias=True) for t in tools])
    )
    assert size < LIMIT
    for tool in tools:
        assert tool.title
        assert "Example" in (tool.description or "")
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name}"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://:hunter2@127.0.0.1:{free}/0", "Redis does not answer"),
        ("redis://user:hunter2@127.0.0.1:{port}/0", "refused to let this server in"),
        ("http://127.0.0.1", "REDIS_URL (--redis-url) is not valid"),
        ("redis://127.0.0.1:{port}/99", "out of range"),
    ],
)
async def test_a_redis_that_cannot_be_used_is_explained(
    redis_server: RedisServer, url: str, told: str
) -> None:
    url = url.format(port=redis_server.port, free=choose_port("Redis", 0))
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        for tool in ("list_queues", "list_channels"):
            answer = await client.call(tool)
            assert answer.is_error
            assert told in answer.text
            assert "hunter2" not in answer.text


async def test_unknown_arguments_are_refused(client: ServerClient) -> None:
    answer = await client.call("inspect_queue", queue="mail", stat="dead")
    assert answer.is_error
    assert "unknown argument `stat`. Did you mean `state`?" in answer.text


async def test_it_connects_again_after_a_restart(tmp_path: Path) -> None:
    port = choose_port("Redis", 0)
    url = f"redis://127.0.0.1:{port}/0"
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        with running_redis(port):
            make_jobs(url).send("mail", 1)
            assert "mail" in (await client.call("list_queues")).text
        down = await client.call("list_queues")
        assert down.is_error
        assert "Start it" in down.text
        with running_redis(port):
            again = await client.call("list_queues")
        assert not again.is_error


async def test_nothing_is_written(client: ServerClient, redis_url: str, store: Any) -> None:
    jobs = make_jobs(redis_url)
    for number in range(5):
        jobs.send("export", number)
        jobs.schedule("mail", number, delay_ms=60_000)
    before = store.info("persistence")["rdb_changes_since_last_save"]
    for tool, arguments in (
        ("list_queues", {}),
        ("inspect_queue", {"queue": "exports"}),
        ("inspect_queue", {"queue": "mail", "state": "delayed"}),
        ("list_channels", {}),
    ):
        answer = await client.call(tool, **arguments)
        assert not answer.is_error, answer.text
    assert store.info("persistence")["rdb_changes_since_last_save"] == before
