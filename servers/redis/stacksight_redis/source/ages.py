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
UNFETCHED_AMONG = 100


async def add_ages(source: Source, counts: Sequence[QueueFacts], now_ms: float) -> list[QueueFacts]:
    """Add the ages of what waits and of what is held, what is overdue, what cannot be decoded.

    Reads the first that wait, the first delayed ones that no process has fetched, and some at
    random of what each process holds.
    """
    waiting = [f.queue for f in counts if f.waiting]
    unfetched = [f.queue for f in counts if f.delayed_waiting]
    held = [(f.queue, h) for f in counts for h in f.held if h.messages]
    delayed = [(f.queue, h) for f in counts for h in f.held if h.delayed and h.process.alive]
    found = iter(
        await read_listed(
            source,
            [
                *((q.payloads, ("LRANGE", q.base, 0, OLDEST_AMONG - 1)) for q in waiting),
                *(
                    (q.delayed_payloads, ("LRANGE", q.delayed, 0, UNFETCHED_AMONG - 1))
                    for q in unfetched
                ),
                *((q.payloads, ("SRANDMEMBER", q.held(h.process.id), HELD_AMONG)) for q, h in held),
                *(
                    (
                        q.delayed_payloads,
                        ("SRANDMEMBER", q.held_delayed(h.process.id), OVERDUE_AMONG),
                    )
                    for q, h in delayed
                ),
            ],
        )
    )
    first = {queue: next(found) for queue in waiting}
    not_fetched = {queue: next(found) for queue in unfetched}
    holding = {(queue, h.process.id): next(found) for queue, h in held}
    in_memory: dict[object, list[Job]] = {}
    for queue, _ in delayed:
        in_memory.setdefault(queue, []).extend(next(found))
    return [
        _add_due(
            _complete(
                facts,
                first.get(facts.queue, ()),
                [(h, holding.get((facts.queue, h.process.id), ())) for h in facts.held],
                now_ms,
            ),
            in_memory.get(facts.queue, ()),
            not_fetched.get(facts.queue, ()),
            now_ms,
        )
        for facts in counts
    ]


def _complete(
    facts: QueueFacts,
    first: Sequence[Job],
    held: Sequence[tuple[Held, Sequence[Job]]],
    now_ms: float,
) -> QueueFacts:
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
    )


def _add_due(
    facts: QueueFacts, in_memory: Sequence[Job], not_fetched: Sequence[Job], now_ms: float
) -> QueueFacts:
    overdue, unfetched = _late_s(in_memory, now_ms), _late_s(not_fetched, now_ms)
    return replace(
        facts,
        overdue=len(overdue),
        overdue_of=len(in_memory),
        overdue_s=max(overdue, default=0.0),
        unfetched_due=len(unfetched),
        unfetched_due_of=len(not_fetched),
        unfetched_due_s=max(unfetched, default=0.0),
    )


def _late_s(jobs: Sequence[Job], now_ms: float) -> list[float]:
    """By how many seconds delayed messages are past their time, beyond what is usual."""
    return [
        (now_ms - job.eta_ms) / 1000
        for job in jobs
        if job.eta_ms is not None and now_ms - job.eta_ms > OVERDUE_AFTER_MS
    ]


def _oldest_s(jobs: Sequence[Job], now_ms: float) -> float | None:
    since = min((job.since_ms for job in jobs if job.since_ms is not None), default=None)
    return None if since is None else max(0.0, (now_ms - since) / 1000)
