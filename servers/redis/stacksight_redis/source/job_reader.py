"""Reads and decodes messages by their ids. Source room: I/O, no judgement."""

from collections.abc import Iterable, Sequence
from typing import Any

from redis.exceptions import ResponseError

from stacksight_redis.analysis.jobs import Job, decode_job
from stacksight_redis.facts.names import DELAYED
from stacksight_redis.source.commands import MAX_TEXT, Command
from stacksight_redis.source.connection import Source

MAX_ACTORS = 1_000
READ_PART = 100
READ_PART_BYTES = 256 * 1024
"""Messages, and bytes of them, that one command reads: about 0.1 ms on the server."""

READ_BYTES = 4 * 1024 * 1024
"""Payload bytes that one call reads."""


async def read_listed(source: Source, places: Sequence[tuple[str, Command]]) -> list[list[Job]]:
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
                small.append((redis_id, size))
                budget -= size
        commands += [("HMGET", payloads, *part) for part in parts_to_read(small)]
    stored: dict[tuple[str, Any], bytes | None] = {}
    for (_, payloads, *part), found in zip(commands, await source.run_all(commands), strict=True):
        if isinstance(found, ResponseError):
            continue
        for redis_id, payload in zip(part, found, strict=True):
            stored[payloads, redis_id] = payload
            if payload is None:  # it has gone since its size was asked
                del sizes[payloads, redis_id]
    jobs = [
        [decode_job(text(i), stored.get((key, i)), sizes.get((key, i))) for i in ids]
        for key, ids in places
    ]
    for found in jobs:
        _remember_actors(source, found)
    return jobs


def parts_to_read(sized: Iterable[tuple[Any, int]]) -> list[list[Any]]:
    """Divide ids, each with the bytes of its message, into what one command may read."""
    parts: list[list[Any]] = []
    bytes_left = 0
    for redis_id, size in sized:
        if not parts or len(parts[-1]) == READ_PART or size > bytes_left:
            parts.append([])
            bytes_left = READ_PART_BYTES
        parts[-1].append(redis_id)
        bytes_left -= size
    return parts


def _remember_actors(source: Source, jobs: Sequence[Job]) -> None:
    """Keep which actors were seen on which queue: a result can only be found with both names."""
    if len(source.actors) < MAX_ACTORS:
        source.actors |= {
            (job.queue.removesuffix(DELAYED), job.actor) for job in jobs if job.problem is None
        }


def text(value: Any) -> str:
    """Decode bytes from Redis; what is not UTF-8 shows as replacement characters."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
