"""capture_messages on queues: what was enqueued, finished and failed between two moments."""

import asyncio
import re
from typing import Any

from devstack.redis import running_redis
from tests.redis.conftest import Working
from tests.redis.jobs import Jobs, make_jobs
from tests.support.stdio import ServerClient, open_client


async def follow(client: ServerClient, *queues: str) -> str:
    answer = await client.call("capture_messages", action="start", queues=list(queues))
    assert not answer.is_error, answer.text
    return answer.text.split(" ", 1)[0]


async def stop(client: ServerClient, handle: str, **arguments: Any) -> str:
    answer = await client.call("capture_messages", action="stop", capture=handle, **arguments)
    assert not answer.is_error, answer.text
    return answer.text


async def test_exactly_one_message_was_enqueued_and_drained(
    client: ServerClient, jobs: Jobs, working: Working
) -> None:
    handle = await follow(client, "mail", "exports")
    message = jobs.send("mail", 7, to="ada@example.org", password="hunter2")
    seen = await client.call(
        "capture_messages",
        action="read",
        capture=handle,
        wait_for={"actor": "mail", "state": "enqueued"},
    )
    assert seen.text.startswith("Met: 1 new message of mail enqueued, 1 waited for")
    with working(jobs):
        text = await stop(client, handle, wait_for={"actor": "mail", "state": "finished"})
    assert "1 enqueued, 1 finished, 0 died, 0 open; drained " in text
    assert re.search(r"^mail \| mail \| 1 \| 1 \| 0 \| 0 \| 0$", text, re.M)
    assert re.search(rf'^{message} \| mail \| \(7, to="ada@example.org".* \| finished ', text, re.M)
    assert "hunter2" not in text


async def test_retries_are_one_message_that_dies_once(
    client: ServerClient, jobs: Jobs, working: Working
) -> None:
    handle = await follow(client, "exports")
    jobs.send("export", 1)
    seen = await client.call(
        "capture_messages", action="read", capture=handle, wait_for={"state": "enqueued"}
    )
    assert seen.text.startswith("Met:")
    with working(jobs):
        text = await stop(client, handle, wait_for={"state": "died"}, timeout_s=30)
    assert "1 enqueued, 0 finished, 1 died, 0 open" in text


async def test_exactly_one_drained_in_time(
    client: ServerClient, jobs: Jobs, working: Working
) -> None:
    expected = {"actor": "mail", "exactly": True, "within_s": 60}
    handle = await follow(client, "mail")
    jobs.send("mail", 1)
    await read(client, handle, {"state": "enqueued"})
    with working(jobs):
        one = await read(client, handle, expected)
    jobs.send("mail", 2)
    await read(client, handle, {"state": "enqueued", "count": 2})
    two = await read(client, handle, expected)
    with working(jobs):
        text = await stop(client, handle, wait_for=expected | {"count": 2})
    late = await read(client, handle, expected | {"count": 2, "within_s": 1e-6})
    assert one.startswith("Met: 1 new message of mail finished within 1 min, exactly 1")
    assert two.startswith("Not met: 1 new message of mail finished within 1 min, exactly 1")
    assert text.startswith("Met: 2 new messages of mail finished within 1 min, exactly 2")
    assert late.startswith("Not met: 0 new messages of mail finished within")


async def read(client: ServerClient, handle: str, expected: dict[str, Any]) -> str:
    answer = await client.call(
        "capture_messages", action="read", capture=handle, wait_for=expected, timeout_s=30
    )
    assert not answer.is_error, answer.text
    return answer.text


async def test_redis_own_count_proves_that_nothing_was_missed() -> None:
    with running_redis() as server:
        alone = make_jobs(server.url())
        async with open_client("redis", env={"REDIS_URL": server.url()}) as client:
            handle = await follow(client, "mail")
            for number in range(5):
                alone.send("mail", number)
            seen = await read(client, handle, {"state": "enqueued", "count": 5})
            alone.send("export", 1)  # not followed
            more = await stop(client, handle)
    assert "Nothing was missed: Redis itself counts as many stored messages (HSET)" in seen
    assert "Redis counts 1 more HSET commands" in more


async def test_what_was_there_before_is_not_counted_as_new(
    client: ServerClient, jobs: Jobs, working: Working
) -> None:
    jobs.send("block", 1)
    handle = await follow(client, "thumbnails")
    jobs.send("block", 2)
    text = await stop(client, handle, wait_for={"state": "finished"}, timeout_s=0)
    assert text.startswith("Not met: 0 new messages finished, 1 waited for (1 enqueued,")
    assert "2 open" in text


async def test_the_kinds_of_captures_are_not_mixed_up(client: ServerClient, jobs: Jobs) -> None:
    handle = await follow(client, "mail")
    wrong = await client.call(
        "capture_messages", action="stop", capture=handle, wait_for={"path": "a"}
    )
    assert wrong.is_error
    assert "follows queues" in wrong.text
    await stop(client, handle)


async def test_a_large_queue_is_refused_with_the_way_out(
    client: ServerClient, store: Any, jobs: Jobs
) -> None:
    store.hset("dramatiq:mail.msgs", mapping={str(number): "{}" for number in range(1_001)})
    answer = await client.call("capture_messages", action="start", queues=["mail"])
    assert answer.is_error
    assert "1,001 messages" in answer.text
    assert "watch_queues" in answer.text


async def test_a_queue_that_grows_too_large_ends_the_capture(
    client: ServerClient, store: Any, jobs: Jobs
) -> None:
    handle = await follow(client, "mail")
    store.hset("dramatiq:mail.msgs", mapping={str(number): "{}" for number in range(1_500)})
    answer = await client.call(
        "capture_messages", action="read", capture=handle, wait_for={"state": "died"}
    )
    assert "ended (a queue grew beyond 1,000 messages)" in await stop(client, handle)
    assert answer.text.startswith("Not met")


async def test_a_message_that_moves_all_the_time_is_one(
    client: ServerClient, jobs: Jobs, store: Any
) -> None:
    handle = await follow(client, "mail")
    message_id = jobs.send("mail", 1)
    await read(client, handle, {"state": "enqueued"})
    [(redis_id, payload)] = store.hgetall("dramatiq:mail.msgs").items()

    def move() -> None:
        """Move it as Dramatiq does, to a new id before the old one goes, and take it at last."""
        old = "dramatiq:mail.msgs", redis_id
        for number in range(4_000):
            new = f"dramatiq:mail{'' if number % 2 else '.DQ'}.msgs", f"moved-{number}"
            store.hset(*new, payload)
            store.hdel(*old)
            old = new
        store.hdel(*old)

    await asyncio.to_thread(move)
    text = await stop(client, handle, wait_for={"state": "finished"})
    assert "1 enqueued, 1 finished, 0 died, 0 open" in text
    assert f"\n{message_id} | mail |" in text
