"""Captures as resources, of channels and of queues."""

import uuid
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError

from tests.redis.jobs import Jobs
from tests.support.captures import check_capture_resource, handle_in
from tests.support.stdio import ServerClient, open_client

each_era = pytest.mark.parametrize("mode", ["auto", "legacy"])


async def stop(client: ServerClient, handle: str) -> None:
    answer = await client.call("capture_messages", action="stop", capture=handle)
    assert not answer.is_error, answer.text


@each_era
async def test_a_recording_can_be_read(redis_url: str, store: Any, mode: str) -> None:
    channel = f"test-{uuid.uuid4().hex[:8]}"  # all databases share channels
    async with open_client("redis", env={"REDIS_URL": redis_url}, mode=mode) as client:
        started = await client.call("capture_messages", action="start", channels=[channel])
        handle = handle_in(started)
        for number in range(60):
            store.publish(channel, f'{{"n": {number}, "token": "s3cr3t"}}')
        running = await check_capture_resource(client, "redis", handle)
        await stop(client, handle)
        ended = await check_capture_resource(client, "redis", handle)
    assert (running["running"], ended["running"]) == (True, False)
    assert ended["listens_to"] == [channel]
    assert (running["total"], ended["total"]) == (60, 60)
    assert [message["seq"] for message in ended["messages"]] == list(range(11, 61))
    assert "s3cr3t" not in str(ended)


@each_era
async def test_followed_queues_can_be_read(redis_url: str, jobs: Jobs, mode: str) -> None:
    async with open_client("redis", env={"REDIS_URL": redis_url}, mode=mode) as client:
        started = await client.call("capture_messages", action="start", queues=["mail"])
        handle = handle_in(started)
        message = jobs.send("mail", 7, password="hunter2")
        await client.call(
            "capture_messages", action="read", capture=handle, wait_for={"state": "enqueued"}
        )
        await stop(client, handle)
        ended = await check_capture_resource(client, "redis", handle)
    assert (ended["running"], ended["total"]) == (False, 1)
    assert [job["message_id"] for job in ended["jobs"]] == [message]
    assert "hunter2" not in str(ended)


@each_era
async def test_a_server_with_bad_settings_says_so(mode: str) -> None:
    async with open_client("redis", env={"REDIS_URL": "http://127.0.0.1"}, mode=mode) as client:
        assert (await client.sdk.list_resources()).resources == []
        with pytest.raises(MCPError, match="is not set up: REDIS_URL"):
            await client.sdk.read_resource("redis://captures/capture-00000000.json")
