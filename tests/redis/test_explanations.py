"""diagnose_queue, inspect_message, list_workers, watch_queues: states of real workers explained."""

import asyncio
import json
import os
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import dramatiq
import pytest

from tests.redis.conftest import Working
from tests.redis.jobs import Jobs, wait_until
from tests.support.progress import call_with_progress, each_era
from tests.support.stdio import ServerClient, raw_server

TEN_MINUTES_MS = 600_000


async def test_nobody_consumes_the_queue(client: ServerClient, jobs: Jobs, store: Any) -> None:
    jobs.send("mail", 1)
    answer = await client.call("diagnose_queue", queue="mail")
    assert answer.text.startswith("mail: no consumer. 1 message waiting")
    assert "no worker is alive at all" in answer.text


async def test_workers_run_but_not_for_this_queue(
    client: ServerClient, jobs: Jobs, working: Working
) -> None:
    jobs.send("mail", 1)
    with working(jobs, queues={"exports"}):
        answer = await client.call("diagnose_queue", queue="mail")
    assert "workers run, but not for this queue" in answer.text
    assert "--queues" in answer.text


async def test_a_killed_worker_is_the_cause(
    client: ServerClient, jobs: Jobs, store: Any, killed_worker: Callable[[str], str]
) -> None:
    for number in range(10):
        jobs.send("block", number)
    process = killed_worker("thumbnails")
    store.zincrby("dramatiq:__heartbeats__", -TEN_MINUTES_MS, process)
    held = store.srandmember(f"dramatiq:__acks__.{process}.thumbnails")
    message = json.loads(store.hget("dramatiq:thumbnails.msgs", held))
    diagnosis = await client.call("diagnose_queue", queue="thumbnails")
    assert diagnosis.text.startswith("thumbnails: held by a dead process.")
    assert "2. no consumer" in diagnosis.text
    found = await client.call("inspect_message", message_id=message["message_id"])
    assert found.text.startswith(f"Held by dead process {process[:8]}, silent for 10 min")
    by_redis_id = await client.call("inspect_message", message_id=held.decode())
    assert by_redis_id.text.startswith(f"Held by dead process {process[:8]}")
    workers = await client.call("list_workers")
    assert f"holding messages: {process[:8]}" in workers.text
    assert re.search(
        rf"^{process[:8]} \| dead \| .* \| thumbnails: \d in flight", workers.text, re.M
    )


