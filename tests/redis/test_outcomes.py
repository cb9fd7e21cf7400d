"""How messages end under Dramatiq's other middleware: limits of time and age, asyncio, priority."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import AsyncIO

from tests.redis.jobs import Jobs, declare, make_jobs, wait_until
from tests.support.stdio import ServerClient

QUEUE = "limited"
PAYLOADS = f"dramatiq:{QUEUE}.msgs"
DEAD = f"dramatiq:{QUEUE}.XQ"


@pytest.fixture
def limited(redis_url: str) -> Jobs:
    """Actors that each end in another way, all on one queue."""
    jobs = make_jobs(redis_url)
    jobs.broker.add_middleware(AsyncIO())

    def endless(number: int) -> None:
        while True:
            time.sleep(0.01)

    def outdated(number: int) -> None:
        raise AssertionError("too old to be run")

    async def fetch(page: int) -> dict[str, int]:
        return {"page": page}

    async def upload(page: int) -> None:
        raise ConnectionError(f"no route for page {page}")

    def urgent(number: int) -> int:
        return number

    def upload_later(page: int) -> None:
        raise ConnectionError(f"no route for page {page}")

    def forget_later(page: int) -> None:
        raise ConnectionError(f"no route for page {page}")

    later = {"max_retries": 5, "min_backoff": 1600, "max_backoff": 1600}  # halved at most
    declare(jobs, upload_later, queue_name=QUEUE, store_results=True, **later)
    declare(jobs, forget_later, queue_name=QUEUE, **later)
    once = {"max_retries": 0}
    twice = {"max_retries": 1, "min_backoff": 10, "max_backoff": 20}
    for actor, options in (
        (endless, {"time_limit": 50, **once}),
        (outdated, {"max_age": 1}),
        (fetch, {}),
        (upload, twice),
        (urgent, {"priority": -10}),
    ):
        declare(jobs, actor, queue_name=QUEUE, store_results=True, **options)
    return jobs


@contextmanager
def at_work(jobs: Jobs) -> Iterator[None]:
    """A real worker with one thread on the queue; afterwards its results are stored too."""
    worker = dramatiq.Worker(jobs.broker, queues={QUEUE}, worker_timeout=50, worker_threads=1)
    jobs.broker.emit_after("process_boot")  # as the command line does; starts the time limit
    worker.start()
    try:
        yield
    finally:
        worker.stop()


async def test_an_actor_over_its_time_limit(
    client: ServerClient, limited: Jobs, store: Any
) -> None:
    message = limited.send("endless", 1)
    with at_work(limited):
        wait_until(lambda: store.zcard(DEAD) == 1 and not store.hlen(PAYLOADS))
    found = await client.call("inspect_message", message_id=message)
    diagnosis = await client.call("diagnose_queue", actor="endless")
    assert re.match(r"Dead for .*: TimeLimitExceeded \(from its result", found.text)
    for answer in (found, diagnosis):
        assert "It ran longer than its time_limit" in answer.text


@pytest.mark.parametrize("limit_of", ["actor", "message"])
async def test_a_message_over_its_age_limit(
    client: ServerClient, limited: Jobs, store: Any, limit_of: str
) -> None:
    options: dict[str, Any] = {} if limit_of == "actor" else {"max_age": 1}
    actor = "outdated" if limit_of == "actor" else "urgent"
    message = limited.actors[actor].send_with_options(args=(1,), **options)
    with at_work(limited):
        wait_until(lambda: store.zcard(DEAD) == 1 and not store.hlen(PAYLOADS))
    found = await client.call("inspect_message", message_id=message.message_id)
    diagnosis = await client.call("diagnose_queue", actor=actor)
    assert re.match(r"Dead for .*: SkipMessage: Message age limit exceeded", found.text)
    for answer in (found, diagnosis):
        assert "AgeLimit does so to a message older than max_age" in answer.text
    if limit_of == "message":
        assert "over its age limit of 1 ms (max_age)" in diagnosis.text


async def test_a_retried_message_over_its_age_limit_did_not_run_again(
    client: ServerClient, limited: Jobs, store: Any
) -> None:
    kept = limited.actors["upload_later"].send_with_options(args=(1,), max_age=400)
    lost = limited.actors["forget_later"].send_with_options(args=(1,), max_age=400)
    with at_work(limited):
        wait_until(lambda: store.zcard(DEAD) == 2 and not store.hlen(PAYLOADS))
    known = await client.call("inspect_message", message_id=kept.message_id)
    unknown = await client.call("inspect_message", message_id=lost.message_id)
    assert re.match(r"Dead for .* after 1 attempt: SkipMessage: Message age limit", known.text)
    assert "after 1 or 2 attempts (it was over its age limit, max_age)" in unknown.text


async def test_async_actors_finish_and_fail_as_others_do(
    client: ServerClient, limited: Jobs, store: Any
) -> None:
    fetched, uploaded = limited.send("fetch", 7), limited.send("upload", 8)
    with at_work(limited):
        wait_until(lambda: store.zcard(DEAD) == 1 and not store.hlen(PAYLOADS))
    good = await client.call("inspect_message", message_id=fetched, queue=QUEUE, actor="fetch")
    bad = await client.call("inspect_message", message_id=uploaded)
    diagnosis = await client.call("diagnose_queue", queue=QUEUE)
    assert good.text.startswith("Finished: its result is stored.")
    assert '{"page":7}' in good.text
    assert re.match(r"Dead for .* after 2 attempts: ConnectionError: no route for", bad.text)
    assert re.search(r"ConnectionError: .* at redis/test_outcomes.py:\d+ in upload", diagnosis.text)


async def test_an_actor_is_not_charged_with_the_deaths_of_others(
    client: ServerClient, limited: Jobs, store: Any
) -> None:
    for number in range(3):
        limited.send("outdated", number)
    limited.send("upload", 1)
    with at_work(limited):
        wait_until(lambda: store.zcard(DEAD) == 4)
    answer = await client.call("diagnose_queue", actor="upload")
    assert "failing. 1 dead letter among the newest 4 of the queue's 4." in answer.text


async def test_priority_changes_the_order_in_the_worker_only(
    client: ServerClient, limited: Jobs, store: Any
) -> None:
    """Redis keeps no priority: before a worker fetches them, messages are in the order of sends."""
    sent = [limited.send("fetch", 1), limited.send("urgent", 2)]
    waiting = await client.call("inspect_queue", queue=QUEUE, state="waiting")
    last = await client.call("inspect_message", message_id=sent[1])
    with at_work(limited):
        wait_until(lambda: store.hlen(PAYLOADS) == 0)
    assert re.findall(r"^([0-9a-f-]{36}) \|", waiting.text, re.M) == sent
    assert last.text.startswith(f"Waiting in {QUEUE}, 1 before it")
