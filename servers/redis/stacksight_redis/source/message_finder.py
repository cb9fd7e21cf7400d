"""Looks for one message in every place where Dramatiq keeps messages. Source room: I/O only.

The hashes are keyed by the id in Redis, so a message id can only be found by reading messages. That
is done in a fixed order with a fixed budget, and what was not read is said.
"""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from stacksight_redis.analysis.jobs import decode_job
from stacksight_redis.facts.messages import Search, Sighting
from stacksight_redis.facts.queues import Process, QueueFacts, State
from stacksight_redis.source.commands import MAX_TEXT
from stacksight_redis.source.connection import Source
from stacksight_redis.source.job_reader import READ_BYTES, parts_to_read, read_jobs, text
from stacksight_redis.source.queue_pages import read_set

PART = 200
ENDS = 2_000
"""Messages read from each end of a list, and of the newest and oldest dead."""

BUDGET_S = 0.2
AFTER_HIT_S = 0.05
NEAR_HEAD = 10_000
"""So far from the head a position is counted."""


@dataclass(frozen=True)
class _Batch:
    state: State
    hash: str
    ids: Sequence[Any]
    holder: Process | None = None
    start: int | None = None
    scores: Sequence[float] = ()


async def find_messages(source: Source, queues: Sequence[QueueFacts], needle: str) -> Search:
    """Find the messages that are, or mention, an id.

    Args:
        source: the Redis.
        queues: where to look, most likely first.
        needle: a message id, an id in Redis, or a group's id.
    """
    search, asked = Search(), needle
    deadline = time.monotonic() + BUDGET_S
    for facts in queues:
        label = facts.queue.label
        search.of |= {
            f"{label} waiting and in flight": facts.payloads,
            f"{label} delayed": facts.delayed,
            f"{label} dead": facts.dead,
        }
    for facts in queues:
        if (sighting := await _by_redis_id(source, facts, asked)) is not None:
            search.sightings.append(sighting)
            needle = sighting.job.message_id or asked
            deadline = min(deadline, time.monotonic() + AFTER_HIT_S)
            break
    for facts in queues:
        async for batch in _batches(source, facts):
            if time.monotonic() > deadline:
                return search
            await _look(source, facts, batch, needle.encode(), search)
            if search.sightings:  # the rest is only to find it a second time
                deadline = min(deadline, time.monotonic() + AFTER_HIT_S)
    return search


async def _by_redis_id(source: Source, facts: QueueFacts, asked: str) -> Sighting | None:
    """The message that is stored under an id in Redis, with the place where that id is."""
    queue, redis_id = facts.queue, asked.encode()
    places: list[tuple[State, str, str]] = [
        ("waiting", queue.payloads, queue.base),
        ("delayed", queue.delayed_payloads, queue.delayed),
        ("dead", queue.dead_payloads, ""),
    ]
    for state, payloads, ids in places:
        (job,) = await read_jobs(source, payloads, [redis_id])
        if job.size is None:
            continue
        if state == "dead":
            died = await source.run("ZSCORE", queue.dead, redis_id)
            return Sighting(facts, "dead", job, died_ms=None if died is None else float(died))
        for held in facts.held:
            key = queue.held if state == "waiting" else queue.held_delayed
            if await source.run("SISMEMBER", key(held.process.id), redis_id):
                where: State = "in_flight" if state == "waiting" else "delayed"
                return Sighting(facts, where, job, holder=held.process)
        position = await source.run("LPOS", ids, redis_id, "MAXLEN", NEAR_HEAD)
        return Sighting(facts, state, job, position=position)
    return None


async def _batches(source: Source, facts: QueueFacts) -> AsyncIterator[_Batch]:
    """Everything in flight and delayed, then both ends of what waits and of what is dead."""
    queue = facts.queue
    for held in facts.held:
        ids = await read_set(source, queue.held(held.process.id), ENDS)
        for part in _parts(ids):
            yield _Batch("in_flight", queue.payloads, part, held.process)
        ids = await read_set(source, queue.held_delayed(held.process.id), ENDS)
        for part in _parts(ids):
            yield _Batch("delayed", queue.delayed_payloads, part, held.process)
    for start in range(0, min(facts.delayed_waiting, ENDS), PART):
        ids = await source.run("LRANGE", queue.delayed, start, start + PART - 1)
        yield _Batch("delayed", queue.delayed_payloads, ids)
    for start in _starts(facts.dead):
        answer = await source.run("ZREVRANGE", queue.dead, start, start + PART - 1, "WITHSCORES")
        scores = [float(score) for score in answer[1::2]]
        yield _Batch("dead", queue.dead_payloads, answer[::2], scores=scores)
    for start in _starts(facts.waiting):
        ids = await source.run("LRANGE", queue.base, start, start + PART - 1)
        yield _Batch("waiting", queue.payloads, ids, start=start)


def _parts(ids: Sequence[Any]) -> list[Sequence[Any]]:
    return [ids[start : start + PART] for start in range(0, len(ids), PART)]


def _starts(length: int) -> list[int]:
    if length <= 2 * ENDS:
        return list(range(0, length, PART))
    return [*range(0, ENDS, PART), *range(length - ENDS, length, PART)]


async def _look(
    source: Source, facts: QueueFacts, batch: _Batch, needle: bytes, search: Search
) -> None:
    """Search the raw payloads of a batch; only a hit is decoded."""
    label = facts.queue.label
    place = (
        f"{label} {batch.state}"
        if batch.state in ("delayed", "dead")
        else (f"{label} waiting and in flight")
    )
    sizes = await source.run_all([("HSTRLEN", batch.hash, redis_id) for redis_id in batch.ids])
    readable, budget = [], READ_BYTES
    for index, (redis_id, size) in enumerate(zip(batch.ids, sizes, strict=True)):
        if isinstance(size, int) and 0 < size <= min(MAX_TEXT, budget):
            readable.append((index, redis_id, size))
            budget -= size
        elif isinstance(size, int) and size > MAX_TEXT:
            search.unread.append(text(redis_id))
    search.looked_at[place] = search.looked_at.get(place, 0) + len(readable)
    parts = parts_to_read((redis_id, size) for _, redis_id, size in readable)
    answers = await source.run_all([("HMGET", batch.hash, *part) for part in parts])
    payloads = [payload for answer in answers if isinstance(answer, list) for payload in answer]
    if len(payloads) != len(readable):  # the key has become one of another type
        return
    seen = {sighting.job.redis_id for sighting in search.sightings}
    for (index, redis_id, _), payload in zip(readable, payloads, strict=True):
        if payload is None or needle not in payload or text(redis_id) in seen:
            continue
        job = decode_job(text(redis_id), payload)
        itself = needle == (job.message_id or "").encode()
        search.sightings.append(
            Sighting(
                facts,
                batch.state,
                job,
                holder=batch.holder,
                position=None if batch.start is None else batch.start + index,
                died_ms=batch.scores[index] if batch.scores else None,
                mentions=not itself,
            )
        )
