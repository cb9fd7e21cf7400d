"""What was seen at the looks before, so that a later one can tell what moved. No I/O."""

import itertools
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stacksight_redis.analysis.rates import Mark
from stacksight_redis.facts.names import Queue
from stacksight_redis.facts.queues import Observed, Process

OBSERVE_S = 1.6
"""Longer than a consumer's longest pause between two polls, which is about a second."""

SPOKE_TWICE = 2
"""One sign of life may be a message that a producer sent; a consumer goes on giving them."""

KEPT = 12
APART_S = 0.3
RECENT_S = 10.0
FORGOTTEN_AFTER_S = 120.0


@dataclass(frozen=True)
class _Heartbeats:
    at_s: float
    now_ms: float
    spoke_ms: Mapping[str, float]


@dataclass
class Looks:
    """The last looks at heartbeats by namespace, and at the ends of queues."""

    _heartbeats: dict[str, deque[_Heartbeats]] = field(default_factory=dict)
    _marks: dict[Queue, deque[Mark]] = field(default_factory=dict)

    def saw_processes(self, namespace: str, processes: Iterable[Process], now_ms: float) -> None:
        """Remember when the live processes of a namespace spoke last."""
        looks = self._heartbeats.setdefault(namespace, deque(maxlen=KEPT))
        at_s = time.monotonic()
        if not looks or at_s - looks[-1].at_s >= APART_S:
            spoke = {p.id: now_ms - p.silent_s * 1000 for p in processes if p.alive}
            looks.append(_Heartbeats(at_s, now_ms, spoke))

    def observe(self, processes: Iterable[Process]) -> list[Observed]:
        """Tell which processes go on speaking, as consumers do all the time."""
        return [
            Observed(process, self._signs(process) >= SPOKE_TWICE, self._may_speak(process))
            for process in processes
        ]

    def _signs(self, process: Process) -> int:
        """At how many of the recent looks a process had spoken since the one before."""
        now_s = time.monotonic()
        looks = [
            look
            for look in self._heartbeats.get(process.namespace, ())
            if now_s - look.at_s <= RECENT_S
        ]
        signs = 0
        for before, after in itertools.pairwise(looks):
            spoke_ms = after.spoke_ms.get(process.id, 0.0)
            signs += spoke_ms > before.spoke_ms.get(process.id, before.now_ms) + 1
        return signs

    def _may_speak(self, process: Process) -> bool:
        """Whether more looks could show that it goes on speaking."""
        return process.silent_s <= OBSERVE_S and self._signs(process) < SPOKE_TWICE

    def saw_marks(self, marks: Mapping[Queue, Mark]) -> None:
        """Remember the ends of queues."""
        for queue, mark in marks.items():
            seen = self._marks.setdefault(queue, deque(maxlen=KEPT))
            if not seen or mark.at_s - seen[-1].at_s >= APART_S:
                seen.append(mark)

    def mark_before(self, queue: Queue) -> Mark | None:
        """The youngest mark of a queue that is old enough to compare with, if there is one."""
        now_s = time.monotonic()
        for mark in reversed(self._marks.get(queue, ())):
            if OBSERVE_S <= now_s - mark.at_s <= FORGOTTEN_AFTER_S:
                return mark
        return None
