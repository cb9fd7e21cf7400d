"""The recordings of this process."""

from collections.abc import Sequence
from typing import Protocol

from stacksight_core.errors import ToolFailure
from stacksight_core.handles import Handles
from stacksight_redis.facts.addresses import parse_address
from stacksight_redis.recording.recorder import Recorder
from stacksight_redis.recording.ring import Ring
from stacksight_redis.recording.wire import Subscription, Wire
from stacksight_redis.settings import RedisSettings

CAPACITY = 4

ERROR_FULL = (
    "{count} captures are already running, which is the most. Stop one first: {running} "
    '(capture_messages(action="stop", capture=…)).'
)


class Capture(Protocol):
    """What pub/sub recordings and followed queues have in common."""

    @property
    def running(self) -> bool:
        """Whether it still records."""

    @property
    def subjects(self) -> Sequence[str]:
        """The channels, patterns or queues that it records."""

    async def stop(self) -> None:
        """End it; what it holds stays readable."""

    def abandon(self) -> None:
        """End it at once; nobody will read it."""


class Captures:
    """Up to four recordings; the oldest that has ended makes room for a new one.

    Args:
        settings: where Redis is, and how much a recording may keep.
    """

    def __init__(self, settings: RedisSettings) -> None:
        self._settings = settings
        self._captures: Handles[Capture] = Handles("capture", CAPACITY)

    async def start(self, subscription: Subscription, seconds: float) -> tuple[str, Recorder]:
        """Begin a recording and return its handle once Redis has confirmed the subscription.

        Raises:
            ToolFailure: four are running already.
            WireError: Redis is not there or refuses.
        """
        self.make_room()
        ring = Ring(self._settings.capture_messages, self._settings.capture_bytes)
        recorder = Recorder(self._connect, subscription, ring, seconds)
        await recorder.start()
        return self._captures.add(recorder), recorder

    def add(self, capture: Capture) -> str:
        """Keep a capture that has been started and return its handle."""
        return self._captures.add(capture)

    def get(self, handle: str) -> Capture:
        """Return the capture of a handle.

        Raises:
            ToolFailure: there is none.
        """
        return self._captures.get(handle)

    def newest_first(self) -> list[tuple[str, Capture]]:
        """Return all captures with their handles."""
        return list(self._captures)[::-1]

    def abandon(self) -> None:
        """End all recordings at once; nobody will read them."""
        for _, capture in self._captures:
            capture.abandon()

    def _connect(self) -> Wire:
        return Wire(parse_address(self._settings.redis_url), self._settings.timeout_s)

    def make_room(self) -> None:
        """Forget the oldest capture that has ended, if all places are taken.

        Raises:
            ToolFailure: all that are kept are still running.
        """
        if len(self._captures) < CAPACITY:
            return
        ended = [handle for handle, recorder in self._captures if not recorder.running]
        if not ended:
            running = ", ".join(handle for handle, _ in self._captures)
            raise ToolFailure(ERROR_FULL.format(count=CAPACITY, running=running))
        self._captures.pop(ended[0])
