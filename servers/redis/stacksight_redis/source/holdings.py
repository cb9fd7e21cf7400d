"""Finds out which process holds how many messages of which queue. Source room: no judgement.

Redis has a set of ids for every pair of process and queue, and no list of these sets. Live
processes are always asked; the others, which may be thousands, from the newest on until everything
that is stored is accounted for.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from redis.exceptions import ResponseError

from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import Held, Process, QueueFacts
from stacksight_redis.source.connection import BATCH, Source

PAIRS_PER_ROUND = 500
MAX_PAIRS = 10_000
RECOUNTS = 3
RECOUNT_AFTER_S = 0.02

Pair = tuple[Process, Queue]


@dataclass
class Holdings:
    """What the processes that were asked hold; ``all_asked`` if no process was left out."""

    held: dict[Queue, list[Held]] = field(default_factory=dict)
    all_asked: bool = True


async def read_holdings(
    source: Source, counts: Sequence[QueueFacts], processes: Sequence[Process], *, complete: bool
) -> Holdings:
    """Ask what processes hold.

    Args:
        source: the Redis.
        counts: the queues; those without any message are left out.
        processes: all with a heartbeat, or the newest of them.
        complete: whether these are all.
    """
    found = Holdings(all_asked=complete)
    missing = {
        facts.queue: facts.payloads - facts.waiting + facts.delayed - facts.delayed_waiting
        for facts in counts
        if facts.payloads or facts.waiting or facts.delayed or facts.delayed_waiting
    }
    live = [process for process in processes if process.alive]
    await _ask(source, _pairs(live, missing), found, missing)
    others = _pairs([process for process in processes if not process.alive], missing)
    asked = 0
    while others := [pair for pair in others if missing[pair[1]] > 0]:
        if asked >= MAX_PAIRS:
            found.all_asked = False
            break
        await _ask(source, others[:PAIRS_PER_ROUND], found, missing)
        others = others[PAIRS_PER_ROUND:]
        asked += PAIRS_PER_ROUND
    return found


def _pairs(processes: Iterable[Process], queues: Iterable[Queue]) -> list[Pair]:
    return [(p, q) for p in processes for q in queues if q.namespace == p.namespace]


async def _ask(
    source: Source, pairs: Sequence[Pair], found: Holdings, missing: dict[Queue, int]
) -> None:
    answers = _numbers(
        await source.run_all(
            [("SCARD", key) for p, q in pairs for key in (q.held(p.id), q.held_delayed(p.id))]
        )
    )
    for (process, queue), messages, delayed in zip(pairs, answers[::2], answers[1::2], strict=True):
        if messages or delayed:
            found.held.setdefault(queue, []).append(Held(process, messages, delayed))
            missing[queue] -= messages + delayed


async def compare_holdings(source: Source, facts: QueueFacts) -> QueueFacts:
    """Add what is stored and not held, or listed and not stored.

    The counts were read at different moments, so a difference is counted again, all at once and
    some times: work in progress goes away, what nobody holds stays.
    """
    found = _differences(facts)
    for attempt in range(RECOUNTS):
        if not any(found):
            break
        if attempt:
            await asyncio.sleep(RECOUNT_AFTER_S)
        again = await _count_again(source, facts)
        found = tuple(_nearer(a, b) for a, b in zip(found, _differences(again), strict=True))
    messages, delayed = found
    return replace(
        facts,
        unheld=max(0, messages),
        delayed_unheld=max(0, delayed),
        without_payload=max(0, -messages) + max(0, -delayed),
    )


def _differences(facts: QueueFacts) -> tuple[int, ...]:
    """Stored minus listed, of messages and of delayed ones."""
    held = sum(holder.messages for holder in facts.held)
    delayed = sum(holder.delayed for holder in facts.held)
    return (
        facts.payloads - facts.waiting - held,
        facts.delayed - facts.delayed_waiting - delayed,
    )


def _nearer(first: int, second: int) -> int:
    """The one closer to zero; zero when their signs differ."""
    if first * second <= 0:
        return 0
    return min(first, second, key=abs)


async def _count_again(source: Source, facts: QueueFacts) -> QueueFacts:
    queue = facts.queue
    holders = facts.held[: (BATCH - 4) // 2]
    answers = _numbers(
        await source.run_all(
            [
                ("LLEN", queue.base),
                ("HLEN", queue.payloads),
                ("LLEN", queue.delayed),
                ("HLEN", queue.delayed_payloads),
                *(("SCARD", queue.held(holder.process.id)) for holder in holders),
                *(("SCARD", queue.held_delayed(holder.process.id)) for holder in holders),
            ]
        )
    )
    messages, delayed = answers[4 : 4 + len(holders)], answers[4 + len(holders) :]
    held = [
        Held(holder.process, *counts)
        for holder, *counts in zip(holders, messages, delayed, strict=True)
    ]
    return replace(
        facts,
        waiting=answers[0],
        payloads=answers[1],
        delayed_waiting=answers[2],
        delayed=answers[3],
        held=[*held, *facts.held[len(holders) :]],
    )


def _numbers(answers: Sequence[object]) -> list[int]:
    return [0 if isinstance(a, ResponseError) or not isinstance(a, int) else a for a in answers]


def most_first(held: Iterable[Held]) -> list[Held]:
    """Sort holders: who holds most, then who spoke last."""
    return sorted(held, key=lambda h: (-h.messages - h.delayed, h.process.silent_s))
