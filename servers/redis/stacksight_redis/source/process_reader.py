"""Watches processes and queues as long as it takes to see what moves. Source room: I/O only."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from stacksight_redis.analysis.rates import Flow, measure
from stacksight_redis.facts.looks import LOOK_EVERY_S, OBSERVE_S
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import Observed
from stacksight_redis.source.connection import Source
from stacksight_redis.source.queue_reader import read_processes, read_time
from stacksight_redis.source.rate_reader import read_marks


async def observe_processes(
    source: Source,
    namespaces: Sequence[str],
    consumers: Collection[str],
    *,
    seconds: float = OBSERVE_S,
) -> list[Observed]:
    """See which processes go on speaking.

    Looks until every process that has just spoken is known for a consumer, or was watched for
    ``seconds``; what earlier calls saw counts too.

    Args:
        source: the Redis.
        namespaces: where.
        consumers: ids of processes that need not be watched: they hold messages.
        seconds: how long to watch at most; 0 for one look.
    """
    deadline = time.monotonic() + seconds
    while True:
        now_ms = await read_time(source)
        processes, _ = await read_processes(source, namespaces, now_ms)
        observed = [
            replace(seen, spoke=True, may_speak=False)
            if seen.process.alive and seen.process.id in consumers
            else seen
            for seen in source.looks.observe(processes)
        ]
        undecided = [seen.process for seen in observed if seen.may_speak]
        if not undecided or time.monotonic() >= deadline:
            if seconds >= OBSERVE_S:
                source.looks.watched(undecided)
            return observed
        await asyncio.sleep(LOOK_EVERY_S)


async def observe_flow(source: Source, queue: Queue, *, seconds: float) -> Flow | None:
    """What came and went since an earlier look; without one, within so many seconds if not 0."""
    before = source.looks.mark_before(queue)
    now = await read_marks(source, [queue], {} if before is None else {queue: before})
    if queue not in now:
        return None
    if before is not None and (flow := measure(before, now[queue])).exact:
        return flow
    if not seconds:
        return None
    await asyncio.sleep(seconds)
    after = await read_marks(source, [queue], now)
    return measure(now[queue], after[queue]) if queue in after else None
