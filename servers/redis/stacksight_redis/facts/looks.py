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

BRIEF_S = 0.2
"""Long enough to count what moves in a queue that is known to be busy."""

LOOK_EVERY_S = 0.4
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
    """The last looks at heartbeats by namespace, and at the ends of queues.

    A process that was seen to consume is remembered as long as it goes on speaking, and one that
    was watched long enough is not watched again, so that only new processes cost time.
    """

    _heartbeats: dict[str, deque[_Heartbeats]] = field(default_factory=dict)
    _marks: dict[Queue, deque[Mark]] = field(default_factory=dict)
    _consumers: set[tuple[str, str]] = field(default_factory=set)
    _watched: set[tuple[str, str]] = field(default_factory=set)

    def saw_processes(self, namespace: str, processes: Iterable[Process], now_ms: float) -> None:
        """Remember when the live processes of a namespace spoke last."""
        looks = self._heartbeats.setdefault(namespace, deque(maxlen=KEPT))
        at_s = time.monotonic()
        if looks and at_s - looks[-1].at_s < APART_S:
            return
        live = {p.id: now_ms - p.silent_s * 1000 for p in processes if p.alive}
        looks.append(_Heartbeats(at_s, now_ms, live))
        self._consumers |= {
            (namespace, process) for process in live if self._signs(namespace, process) >= 2
        }
        gone = {name for name in self._consumers | self._watched if name[0] == namespace}
        gone -= {(namespace, i) for i, at_ms in live.items() if now_ms - at_ms <= RECENT_S * 1000}
        self._consumers -= gone
        self._watched -= gone

    def observe(self, processes: Iterable[Process]) -> list[Observed]:
        """Tell which processes go on speaking, as consumers do all the time."""
        return [self._observe(process) for process in processes]

    def _observe(self, process: Process) -> Observed:
        if not process.alive:
            return Observed(process, spoke=False)
        name = (process.namespace, process.id)
        spoke = name in self._consumers
        may_speak = not spoke and name not in self._watched and process.silent_s <= OBSERVE_S
        return Observed(process, spoke, may_speak)

    def watched(self, processes: Iterable[Process]) -> None:
        """Remember those that have been watched for OBSERVE_S and did not go on speaking."""
        self._watched |= {(process.namespace, process.id) for process in processes}

    def _signs(self, namespace: str, process: str) -> int:
        """At how many of the recent looks a process had spoken since the one before.

        One sign may be a message that a producer sent; a consumer goes on giving them.
        """
        now_s = time.monotonic()
        looks = [k for k in self._heartbeats.get(namespace, ()) if now_s - k.at_s <= RECENT_S]
        signs = 0
        for before, after in itertools.pairwise(looks):
            spoke_ms = after.spoke_ms.get(process, 0.0)
            signs += spoke_ms > before.spoke_ms.get(process, before.now_ms) + 1
        return signs

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