async def test_failing_for_good_is_grouped_and_points_to_an_example(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    sent = {jobs.send("export", number) for number in range(3)}
    with working(jobs):
        wait_until(lambda: store.zcard("dramatiq:exports.XQ") == 3)
    answer = await client.call("diagnose_queue", actor="export")
    assert answer.text.startswith("export on exports: failing. 3 dead letters among the newest 3")
    match = re.search(r'inspect_message\(message_id="([^"]+)"\)', answer.text)
    assert match is not None
    assert match[1] in sent
    one = await client.call("inspect_message", message_id=match[1])
    assert re.match(r"Dead for .* after 3 attempts: ValueError: no captions", one.text)
    assert "Traceback (most recent call last)" in one.text
    assert "Result, kept for" in one.text


async def test_a_retry_is_told_with_its_time(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    message = jobs.actors["export"].send_with_options(
        args=(1,), min_backoff=600_000, max_backoff=900_000, max_retries=5
    )
    with working(jobs):
        wait_until(lambda: store.hlen("dramatiq:exports.DQ.msgs") == 1)
        wait_until(lambda: store.hlen("dramatiq:exports.msgs") == 0)
        found = await client.call("inspect_message", message_id=message.message_id)
        answer = await client.call("diagnose_queue", queue="exports")
    assert found.text.startswith("Waits for retry 1 of 5 after ValueError: no captions")
    assert answer.text.startswith("exports: retrying. 1 delayed message failed before")


async def test_a_finished_message_is_found_by_its_result(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    message = jobs.send("mail", 7, token="s3cr3t")
    with working(jobs):
        wait_until(lambda: store.hlen("dramatiq:mail.msgs") == 0)
    answer = await client.call("inspect_message", message_id=message, queue="mail", actor="mail")
    assert answer.text.startswith("Finished: its result is stored.")
    assert '{"user":7,"token":"***"}' in answer.text


async def test_a_message_that_is_nowhere_says_where_was_looked(
    client: ServerClient, jobs: Jobs
) -> None:
    jobs.send("mail", 1)
    answer = await client.call("inspect_message", message_id=str(uuid.uuid4()))
    assert answer.text.startswith("Not found: no message of any queue has the id")
    assert "mail waiting and in flight: 1 of 1" in answer.text


async def test_a_step_of_a_pipeline_that_is_still_to_come(client: ServerClient, jobs: Jobs) -> None:
    steps = [jobs.actors["mail"].message(1), jobs.actors["done"].message()]
    pipeline = dramatiq.pipeline(steps, broker=jobs.broker)
    pipeline.run()  # type: ignore[no-untyped-call]
    first, second = (message.message_id for message in pipeline.messages)
    answer = await client.call("inspect_message", message_id=second)
    assert answer.text.startswith(f"Not enqueued yet: it comes after mail {first}")
    parent = await client.call("inspect_message", message_id=first)
    assert f"then: done ({second})" in parent.text


async def test_a_group_that_can_never_complete(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    members = [jobs.actors["fail_once"].message(1), jobs.actors["block"].message(2)]
    group = dramatiq.group(members, broker=jobs.broker)  # type: ignore[no-untyped-call]
    callback = jobs.actors["done"].message()
    group.add_completion_callback(callback)  # type: ignore[no-untyped-call]
    group.run()  # type: ignore[no-untyped-call]
    with working(jobs):
        wait_until(lambda: store.zcard("dramatiq:failing.XQ") == 1)
        answer = await client.call("inspect_message", message_id=members[1].message_id)
    assert "can never complete: 1 member dead" in answer.text
    assert "2 successes missing" in answer.text


async def test_a_delayed_message_that_a_live_worker_has_lost(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    message = jobs.schedule("mail", 1, delay_ms=3_600_000)
    with working(jobs):
        wait_until(lambda: store.llen("dramatiq:mail.DQ") == 0)
        (redis_id,) = store.hkeys("dramatiq:mail.DQ.msgs")
        payload = json.loads(store.hget("dramatiq:mail.DQ.msgs", redis_id))
        payload["options"]["eta"] -= 3_600_000 + 21_000  # the worker's memory knows another time
        store.hset("dramatiq:mail.DQ.msgs", redis_id, json.dumps(payload))
        answer = await client.call("diagnose_queue", queue="mail")
        found = await client.call("inspect_message", message_id=message)
    assert answer.text.startswith("mail: stranded. 1 of 1 delayed message looked at")
    assert "Restart that worker" in answer.text
    assert found.text.startswith("Stranded: due 2")


async def test_more_work_than_workers(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    for number in range(20):
        jobs.send("block", number)
    with working(jobs, threads=1):
        wait_until(lambda: list(store.scan_iter("dramatiq:__acks__.*.thumbnails")))
        answer = await client.call("diagnose_queue", queue="thumbnails")
        workers = await client.call("list_workers")
    assert answer.text.startswith("thumbnails: saturated. 1 live process holds")
    assert "1 consumer alive" in workers.text
    assert f"| {os.getpid()} |" in workers.text


async def test_rates_are_exact_while_the_list_is_not_emptied(
    client: ServerClient, jobs: Jobs
) -> None:
    jobs.send("mail", 0)
    task = asyncio.create_task(client.call("watch_queues", queue="mail", seconds=2))
    for number in range(100):
        jobs.send("mail", number)
    answer = await task
    (row,) = re.findall(r"^mail \| .*$", answer.text, re.M)
    came = int(row.split(" | ")[2].split(" ")[0])
    before, after = row.split(" | ")[5].split(" → ")
    assert came == int(after) - int(before)
    assert row.split(" | ")[3].startswith("0 ")
    assert int(after) == 101


async def test_an_evicting_redis_is_a_cause(client: ServerClient, jobs: Jobs, store: Any) -> None:
    jobs.send("mail", 1)
    store.config_set("maxmemory-policy", "allkeys-lru")
    store.config_set("maxmemory", "1gb")
    try:
        answer = await client.call("check_health")
        diagnosis = await client.call("diagnose_queue", queue="mail")
    finally:
        store.config_set("maxmemory", "0")
        store.config_set("maxmemory-policy", "noeviction")
    assert "maxmemory-policy is allkeys-lru" in answer.text
    assert "Redis itself: maxmemory-policy is allkeys-lru" in diagnosis.text


async def test_a_message_that_no_worker_can_decode(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    store.hset("dramatiq:mail.msgs", "poison", "{")
    store.rpush("dramatiq:mail", "poison")
    jobs.send("mail", 1)  # fetched together with it, and forgotten
    with working(jobs):
        wait_until(lambda: list(store.scan_iter("dramatiq:__acks__.*.mail")))
        answer = await client.call("diagnose_queue", queue="mail")
        listed = await client.call("list_queues")
    assert answer.text.startswith("mail: undecodable message. 1 message that no worker can decode")
    assert "mail (stranded)" in listed.text


async def test_what_nothing_in_dramatiq_finds_any_more(
    client: ServerClient, jobs: Jobs, store: Any
) -> None:
    for number in range(3):
        jobs.schedule("mail", number, delay_ms=600_000)
        jobs.send("export", number)
    store.lpop("dramatiq:mail.DQ")
    store.hdel("dramatiq:exports.msgs", store.lindex("dramatiq:exports", 0))
    store.hset("dramatiq:exports.XQ.msgs", "orphan", "{}")
    delayed = await client.call("diagnose_queue", queue="mail")
    lost = await client.call("diagnose_queue", queue="exports")
    assert "1 payload delayed, but neither listed for fetching nor held by" in delayed.text
    assert "1 id without a payload" in lost.text
    assert "1 payload of dead letters without an entry among the dead" in lost.text


async def test_why_a_dead_letter_has_no_error(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    jobs.send("mail", 1)
    await client.call("inspect_queue", queue="mail")  # now it knows of an actor `mail`
    unknown = jobs.actors["done"].message().copy(actor_name="maill")
    jobs.broker.enqueue(unknown)
    first = jobs.actors["export"].send_with_options(args=(1,), max_retries=0)
    with working(jobs):
        wait_until(lambda: store.zcard("dramatiq:mail.XQ") == 1)
        wait_until(lambda: store.zcard("dramatiq:exports.XQ") == 1)
    answer = await client.call("inspect_message", message_id=unknown.message_id)
    assert "for an unknown actor; mind that there is also an actor `mail`" in answer.text
    answer = await client.call("diagnose_queue", queue="exports")
    assert "Its first attempt was its last (max_retries=0)" in answer.text
    assert first.message_id in answer.text


async def test_a_message_that_was_seen_and_has_gone(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    message = jobs.send("done")
    await client.call("inspect_message", message_id=message)
    with working(jobs):
        wait_until(lambda: store.hlen("dramatiq:mail.msgs") == 0)
    gone = await client.call("inspect_message", message_id=message)
    assert gone.text.startswith("Not found")
    assert " ago it was waiting in mail." in gone.text


async def test_an_argument_is_no_pipeline(client: ServerClient, jobs: Jobs) -> None:
    wanted = str(uuid.uuid4())
    named = jobs.send("mail", 1, about=wanted)
    answer = await client.call("inspect_message", message_id=wanted)
    assert answer.text.startswith("Not found")
    assert f"Named by: mail {named}" in answer.text


async def test_a_pipeline_whose_first_step_is_dead(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    steps = [jobs.actors["fail_once"].message(1), jobs.actors["done"].message()]
    pipeline = dramatiq.pipeline(steps, broker=jobs.broker)
    pipeline.run()  # type: ignore[no-untyped-call]
    with working(jobs):
        wait_until(lambda: store.zcard("dramatiq:failing.XQ") == 1)
    answer = await client.call("inspect_message", message_id=pipeline.messages[1].message_id)
    assert answer.text.startswith("Not enqueued, and it never will be unless fail_once")


async def test_a_group_that_is_complete(
    client: ServerClient, jobs: Jobs, store: Any, working: Working
) -> None:
    """The barrier's value is 1 both when one is missing and when none is; @events tells."""
    members = [jobs.actors["mail"].message(n) for n in range(2)]
    members.append(jobs.actors["block"].message(3))
    group = dramatiq.group(members, broker=jobs.broker)  # type: ignore[no-untyped-call]
    group.add_completion_callback(jobs.actors["done"].message())  # type: ignore[no-untyped-call]
    group.run()  # type: ignore[no-untyped-call]
    with working(jobs):
        wait_until(lambda: store.hlen("dramatiq:mail.msgs") == 0)
        answer = await client.call("inspect_message", message_id=members[2].message_id)
        (payload,) = store.hvals("dramatiq:thumbnails.msgs")
        jobs.release.set()
        wait_until(lambda: store.hlen("dramatiq:thumbnails.msgs") == 0)
    assert "callbacks wait for 1 more member to succeed" in answer.text
    store.hset("dramatiq:thumbnails.msgs", "again", payload)  # as one that is delivered twice
    store.rpush("dramatiq:thumbnails", "again")
    answer = await client.call("inspect_message", message_id=members[2].message_id)
    assert "complete: all members succeeded" in answer.text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "exactly one of"),
        ({"queue": "mail", "actor": "mail"}, "exactly one of"),
        ({"queue": "mial"}, "Did you mean `mail`?"),
        ({"actor": "maill"}, "Did you mean `mail`?"),
    ],
)
async def test_bad_questions_are_answered(
    client: ServerClient, jobs: Jobs, arguments: dict[str, str], told: str
) -> None:
    jobs.send("mail", 1)
    answer = await client.call("diagnose_queue", **arguments)
    assert answer.is_error
    assert told in answer.text


async def test_a_due_delayed_message_that_nobody_fetches(client: ServerClient, jobs: Jobs) -> None:
    jobs.schedule("mail", 1, delay_ms=-60_000)
    jobs.schedule("mail", 2, delay_ms=3_600_000)
    listed = await client.call("list_queues")
    diagnosis = await client.call("diagnose_queue", queue="mail")
    due = "1 of 2 delayed messages looked at is due, the longest for 1 min"
    assert f"mail is no consumer: {due}" in listed.text
    assert diagnosis.text.startswith(f"mail: no consumer. {due}")
    assert "not fetched by a worker: no live process takes any" in diagnosis.text


async def test_many_causes_of_death_are_counted_by_exception(
    client: ServerClient, store: Any
) -> None:
    for number in range(20):
        kind = ("ValueError", "KeyError")[number % 2]
        frame = f'  File "/app/jobs.py", line {number}, in go'
        error = f"Traceback (most recent call last):\n{frame}\n    go()\n{kind}: no"
        message = {
            "queue_name": "many", "actor_name": "go", "args": [], "kwargs": {},
            "options": {"redis_message_id": f"r{number}", "retries": 1, "traceback": error},
            "message_id": f"m{number}", "message_timestamp": time.time() * 1000,
        }  # fmt: skip
        store.hset("dramatiq:many.XQ.msgs", f"r{number}", json.dumps(message))
        store.zadd("dramatiq:many.XQ", {f"r{number}": time.time() * 1000})
    overview = await client.call("inspect_queue", queue="many")
    diagnosis = await client.call("diagnose_queue", queue="many")
    for answer in (overview, diagnosis):
        assert "15 more causes; all by exception: " in answer.text
        assert "ValueError 10" in answer.text
        assert "KeyError 10" in answer.text


@each_era
async def test_watching_reports_progress(redis_url: str, jobs: Jobs, era: str) -> None:
    jobs.send("mail", 1)
    async with raw_server("redis", env={"REDIS_URL": redis_url}) as server:
        told, text = await call_with_progress(server, era, "watch_queues", seconds=3)
    assert len(told) >= 2
    assert all(one.startswith("watching 1 queue") for one in told)
    assert text.startswith("Watched 1 queue for 3.0 s: not moving: mail.")
