"""Reads what processes hold and which connections they may have. Source room: I/O only."""

import asyncio
from collections.abc import Sequence

from stacksight_redis.facts.queues import Observed
from stacksight_redis.source.connection import Source
from stacksight_redis.source.queue_reader import read_processes, read_time

OBSERVE_S = 1.6
"""Longer than a consumer's longest pause between two polls, which is about a second."""


async def observe_processes(source: Source, namespaces: Sequence[str]) -> list[Observed]:
    """See which processes speak within a moment; takes 1.6 s."""
    first_ms = await read_time(source)
    before, _ = await read_processes(source, namespaces, first_ms)
    await asyncio.sleep(OBSERVE_S)
    now_ms = await read_time(source)
    after, _ = await read_processes(source, namespaces, now_ms)
    then = {(p.namespace, p.id): first_ms - p.silent_s * 1000 for p in before}
    return [
        Observed(p, spoke=now_ms - p.silent_s * 1000 > then.get((p.namespace, p.id), 0) + 1)
        for p in after
    ]
