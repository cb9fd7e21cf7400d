"""Reads counts, heartbeats and messages of Dramatiq queues. Source room: I/O, no judgement.

Every read costs a bounded number of O(1) or O(100) commands, whatever the length of the queues.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from redis.exceptions import ResponseError

from stacksight_redis.facts.names import Queue, heartbeats
from stacksight_redis.facts.queues import Process, QueueFacts, Snapshot
from stacksight_redis.source.ages import add_ages
from stacksight_redis.source.commands import MAX_ITEMS
from stacksight_redis.source.connection import Source
from stacksight_redis.source.holdings import compare_holdings, most_first, read_holdings
from stacksight_redis.source.job_reader import text

MAX_PROCESSES = 5_000
HOUR_MS = 3_600_000


async def read_snapshot(
    source: Source, queues: Sequence[Queue], namespaces: Iterable[str] = ()
) -> Snapshot:
    """Read the counts of queues, the processes of their namespaces, and who holds what."""
    now_ms = await read_time(source)
    names = sorted({queue.namespace for queue in queues} | set(namespaces))
    processes, total = await read_processes(source, names, now_ms)
    counts = await _read_counts(source, queues, now_ms)
    found = await read_holdings(source, counts, processes, complete=len(processes) >= total)
    with_holders = [
        replace(f, held=most_first(found.held.get(f.queue, ())), all_asked=found.all_asked)
        for f in counts
    ]
    facts = await asyncio.gather(*(compare_holdings(source, f) for f in with_holders))
    there = {f.queue for f in counts}
    others = [queue.label for queue in queues if queue not in there]
    return Snapshot(now_ms, processes, total, await add_ages(source, facts, now_ms), others)


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
