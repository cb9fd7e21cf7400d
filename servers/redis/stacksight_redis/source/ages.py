"""Adds what only the messages themselves tell about a queue. Source room: I/O, no judgement."""

from collections.abc import Sequence
from dataclasses import replace

from stacksight_redis.analysis.jobs import Job
from stacksight_redis.facts.queues import OVERDUE_AFTER_MS, Held, QueueFacts
from stacksight_redis.source.connection import Source
from stacksight_redis.source.job_reader import read_listed

OLDEST_AMONG = 20
HELD_AMONG = 50
OVERDUE_AMONG = 200


async def add_ages(source: Source, counts: Sequence[QueueFacts], now_ms: float) -> list[QueueFacts]:
    """Add the ages of what waits and of what is held, what is overdue, what cannot be decoded.

    Reads the first that wait, and some at random of what each process holds.
    """
    waiting = [f.queue for f in counts if f.waiting]
    held = [(f.queue, h) for f in counts for h in f.held if h.messages]
    delayed = [(f.queue, h) for f in counts for h in f.held if h.delayed and h.process.alive]
    found = await read_listed(
        source,
        [
            *((q.payloads, ("LRANGE", q.base, 0, OLDEST_AMONG - 1)) for q in waiting),
            *((q.payloads, ("SRANDMEMBER", q.held(h.process.id), HELD_AMONG)) for q, h in held),
            *(
                (q.delayed_payloads, ("SRANDMEMBER", q.held_delayed(h.process.id), OVERDUE_AMONG))
                for q, h in delayed
            ),
        ],
    )
    first = dict(zip(waiting, found, strict=False))
    keys = [(q, h.process.id) for q, h in held]
    holding = dict(zip(keys, found[len(waiting) :], strict=False))
    late: dict[object, list[Job]] = {}
    for (queue, _), jobs in zip(delayed, found[len(waiting) + len(held) :], strict=True):
        late.setdefault(queue, []).extend(jobs)
    return [
        _complete(
            facts,
            first.get(facts.queue, ()),
            [(h, holding.get((facts.queue, h.process.id), ())) for h in facts.held],
            late.get(facts.queue, ()),
            now_ms,
        )
        for facts in counts
    ]


def _complete(
    facts: QueueFacts,
    first: Sequence[Job],
    held: Sequence[tuple[Held, Sequence[Job]]],
    delayed: Sequence[Job],
    now_ms: float,
) -> QueueFacts:
    late = [
        (now_ms - job.eta_ms) / 1000
        for job in delayed
        if job.eta_ms is not None and now_ms - job.eta_ms > OVERDUE_AFTER_MS
    ]
    return replace(
        facts,
        oldest_waiting_s=_oldest_s(first, now_ms),
        held=[replace(holder, oldest_s=_oldest_s(jobs, now_ms)) for holder, jobs in held],
        undecodable=sum(
            job.undecodable and job.size is not None
            for holder, jobs in held
            for job in jobs
            if holder.process.alive
        ),
        overdue=len(late),
        overdue_of=len(delayed),
        overdue_s=max(late, default=0.0),
    )


def _oldest_s(jobs: Sequence[Job], now_ms: float) -> float | None:
    since = min((job.since_ms for job in jobs if job.since_ms is not None), default=None)
    return None if since is None else max(0.0, (now_ms - since) / 1000)
