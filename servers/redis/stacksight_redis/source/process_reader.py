"""Watches processes and queues as long as it takes to see what moves. Source room: I/O only."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import replace

from stacksight_redis.analysis.rates import Flow, measure
from stacksight_redis.facts.looks import OBSERVE_S
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import Observed
from stacksight_redis.source.connection import Source
from stacksight_redis.source.queue_reader import read_processes, read_time
from stacksight_redis.source.rate_reader import read_marks

LOOK_EVERY_S = 0.4


async def observe_processes(
    source: Source, namespaces: Sequence[str], consumers: Collection[str]
) -> list[Observed]:
    """See which processes go on speaking.

    Looks until every process that has just spoken is known for a consumer, at most for 1.6 s; what
    earlier calls saw counts too.

    Args:
        source: the Redis.
        namespaces: where.
        consumers: ids of processes that need not be watched: they hold messages.
    """
    deadline = time.monotonic() + OBSERVE_S
    while True:
        now_ms = await read_time(source)
        processes, _ = await read_processes(source, namespaces, now_ms)
        observed = source.looks.observe(processes)
        undecided = any(s.may_speak and s.process.id not in consumers for s in observed)
        if not undecided or time.monotonic() >= deadline:
            return [
                replace(s, spoke=s.spoke or (s.process.alive and s.process.id in consumers))
                for s in observed
            ]
        await asyncio.sleep(LOOK_EVERY_S)


async def observe_flow(source: Source, queue: Queue, *, needed: bool) -> Flow | None:
    """What came and went since an earlier look; without one, within 1.6 s if that is needed."""
    before = source.looks.mark_before(queue)
    now = await read_marks(source, [queue], {} if before is None else {queue: before})
    if queue not in now:
        return None
    if before is not None and (flow := measure(before, now[queue])).exact:
        return flow
    if not needed:
        return None
    await asyncio.sleep(OBSERVE_S)
    after = await read_marks(source, [queue], now)
    return measure(now[queue], after[queue]) if queue in after else None
