"""Reads the messages of one state of a queue, page by page. Source room: I/O, no judgement."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from stacksight_redis.analysis.jobs import Job
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import Page, Placed, Process, QueueFacts, State
from stacksight_redis.source.commands import MAX_ITEMS
from stacksight_redis.source.connection import Source
from stacksight_redis.source.job_reader import read_jobs, text

CHUNK = 200
LOOK_AT = 2_000
LOOK_S = 0.15
"""Messages that one page with a filter looks at, and for how long at most."""

SAMPLE = 1_000
SAMPLE_PART = 100
"""Random ids of one command: 0.25 ms on the server."""

Wanted = Callable[[Job], bool]


async def read_page(
    source: Source, facts: QueueFacts, state: State, wanted: Wanted, *, limit: int, position: Any
) -> Page:
    """Read a page of at most ``limit`` wanted messages that begins at ``position``."""
    if state == "waiting":
        return await _read_waiting(source, facts.queue, wanted, limit, int(position or 0))
    if state == "dead":
        return await _read_dead(source, facts.queue, wanted, limit, position)
    collect = _collect_in_flight if state == "in_flight" else _collect_delayed
    placed, complete = await collect(source, facts)

    def place(item: Placed) -> tuple[float, str]:
        job = item.job
        moment = job.eta_ms if state == "delayed" else job.since_ms
        return (moment if moment is not None else float("inf"), job.redis_id)

    rest = sorted((item for item in placed if wanted(item.job)), key=place)
    if position:
        rest = [item for item in rest if place(item) > tuple(position)]
    more = list(place(rest[limit - 1])) if len(rest) > limit else None
    return Page(rest[:limit], more, len(placed), complete)


async def sample_jobs(source: Source, queue: Queue) -> list[Job]:
    """All messages that wait or are in flight, up to 1,000; of more, about 1,000 at random."""
    total = int(await source.run("HLEN", queue.payloads))
    if total <= SAMPLE:
        ids = await source.run("HRANDFIELD", queue.payloads, SAMPLE)
    else:
        parts = await source.run_all(
            [("HRANDFIELD", queue.payloads, SAMPLE_PART)] * (SAMPLE // SAMPLE_PART)
        )
        ids = list({redis_id for part in parts for redis_id in part})
    jobs = await read_jobs(source, queue.payloads, ids)
    return [job for job in jobs if job.size is not None]


async def _read_waiting(
    source: Source, queue: Queue, wanted: Wanted, limit: int, start: int
) -> Page:
    placed: list[Placed] = []
    looked_at = 0
    deadline = time.monotonic() + LOOK_S
    while looked_at < LOOK_AT and (not looked_at or time.monotonic() < deadline):
        ids = await source.run("LRANGE", queue.base, start, start + CHUNK - 1)
        for job in await read_jobs(source, queue.payloads, ids):
            start += 1
            looked_at += 1
            if wanted(job):
                placed.append(Placed(job))
            if len(placed) == limit:
                break
        if len(placed) == limit or len(ids) < CHUNK:
            break
    more = start < int(await source.run("LLEN", queue.base))
    return Page(placed, start if more else None, looked_at)


async def _read_dead(
    source: Source, queue: Queue, wanted: Wanted, limit: int, position: Any
) -> Page:
    """Newest first, from a score and the number of messages already seen with that score.

    Messages that die meanwhile do not shift the pages.
    """
    highest, skip = position or ["+inf", 0]
    placed: list[Placed] = []
    looked_at = 0
    deadline = time.monotonic() + LOOK_S
    while looked_at < LOOK_AT and (not looked_at or time.monotonic() < deadline):
        answer = await source.run(
            "ZREVRANGEBYSCORE", queue.dead, highest, "-inf", "WITHSCORES", "LIMIT", skip, CHUNK
        )
        scores = [float(score) for score in answer[1::2]]
        jobs = await read_jobs(source, queue.dead_payloads, answer[::2])
        for job, score in zip(jobs, scores, strict=True):
            exact = f"{score:.17g}"
            highest, skip = (highest, skip + 1) if highest == exact else (exact, 1)
            looked_at += 1
            if wanted(job):
                placed.append(Placed(job, died_ms=score))
            if len(placed) == limit:
                break
        if len(placed) == limit or len(jobs) < CHUNK:
            break
    more = await source.run(
        "ZREVRANGEBYSCORE", queue.dead, highest, "-inf", "WITHSCORES", "LIMIT", skip, 1
    )
    return Page(placed, [highest, skip] if more else None, looked_at)


async def _collect_in_flight(source: Source, facts: QueueFacts) -> tuple[list[Placed], bool]:
    queue = facts.queue
    placed: list[Placed] = []
    for held in facts.held:
        ids = await read_set(source, queue.held(held.process.id), LOOK_AT - len(placed))
        jobs = await read_jobs(source, queue.payloads, ids)
        placed += [Placed(job, holder=held.process) for job in jobs]
    return placed, facts.all_asked and len(placed) < LOOK_AT


async def _collect_delayed(source: Source, facts: QueueFacts) -> tuple[list[Placed], bool]:
    queue = facts.queue
    holders: dict[Any, Process | None] = {}
    for start in range(0, LOOK_AT, MAX_ITEMS):
        ids = await source.run("LRANGE", queue.delayed, start, start + MAX_ITEMS - 1)
        holders |= dict.fromkeys(ids)
    for held in facts.held:
        key = queue.held_delayed(held.process.id)
        ids = await read_set(source, key, LOOK_AT - len(holders))
        holders |= dict.fromkeys(ids, held.process)
    jobs = await read_jobs(source, queue.delayed_payloads, list(holders))
    placed = [Placed(job, holders[key]) for job, key in zip(jobs, holders, strict=True)]
    return placed, facts.delayed <= len(placed)


async def read_set(source: Source, key: str, limit: int) -> Sequence[Any]:
    """Up to ``limit`` members of a set, in a few bounded reads."""
    members: dict[Any, None] = {}
    position = 0
    while len(members) < limit:
        answer = await source.run("SSCAN", key, position, "COUNT", MAX_ITEMS)
        members |= dict.fromkeys(answer[1])
        position = int(text(answer[0]))
        if position == 0:
            break
    return list(members)[: max(0, limit)]
