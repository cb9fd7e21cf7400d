"""Reads counts, heartbeats and messages of Dramatiq queues. Source room: I/O, no judgement.

Every read costs a bounded number of O(1) or O(100) commands, whatever the length of the queues.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from redis.exceptions import ResponseError

from stacksight_redis.analysis.jobs import Job, decode_job
from stacksight_redis.facts.names import DELAYED, Queue, heartbeats
from stacksight_redis.facts.queues import OVERDUE_AFTER_MS, Process, QueueFacts, Snapshot
from stacksight_redis.source.commands import MAX_ITEMS, MAX_TEXT, Command
from stacksight_redis.source.connection import Source
from stacksight_redis.source.holdings import compare_holdings, most_first, read_holdings

MAX_PROCESSES = 5_000
MAX_ACTORS = 1_000
OLDEST_AMONG = 20
OVERDUE_AMONG = 50
HOUR_MS = 3_600_000
READ_PART = 200
"""Messages that one command reads: 0.3 ms on the server."""

READ_BYTES = 4 * 1024 * 1024
"""Payload bytes that one call reads."""


async def read_snapshot(
    source: Source, queues: Sequence[Queue], namespaces: Iterable[str] = ()
) -> Snapshot:
    """Read the counts of queues, the processes of their namespaces, and who holds what."""
    now_ms = await read_time(source)
    names = sorted({queue.namespace for queue in queues} | set(namespaces))
    processes, total = await read_processes(source, names, now_ms)
    counts = await _read_counts(source, queues, now_ms)
    found = await read_holdings(source, counts, processes, complete=len(processes) >= total)
    facts = [
        await compare_holdings(
            source,
            replace(f, held=most_first(found.held.get(f.queue, ())), all_asked=found.all_asked),
        )
        for f in counts
    ]
    return Snapshot(now_ms, processes, total, await _with_ages(source, facts, now_ms))


async def read_time(source: Source) -> float:
    """Redis's clock, Unix time in ms; ours may differ from it."""
    seconds, microseconds = await source.run("TIME")
    return int(seconds) * 1000 + int(microseconds) / 1000


async def read_processes(
    source: Source, namespaces: Sequence[str], now_ms: float
) -> tuple[list[Process], int]:
    """The newest heartbeats of each namespace, and how many there are in all."""
    timeout_s = source.settings.heartbeat_timeout_s
    processes, total = [], 0
    for namespace in namespaces:
        key = heartbeats(namespace)
        (count,) = await source.run_all([("ZCARD", key)])
        if isinstance(count, ResponseError):
            continue
        total += count
        pages = await source.run_all(
            [
                ("ZREVRANGE", key, start, start + MAX_ITEMS - 1, "WITHSCORES")
                for start in range(0, min(count, MAX_PROCESSES), MAX_ITEMS)
            ]
        )
        newest = {
            text(name): float(score)
            for page in pages
            for name, score in zip(page[::2], page[1::2], strict=True)
        }
        here = [
            Process(namespace, name, silent_s, alive=silent_s < timeout_s)
            for name, score in newest.items()
            for silent_s in [max(0.0, (now_ms - score) / 1000)]
        ]
        source.looks.saw_processes(namespace, here, now_ms)
        processes += here
    return processes, total


async def _read_counts(source: Source, queues: Sequence[Queue], now_ms: float) -> list[QueueFacts]:
    commands: list[tuple[str | int, ...]] = []
    for queue in queues:
        commands += [
            ("LLEN", queue.base),
            ("HLEN", queue.payloads),
            ("LLEN", queue.delayed),
            ("HLEN", queue.delayed_payloads),
            ("ZCARD", queue.dead),
            ("ZCOUNT", queue.dead, int(now_ms - HOUR_MS), "+inf"),
            ("HLEN", queue.dead_payloads),
            ("ZREVRANGE", queue.dead, 0, 0, "WITHSCORES"),
        ]
    answers = await source.run_all(commands)
    facts = []
    for queue, start in zip(queues, range(0, len(answers), 8), strict=True):
        row = answers[start : start + 8]
        if any(isinstance(answer, ResponseError) for answer in row):
            continue  # keys of another program that only look like a queue's
        newest = row[7]
        facts.append(
            QueueFacts(
                queue=queue,
                waiting=row[0],
                payloads=row[1],
                delayed_waiting=row[2],
                delayed=row[3],
                dead=row[4],
                dead_last_hour=row[5],
                dead_payloads=row[6],
                newest_dead_s=(now_ms - float(newest[1])) / 1000 if newest else None,
            )
        )
    return facts


