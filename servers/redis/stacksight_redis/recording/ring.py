"""What a recording keeps: the newest messages, and exact counts of all. No I/O.

Written by the recorder's thread, read by the event loop; one lock, held for a batch at a time.
"""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

MESSAGE_BYTES = 256 * 1024
"""What is kept of one message at most; never more than half of a recording's memory."""

OVERHEAD_BYTES = 200
"""What one kept message costs beyond its payload."""

MAX_CHANNELS = 1_000
OTHER_CHANNELS = b"(other channels)"


class Arrived(NamedTuple):
    """A message as it came: channel, the pattern that caught it if any, and the payload."""

    channel: bytes
    pattern: bytes | None
    data: bytes


class Kept(NamedTuple):
    """A recorded message.

    ``seq`` counts from 1 without holes in what arrived; ``at`` is Unix time in seconds; ``size`` is
    the payload's length before it was cut.
    """

    seq: int
    at: float
    channel: bytes
    pattern: bytes | None
    data: bytes
    size: int


@dataclass
class ChannelCount:
    """Exact totals of one channel, also of messages no longer kept."""

    messages: int = 0
    bytes: int = 0
    first_at: float = 0.0
    last_at: float = 0.0


@dataclass(frozen=True)
class Gap:
    """A time without a subscription: what was published then is not recorded.

    ``ended_at`` is None while it lasts. Unix times in seconds.
    """

    began_at: float
    ended_at: float | None
    reason: str


class Ring:
    """The newest messages within two bounds.

    Args:
        max_messages: how many are kept.
        max_bytes: of payloads and overhead.
    """

    def __init__(self, max_messages: int, max_bytes: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._cut_at = min(MESSAGE_BYTES, max_bytes // 2)
        self._lock = threading.Lock()
        self._kept: deque[Kept] = deque()
        self._bytes = 0
        self._channels: dict[bytes, ChannelCount] = {}
        self.total = 0
        self.dropped = 0
        self.truncated = 0

    def add(self, batch: Iterable[Arrived], at: float) -> None:
        """Take a batch that arrived at one time."""
        with self._lock:
            for message in batch:
                self._add_one(message, at)

    def _add_one(self, message: Arrived, at: float) -> None:
        self.total += 1
        size = len(message.data)
        self._count(message.channel, size, at)
        data = message.data
        if size > self._cut_at:
            self.truncated += 1
            data = data[: self._cut_at]
        self._kept.append(Kept(self.total, at, message.channel, message.pattern, data, size))
        self._bytes += len(data) + OVERHEAD_BYTES
        while self._bytes > self._max_bytes or len(self._kept) > self._max_messages:
            self._bytes -= len(self._kept.popleft().data) + OVERHEAD_BYTES
            self.dropped += 1

    def _count(self, channel: bytes, size: int, at: float) -> None:
        count = self._channels.get(channel)
        if count is None:
            if len(self._channels) >= MAX_CHANNELS:
                channel = OTHER_CHANNELS
            count = self._channels.setdefault(channel, ChannelCount(first_at=at))
        count.messages += 1
        count.bytes += size
        count.last_at = at

    def after(self, seq: int, limit: int) -> list[Kept]:
        """The first ``limit`` kept messages with a number above ``seq``."""
        with self._lock:
            if not self._kept:
                return []
            start = max(0, seq + 1 - self._kept[0].seq)
            stop = min(len(self._kept), start + limit)
            return [self._kept[index] for index in range(start, stop)]

    @property
    def oldest_kept(self) -> int:
        """The number of the oldest message that is kept; of the next one, where none is."""
        with self._lock:
            return self._kept[0].seq if self._kept else self.total + 1

    def newest(self, limit: int) -> list[Kept]:
        """The last ``limit`` kept messages, oldest first."""
        return self.after(max(0, self.total - limit), limit)

    def channels(self) -> dict[bytes, ChannelCount]:
        """Exact totals by channel; beyond 1,000 channels the rest is counted together."""
        with self._lock:
            return {name: ChannelCount(**vars(count)) for name, count in self._channels.items()}
