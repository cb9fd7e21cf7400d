"""A message that is delivered twice: what its first worker had begun, another runs again."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.redis.conftest import Working
from tests.redis.jobs import Jobs, make_jobs, wait_until
from tests.support.stdio import ServerClient

DEAD_MS = 120_000


@pytest.fixture
def eager(redis_url: str) -> Jobs:
    """The actors on a broker that runs maintenance with every command."""
    return make_jobs(redis_url, maintenance_chance=1_000_000)


async def test_a_message_taken_over_from_a_killed_worker(
    client: ServerClient,
    jobs: Jobs,
    eager: Jobs,
    store: Any,
    killed_worker: Callable[[str], str],
    working: Working,
) -> None:
    message = jobs.send("block", 1)
    killed = killed_worker("thumbnails")
    first = await client.call("inspect_message", message_id=message)
    store.zincrby("dramatiq:__heartbeats__", -DEAD_MS, killed)
    dead = await client.call("diagnose_queue", message_id=message)
    with working(eager, threads=1):
        held = f"dramatiq:__acks__.{eager.broker.broker_id}.thumbnails"
        wait_until(lambda: store.scard(held) == 1)
        again = await client.call("inspect_message", message_id=message)
        diagnosis = await client.call("diagnose_queue", message_id=message)
        eager.release.set()
        wait_until(lambda: store.hlen("dramatiq:thumbnails.msgs") == 0)
        after = await client.call("inspect_message", message_id=message)
    taker = eager.broker.broker_id[:8]
    assert f"In flight: fetched by process {killed[:8]}" in first.text
    assert "It was delivered more than once" not in first.text
    assert f"Held by dead process {killed[:8]}" in dead.text
    for answer in (again, diagnosis):
        assert f"In flight: fetched by process {taker}" in answer.text
        told = r"more than once: .* held by process (\w+) \(.* ago\), then process (\w+) \(now\)"
        found = re.search(told, answer.text)
        assert found is not None
        assert found.groups() == (killed[:8], taker)
    assert after.text.startswith("Not found")
    assert f"held by process {taker}" in after.text
    assert "It was delivered more than once" in after.text


async def test_a_message_given_back_by_a_worker_that_was_stopped(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    """A stopped worker puts what it has fetched and not begun at the tail of the queue."""
    jobs.send("block", 1)
    prefetched = jobs.send("block", 2)
    with working(jobs, threads=1):
        wait_until(lambda: store.llen("dramatiq:thumbnails") == 0)
        fetched = await client.call("inspect_message", message_id=prefetched)
    wait_until(lambda: store.llen("dramatiq:thumbnails") == 1)
    back = await client.call("inspect_message", message_id=prefetched)
    assert fetched.text.startswith("In flight")
    assert back.text.startswith("Waiting in thumbnails")
    assert "It was given back: this server saw it held by process" in back.text


async def test_a_retry_is_no_second_delivery(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    """It is stored under a new id, with one more failed attempt."""
    message = jobs.send("export", 1)
    before = await client.call("inspect_message", message_id=message)
    with working(jobs, threads=1):
        wait_until(lambda: store.zcard("dramatiq:exports.XQ") == 1)
        wait_until(lambda: store.hlen("dramatiq:exports.msgs") == 0)
    after = await client.call("inspect_message", message_id=message)
    assert before.text.startswith("Waiting")
    assert re.match(r"Dead for .* after 3 attempts: ValueError: no captions", after.text)
    assert "(its last error, from its result)" in after.text
    assert "delivered more than once" not in after.text