async def _with_ages(
    source: Source, counts: Sequence[QueueFacts], now_ms: float
) -> list[QueueFacts]:
    """Add what only the messages tell: the oldest that waits, and delayed ones that are overdue."""
    waiting = [f.queue for f in counts if f.waiting]
    heads = await _read_listed(
        source, [(q.payloads, ("LRANGE", q.base, 0, OLDEST_AMONG - 1)) for q in waiting]
    )
    since = {
        queue: min((job.since_ms for job in jobs if job.since_ms is not None), default=None)
        for queue, jobs in zip(waiting, heads, strict=True)
    }
    holders = [(f.queue, h) for f in counts for h in f.held if h.delayed and h.process.alive]
    sampled = await _read_listed(
        source,
        [
            (q.delayed_payloads, ("SRANDMEMBER", q.held_delayed(h.process.id), OVERDUE_AMONG))
            for q, h in holders
        ],
    )
    delayed: dict[Queue, list[Job]] = {}
    for (queue, _), jobs in zip(holders, sampled, strict=True):
        delayed.setdefault(queue, []).extend(jobs)
    return [_complete(f, since.get(f.queue), delayed.get(f.queue, ()), now_ms) for f in counts]


def _complete(
    facts: QueueFacts,
    oldest_ms: float | None,
    delayed: Sequence[Job],
    now_ms: float,
    /,
) -> QueueFacts:
    late = [
        (now_ms - job.eta_ms) / 1000
        for job in delayed
        if job.eta_ms is not None and now_ms - job.eta_ms > OVERDUE_AFTER_MS
    ]
    return replace(
        facts,
        oldest_waiting_s=None if oldest_ms is None else max(0.0, (now_ms - oldest_ms) / 1000),
        overdue=len(late),
        overdue_of=len(delayed),
        overdue_s=max(late, default=0.0),
    )


async def _read_listed(source: Source, places: Sequence[tuple[str, Command]]) -> list[list[Job]]:
    """Read the messages of several hashes whose ids the commands list, all in a few round trips."""
    answers = await source.run_all([command for _, command in places])
    ids = [[] if isinstance(answer, ResponseError) else answer for answer in answers]
    return await _read_places(
        source, [(payloads, found) for (payloads, _), found in zip(places, ids, strict=True)]
    )


async def read_jobs(source: Source, payloads: str, ids: Sequence[Any]) -> list[Job]:
    """Read and decode messages by their ids, in the order of the ids.

    Sizes are asked first: a payload over 256 kB, or beyond 4 MB in all, is not read.
    """
    (jobs,) = await _read_places(source, [(payloads, ids)])
    return jobs


async def _read_places(
    source: Source, places: Sequence[tuple[str, Sequence[Any]]]
) -> list[list[Job]]:
    wanted = [(payloads, redis_id) for payloads, ids in places for redis_id in ids]
    answers = await source.run_all([("HSTRLEN", *place) for place in wanted])
    sizes = {
        place: size for place, size in zip(wanted, answers, strict=True) if isinstance(size, int)
    }
    budget = READ_BYTES
    commands: list[tuple[Any, ...]] = []
    for payloads, ids in places:
        small = []
        for redis_id in ids:
            size = sizes.get((payloads, redis_id), 0)
            if 0 < size <= min(MAX_TEXT, budget):
                small.append(redis_id)
                budget -= size
        commands += [
            ("HMGET", payloads, *small[start : start + READ_PART])
            for start in range(0, len(small), READ_PART)
        ]
    stored: dict[tuple[str, Any], bytes | None] = {}
    for (_, payloads, *part), found in zip(commands, await source.run_all(commands), strict=True):
        if not isinstance(found, ResponseError):
            stored |= {(payloads, i): payload for i, payload in zip(part, found, strict=True)}
    jobs = [
        [decode_job(text(i), stored.get((key, i)), sizes.get((key, i))) for i in ids]
        for key, ids in places
    ]
    for found in jobs:
        _remember_actors(source, found)
    return jobs


def _remember_actors(source: Source, jobs: Sequence[Job]) -> None:
    """Keep which actors were seen on which queue: a result can only be found with both names."""
    if len(source.actors) < MAX_ACTORS:
        source.actors |= {
            (job.queue.removesuffix(DELAYED), job.actor) for job in jobs if job.problem is None
        }


def text(value: Any) -> str:
    """Decode bytes from Redis; what is not UTF-8 shows as replacement characters."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
