"""Finds queues and namespaces among the keys, within a time budget.

A queue exists in Redis only as the keys of its messages, so the keys have to be scanned. In a small
database that is done at every call. In a large one the last complete pass is used, and renewed
behind the answers.
"""

import asyncio
import time

from stacksight_core.errors import ToolFailure
from stacksight_redis.facts.discovered import Found
from stacksight_redis.facts.looks import LOOK_EVERY_S
from stacksight_redis.facts.names import (
    QUEUE_KEYS_GLOB,
    Queue,
    heartbeats,
    is_namespace,
    is_queue_name,
    parse_key,
)
from stacksight_redis.source.commands import SCAN_COUNT
from stacksight_redis.source.connection import Source
from stacksight_redis.source.queue_reader import read_processes, read_time

SMALL_DATABASE = 10_000
"""With so few keys, finding the queues anew takes some 15 ms: it is done at every call."""
FRESH_S = 60.0


async def discover(source: Source) -> Found:
    """Find the queues and namespaces of the database.

    Costs at most ``STACKSIGHT_DISCOVERY_S`` seconds; a pass that does not come to its end is
    continued by the next call.

    Raises:
        ToolFailure: Redis is down or refuses.
    """
    cache = source.discovery
    total = int(await source.run("DBSIZE"))
    async with cache.lock:
        await _ask_known_namespaces(source)
        if total <= SMALL_DATABASE or cache.finished_at is None:
            await _scan(source, source.settings.discovery_s)
        elif time.monotonic() - cache.finished_at > FRESH_S and cache.refresh is None:
            cache.refresh = asyncio.create_task(_refresh(source))
    finished = cache.finished_at
    return Found(
        queues=sorted(q for q in cache.queues if q.namespace in cache.namespaces),
        namespaces=sorted(cache.namespaces),
        total_keys=total,
        keys_seen=total if finished is not None else min(cache.keys_seen, total),
        age_s=None if finished is None else time.monotonic() - finished,
    )


async def _ask_known_namespaces(source: Source) -> None:
    names = [n.strip() for n in source.settings.namespaces.split(",") if n.strip()]
    there = await source.run_all([("EXISTS", heartbeats(name)) for name in names])
    source.discovery.namespaces |= {
        name for name, exists in zip(names, there, strict=True) if exists == 1
    }


async def _scan(source: Source, budget_s: float) -> None:
    """Go on with the pass, or begin one, until its end or the end of the budget.

    Meanwhile the processes of the known namespaces are looked at: which of them are consumers takes
    as long to see.
    """
    cache = source.discovery
    deadline = time.monotonic() + budget_s
    look_at = time.monotonic() + LOOK_EVERY_S
    if cache.position == 0:
        cache.keys_seen = 0
    while (now := time.monotonic()) < deadline:
        if now >= look_at:
            look_at = now + LOOK_EVERY_S
            await read_processes(source, sorted(cache.namespaces), await read_time(source))
        answer = await source.run(
            "SCAN", cache.position, "MATCH", QUEUE_KEYS_GLOB, "COUNT", SCAN_COUNT
        )
        cache.position = int(answer[0])
        cache.keys_seen += SCAN_COUNT
        for key in answer[1]:
            namespace, name = parse_key(key.decode(errors="replace"))
            if not is_namespace(namespace):
                continue
            if name is None:
                cache.namespaces.add(namespace)
            elif is_queue_name(name):
                cache.queues.add(Queue(namespace, name))
        if cache.position == 0:
            cache.finished_at = time.monotonic()
            return


async def _refresh(source: Source) -> None:
    cache = source.discovery
    try:
        # A whole pass, gently: other calls and other clients come in between.
        await _scan(source, 10 * source.settings.discovery_s)
    except ToolFailure:
        cache.position = 0  # Redis went away; the next call says so itself
    finally:
        cache.refresh = None
