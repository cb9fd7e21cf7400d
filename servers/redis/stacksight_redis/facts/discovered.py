"""What has been found among the keys so far. No I/O."""

import asyncio
from dataclasses import dataclass, field

from stacksight_redis.facts.names import Queue


@dataclass
class DiscoveryCache:
    """Queues and namespaces found by scanning; kept for the life of the process.

    Attributes:
        queues: every queue that has had a message while this process looked.
        namespaces: those with heartbeats.
        position: SCAN's cursor of a pass that has not come to its end.
        keys_seen: keys looked at in the pass that is under way or was the last.
        finished_at: event-loop time when the last pass ended, None before.
    """

    queues: set[Queue] = field(default_factory=set)
    namespaces: set[str] = field(default_factory=set)
    position: int = 0
    keys_seen: int = 0
    finished_at: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    refresh: asyncio.Task[None] | None = None


@dataclass(frozen=True)
class Found:
    """What one call may rely on.

    Attributes:
        queues: sorted.
        namespaces: sorted.
        total_keys: in the database.
        keys_seen: how many of them the pass has looked at.
        age_s: how long ago the last complete pass ended; None when none has.
    """

    queues: list[Queue]
    namespaces: list[str]
    total_keys: int
    keys_seen: int
    age_s: float | None
