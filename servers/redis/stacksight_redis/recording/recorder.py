"""A recording: a thread that listens, and what the event loop may ask of it."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence

from stacksight_core.threads import in_thread
from stacksight_redis.recording.ring import Gap, Ring
from stacksight_redis.recording.wire import Subscription, Wire, WireError

RETRY_S = 0.25
SETTLE_S = 2.0
MAX_GAPS = 100
END_STOPPED = "stopped"
END_TIME = "its time was up"


class Recorder:
    """Listens until it is stopped or its time is up, across reconnections.

    Args:
        connect: makes an unconnected wire.
        subscription: what to listen to.
        ring: where messages go.
        seconds: how long to listen at most.
    """

    def __init__(
        self, connect: Callable[[], Wire], subscription: Subscription, ring: Ring, seconds: float
    ) -> None:
        self.subscription = subscription
        self.ring = ring
        self.started_at = time.time()
        self.ended_at: float | None = None
        self.end_reason: str | None = None
        self._connect = connect
        self._deadline = time.monotonic() + seconds
        self._gaps: list[Gap] = []
        self._gap_count = 0
        self._stop = threading.Event()
        self._waiters: set[asyncio.Event] = set()
        self._wire: Wire | None = None
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def running(self) -> bool:
        """Whether it still listens."""
        return self.ended_at is None

    @property
    def subjects(self) -> Sequence[str]:
        """The channels and patterns that it listens to."""
        return self.subscription.names

    @property
    def gaps(self) -> list[Gap]:
        """The first 100 times without a subscription; ``gap_count`` counts all."""
        return list(self._gaps)

    @property
    def gap_count(self) -> int:
        """How often the subscription was lost."""
        return self._gap_count

    async def start(self) -> None:
        """Subscribe, and return when Redis has confirmed all of it.

        Raises:
            WireError: Redis is not there or refuses.
        """
        wire = self._connect()
        try:
            await in_thread(wire.subscribe, self.subscription)
        except BaseException:
            wire.close()
            raise
        self.started_at = time.time()
        self._wire = wire
        self._thread.start()

    async def settle(self) -> None:
        """Return when everything that was published before this call is in the ring.

        Returns also when Redis is away, which shows as a gap.
        """
        wire = self._wire
        if wire is None or not self.running:
            return
        number = wire.ask_ping()
        await self._wait_for(lambda: wire.answered >= number or wire is not self._wire, SETTLE_S)

    async def stop(self) -> None:
        """End the subscription; the recording stays readable."""
        await self.settle()
        self._stop.set()
        if self._thread.ident is not None:
            await in_thread(self._thread.join)

    def abandon(self) -> None:
        """Close the connection and wait for nothing: the process ends."""
        self._stop.set()
        if self._wire is not None:
            self._wire.close()

    async def wait_beyond(self, seq: int, timeout_s: float) -> bool:
        """Wait until a message with a number above ``seq`` is there, or the recording has ended.

        Returns:
            Whether there is one.
        """
        await self._wait_for(lambda: self.ring.total > seq, timeout_s)
        return self.ring.total > seq

    async def _wait_for(self, reached: Callable[[], bool], timeout_s: float) -> None:
        """Wait until a condition that the thread brings about holds, or the recording has ended."""
        event = asyncio.Event()
        self._waiters.add(event)
        try:
            async with asyncio.timeout(timeout_s):
                while not reached() and self.running:
                    await event.wait()
                    event.clear()
        except TimeoutError:
            pass
        finally:
            self._waiters.discard(event)

    def _run(self) -> None:
        while self._wire is not None:
            try:
                self._listen(self._wire)
                break
            except WireError as error:
                self._wire.close()
                self._wire = self._reconnect(str(error))
        if self._wire is not None:
            self._wire.close()
        self.end_reason = END_STOPPED if self._stop.is_set() else END_TIME
        self.ended_at = time.time()
        self._wake_from_thread()

    def _listen(self, wire: Wire) -> None:
        for batch in wire.batches():
            if batch:
                self.ring.add(batch, time.time())
            self._wake_from_thread()
            if self._over():
                return

    def _reconnect(self, reason: str) -> Wire | None:
        """Subscribe again; the time until then is a gap. None when the recording is over."""
        began_at = time.time()
        self._gap_count += 1
        self._note_gap(Gap(began_at, None, reason), replace=False)
        while not self._over():
            wire = self._connect()
            try:
                wire.subscribe(self.subscription)
            except WireError:
                wire.close()
                self._stop.wait(RETRY_S)
            else:
                self._note_gap(Gap(began_at, time.time(), reason), replace=True)
                return wire
        return None

    def _note_gap(self, gap: Gap, *, replace: bool) -> None:
        if replace and self._gaps and self._gaps[-1].began_at == gap.began_at:
            self._gaps[-1] = gap
        elif not replace and len(self._gaps) < MAX_GAPS:
            self._gaps.append(gap)

    def _over(self) -> bool:
        return self._stop.is_set() or time.monotonic() > self._deadline

    def _wake_from_thread(self) -> None:
        if self._waiters and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        for event in self._waiters:
            event.set()
