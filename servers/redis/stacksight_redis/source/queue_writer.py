"""Changes queues, in steps that Redis runs as a whole or not at all. Source room: no judgement."""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence

from redis.exceptions import ResponseError

from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import State
from stacksight_redis.source.connection import Source
from stacksight_redis.source.write_scripts import (
    DELETE_DEAD,
    DELETE_LISTED,
    ENQUEUE,
    REQUEUE,
    script,
)

STEP = 50
"""Messages that one step changes: well under a millisecond on the server."""

STEP_BYTES = 1024 * 1024
MAX_PAYLOAD = 16 * 1024 * 1024

Renew = Callable[[bytes, str], bytes | None]


async def requeue(
    source: Source, queue: Queue, ids: Sequence[bytes], renew: Renew
) -> AsyncIterator[int]:
    """Move dead letters to the tail of their queue; yields after each step how many it moved.

    Args:
        source: the Redis.
        queue: whose.
        ids: of the dead letters; what is no longer there, or larger than 16 MB, is left out.
        renew: makes the new payload from the old one and a new id; None keeps both.

    Raises:
        UnknownOutcomeError: the connection was lost; the steps before are done.
        ToolFailure: Redis is down or refuses.
    """
    keys = (queue.dead, queue.dead_payloads, queue.base, queue.payloads)
    async for part in _parts(source, queue.dead_payloads, ids):
        arguments: list[bytes | str] = []
        payloads = await source.run("HMGET", queue.dead_payloads, *part)
        for redis_id, payload in zip(part, payloads, strict=True):
            if payload is not None:
                fresh = str(uuid.uuid4())
                renewed = renew(payload, fresh)
                arguments += (
                    [redis_id, redis_id, payload] if renewed is None else [redis_id, fresh, renewed]
                )
        if arguments:
            yield int(await source.write(script(REQUEUE, keys, arguments)))


async def _parts(source: Source, payloads: str, ids: Sequence[bytes]) -> AsyncIterator[list[bytes]]:
    sizes = await source.run_all([("HSTRLEN", payloads, redis_id) for redis_id in ids])
    part: list[bytes] = []
    total = 0
    for redis_id, size in zip(ids, sizes, strict=True):
        if isinstance(size, ResponseError) or not 0 < size <= MAX_PAYLOAD:
            continue
        if part and (len(part) == STEP or total + size > STEP_BYTES):
            yield part
            part, total = [], 0
        part.append(redis_id)
        total += size
    if part:
        yield part


async def delete(
    source: Source, queue: Queue, state: State, ids: Sequence[bytes]
) -> AsyncIterator[int]:
    """Delete dead, waiting or delayed messages; yields after each step how many it deleted.

    A message that a worker has fetched meanwhile is left alone.

    Raises:
        UnknownOutcomeError: the connection was lost; the steps before are done.
        ToolFailure: Redis is down or refuses.
    """
    text, keys = {
        "dead": (DELETE_DEAD, (queue.dead, queue.dead_payloads)),
        "waiting": (DELETE_LISTED, (queue.base, queue.payloads)),
        "delayed": (DELETE_LISTED, (queue.delayed, queue.delayed_payloads)),
    }[state]
    for start in range(0, len(ids), STEP):
        yield int(await source.write(script(text, keys, ids[start : start + STEP])))


async def enqueue(
    source: Source, queue: Queue, redis_id: str, payload: bytes, *, delayed: bool
) -> None:
    """Store a message and list it, in one step.

    Raises:
        UnknownOutcomeError: the connection was lost, so it may be enqueued or not.
        ToolFailure: Redis is down or refuses.
    """
    keys = (queue.delayed, queue.delayed_payloads) if delayed else (queue.base, queue.payloads)
    await source.write(script(ENQUEUE, keys, [redis_id, payload]))


async def publish(source: Source, channel: str, payload: str) -> int:
    """Publish once; returns how many clients received it on this node.

    Raises:
        UnknownOutcomeError: the connection was lost, so it may be published or not.
        ToolFailure: Redis is down or refuses.
    """
    return int(await source.write(("PUBLISH", channel, payload)))
