"""Reads the marks that rates are computed from. Source room: I/O, no judgement."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from redis.exceptions import ResponseError

from stacksight_core.errors import ToolFailure
from stacksight_redis.analysis.rates import LOOK_BACK, Mark
from stacksight_redis.facts.info import parse_info
from stacksight_redis.facts.names import Queue
from stacksight_redis.source.connection import Source


@dataclass(frozen=True)
class Writes:
    """How often Redis has run the commands with which Dramatiq stores and removes messages."""

    stored: int
    removed: int


async def read_writes(source: Source) -> Writes | None:
    """Redis's own count of HSET and HDEL, of any client and key; None where it may not be read."""
    try:
        texts = await source.run_everywhere("INFO", "commandstats")
    except ToolFailure:
        return None
    stats = [parse_info(text) for _, text in texts]
    return Writes(*(sum(_calls(s, name) for s in stats) for name in ("hset", "hdel")))


def _calls(stats: Mapping[str, str], command: str) -> int:
    calls = stats.get(f"cmdstat_{command}", "calls=0").split(",", 1)[0].removeprefix("calls=")
    return int(calls) if calls.isdecimal() else 0


async def read_marks(
    source: Source, queues: Sequence[Queue], before: Mapping[Queue, Mark] | None = None
) -> dict[Queue, Mark]:
    """Read one mark of each queue.

    Args:
        source: the Redis.
        queues: which.
        before: the marks that these are to be compared with.
    """
    before = before or {}
    commands: list[tuple[str | bytes | int, ...]] = []
    for queue in queues:
        earlier = before.get(queue)
        tail = earlier.tail if earlier is not None and earlier.tail is not None else b""
        commands += [
            ("LLEN", queue.base),
            ("LINDEX", queue.base, -1),
            ("LPOS", queue.base, tail, "RANK", -1, "MAXLEN", LOOK_BACK),
            ("HLEN", queue.payloads),
            ("HLEN", queue.delayed_payloads),
            ("ZCARD", queue.dead),
        ]
    answers = await source.run_all(commands)
    at_s = time.monotonic()
    marks = {}
    for queue, start in zip(queues, range(0, len(answers), 6), strict=True):
        waiting, tail, place, payloads, delayed, dead = answers[start : start + 6]
        if any(isinstance(answer, ResponseError) for answer in answers[start : start + 6]):
            continue
        marks[queue] = Mark(
            at_s=at_s,
            waiting=waiting,
            tail=tail,
            in_flight=max(0, payloads - waiting),
            delayed=delayed,
            dead=dead,
            after_tail=None if place is None else waiting - 1 - place,
        )
    source.looks.saw_marks(marks)
    return marks
