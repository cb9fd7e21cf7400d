"""list_channels and capture_messages, over stdio, with real publishers."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
import redis

from devstack.redis import RedisServer
from tests.redis.jobs import wait_until
from tests.support.stdio import ServerClient, open_client


@pytest.fixture
def channel() -> str:
    """Channels are shared by all databases, so each test has its own."""
    return f"test-{uuid.uuid4().hex[:8]}:user"


Start = Callable[..., Awaitable[str]]


@pytest_asyncio.fixture
async def start(client: ServerClient) -> AsyncIterator[Start]:
    """Start recordings; those of a test end with it."""
    handles: list[str] = []

    async def begin(*channels: str, **options: Any) -> str:
        handles.append(await start_on(client, *channels, **options))
        return handles[-1]

    yield begin
    for handle in handles:
        await client.call("capture_messages", action="stop", capture=handle)


async def start_on(client: ServerClient, *channels: str, **options: Any) -> str:
    answer = await client.call(
        "capture_messages", action="start", channels=list(channels), **options
    )
    assert not answer.is_error, answer.text
    (handle,) = set(re.findall(r"capture-[0-9a-f]{8}", answer.text))
    return str(handle)


async def test_a_published_message_is_recorded_and_expected(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    handle = await start(f"{channel}:*")
    store.publish(f"{channel}:1", '{"event": "queued"}')
    store.publish(f"{channel}:7", '{"event": "captioned", "video": {"id": 4}, "token": "s3cr3t"}')
    answer = await client.call(
        "capture_messages",
        action="stop",
        capture=handle,
        wait_for={"path": "video.id", "equals": 4},
    )
    assert answer.text.startswith("Met: message 2 fits")
    assert '"token":"***"' in answer.text
    assert "s3cr3t" not in answer.text
    assert "never interrupted" in answer.text


async def test_waiting_ends_as_soon_as_the_message_arrives(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    handle = await start(channel)
    waiting = asyncio.create_task(
        client.call(
            "capture_messages",
            action="read",
            capture=handle,
            wait_for={"contains": "done", "count": 2},
            timeout_s=60,
        )
    )
    for text in ("started", "done", "done"):
        store.publish(channel, text)
    answer = await asyncio.wait_for(waiting, 30)
    assert answer.text.startswith("Met: message 3 fits")


async def test_silence_is_proven_and_the_mismatch_explained(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    with store.pubsub() as other:
        other.subscribe(f"{channel}s:1")
        assert other.get_message(timeout=5)
        handle = await start(f"{channel}:1")
        store.publish(f"{channel}:1", '{"video_id": 3}')
        answer = await client.call(
            "capture_messages",
            action="stop",
            capture=handle,
            wait_for={"path": "video_id", "equals": 4},
            timeout_s=0,
        )
    assert answer.text.startswith("Not met: 0 fit, of 1 message")
    assert "message 1: video_id is 3, not 4" in answer.text
    assert "was not published to these channels" in answer.text
    assert f"similar names: {channel}s:1" in answer.text


@pytest.mark.parametrize(
    ("wait_for", "met"),
    [
        ({"path": "ok", "equals": True}, True),
        ({"path": "ok", "equals": 1}, False),
        ({"path": "n", "equals": 1}, True),
        ({"path": "n", "equals": True}, False),
        ({"path": "none", "equals": None}, True),
        ({"path": "n", "equals": None}, False),
        ({"path": "none"}, True),
        ({"path": "nothing"}, False),
        ({"path": "$.items[1].id", "equals": 7}, True),
        ({"path": "items.1.id", "equals": 7}, True),
        ({"path": "['odd.name']", "equals": "x"}, True),
        ({"path": "items", "equals": [{"id": 6}, {"id": 7}]}, True),
        ({"contains": "Zürich"}, True),
        ({"contains": "Zürich", "exactly": True}, True),
        ({"contains": "Zürich", "count": 2}, False),
        ({"contains": "Z", "count": 0, "exactly": True}, False),
        ({"contains": "Basel", "count": 0, "exactly": True}, True),
    ],
)
async def test_what_an_expectation_means(
    client: ServerClient, start: Start, store: Any, channel: str, wait_for: Any, met: bool
) -> None:
    handle = await start(channel)
    message = {"ok": True, "n": 1, "none": None, "items": [{"id": 6}, {"id": 7}], "odd.name": "x"}
    store.publish(channel, json.dumps(message | {"city": "Zürich"}))
    answer = await client.call(
        "capture_messages", action="stop", capture=handle, wait_for=wait_for, timeout_s=0
    )
    assert answer.text.startswith("Met" if met else "Not met"), answer.text


async def test_a_message_too_large_to_keep_is_not_judged(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    handle = await start(channel)
    store.publish(channel, "x" * 20_000_000 + "end")
    answer = await client.call(
        "capture_messages", action="stop", capture=handle, wait_for={"contains": "end"}, timeout_s=0
    )
    assert answer.text.startswith("Not met")
    assert "1 message too large to keep whole may fit all the same" in answer.text
    assert len(answer.text) < 3_000


async def test_bytes_that_are_not_text_harm_nothing(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    handle = await start(channel)
    store.publish(channel, b"\xff\xfe\x00")
    store.publish(channel, "after")
    answer = await client.call("capture_messages", action="read", capture=handle)
    assert "3 bytes that are not UTF-8: ff fe 00" in answer.text
    assert "| after | 5" in answer.text


async def test_a_lost_connection_is_a_gap_and_silence_no_proof(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    handle = await start(channel)
    store.publish(channel, "before")
    (mine,) = [c for c in store.client_list("pubsub") if c["name"] == "stacksight-capture"]
    store.client_kill_filter(_id=mine["id"])
    wait_until(lambda: store.publish(channel, "after"))
    answer = await client.call(
        "capture_messages", action="stop", capture=handle, wait_for={"contains": "after"}
    )
    assert answer.text.startswith("Met:")
    assert "1 gap in the subscription" in answer.text
    assert "Gap from" in answer.text
    assert "The subscription was interrupted" in answer.text


async def test_what_does_not_fit_in_memory_is_counted(
    redis_url: str, store: Any, channel: str
) -> None:
    env = {"REDIS_URL": redis_url, "STACKSIGHT_CAPTURE_MESSAGES": "100"}
    async with open_client("redis", env=env) as client:
        handle = await start_on(client, channel)
        for number in range(250):
            store.publish(channel, f"message {number}")
        answer = await client.call("capture_messages", action="stop", capture=handle, limit=1)
    assert "250 messages" in answer.text
    assert "150 dropped from memory" in answer.text
    assert re.search(r"^250 \| .* message 249 ", answer.text, re.M)


async def test_the_fifth_recording_waits_for_a_place(
    client: ServerClient, start: Start, channel: str
) -> None:
    handles = [await start(channel) for _ in range(4)]
    full = await client.call("capture_messages", action="start", channels=[channel])
    assert full.is_error
    assert handles[0] in full.text
    await client.call("capture_messages", action="stop", capture=handles[2])
    await start(channel)
    gone = await client.call("capture_messages", action="read", capture=handles[2])
    assert gone.is_error
    kept = await client.call("capture_messages", action="read", capture=handles[0])
    assert not kept.is_error


async def test_a_recording_ends_by_itself(client: ServerClient, start: Start, channel: str) -> None:
    handle = await start(channel, max_seconds=0.2)
    answer = await client.call(
        "capture_messages", action="read", capture=handle, wait_for={"contains": "x"}
    )
    assert "ended (its time was up)" in answer.text


async def test_a_refused_subscription_is_told(redis_server: RedisServer, channel: str) -> None:
    with redis.Redis.from_url(redis_server.url()) as admin:
        admin.execute_command(
            "ACL", "SETUSER", "deaf", "on", "nopass", "~*", "resetchannels", "+@all"
        )
    url = redis_server.url().replace("redis://", "redis://deaf:any@")
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        answer = await client.call("capture_messages", action="start", channels=[channel])
    assert answer.is_error
    assert "NOPERM" in answer.text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"action": "start"}, "Either `channels` or `queues` is required"),
        ({"action": "start", "channels": ["a"], "queues": ["b"]}, "Either `channels` or"),
        ({"action": "stop"}, "`capture` is required"),
        ({"action": "read", "capture": "capture-00000000"}, "There is no capture"),
        ({"action": "begin"}, "'start', 'read' or 'stop'"),
        ({"action": "start", "channels": []}, "Either `channels` or"),
    ],
)
async def test_bad_calls_are_explained(
    client: ServerClient, arguments: dict[str, object], told: str
) -> None:
    answer = await client.call("capture_messages", **arguments)
    assert answer.is_error
    assert told in answer.text


async def test_channels_and_who_listens(client: ServerClient, store: Any, channel: str) -> None:
    direct, pattern = store.pubsub(), store.pubsub()
    with direct, pattern:
        direct.subscribe(f"{channel}:1")
        pattern.psubscribe(f"{channel}:*")
        assert direct.get_message(timeout=5)
        assert pattern.get_message(timeout=5)
        answer = await client.call("list_channels", match=f"{channel}:*")
        nobody = await client.call("list_channels", match=f"{channel}:11")
    assert "1 channel has direct subscribers" in answer.text
    assert f"{channel}:1 | 1" in answer.text
    assert re.search(r"\| 0 \| 1 \|", answer.text)
    assert f"similar names: {channel}:1." in nobody.text


async def test_sharded_channels_are_recorded_and_listed(
    client: ServerClient, start: Start, store: Any, channel: str
) -> None:
    handle = await start(channel, sharded=True)
    listed = await client.call("list_channels", match=channel)
    store.spublish(channel, "to the shard")
    store.publish(channel, "to everybody")
    answer = await client.call(
        "capture_messages", action="stop", capture=handle, wait_for={"contains": "to"}
    )
    assert f"{channel} (sharded) | 1" in listed.text
    assert "to the shard" in answer.text
    assert "to everybody" not in answer.text
