"""Follows what happens to the messages of some queues, by looking many times a second."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from stacksight_core.errors import ToolFailure
from stacksight_redis.analysis.job_history import JobHistory
from stacksight_redis.facts.names import Queue
from stacksight_redis.source.commands import MAX_ITEMS, Command
from stacksight_redis.source.connection import Source
from stacksight_redis.source.job_reader import read_jobs, text
from stacksight_redis.source.queue_reader import read_time
from stacksight_redis.source.rate_reader import Writes, read_writes

LOOK_EVERY_S = 0.01
RETRY_S = 1.0
MAX_DEAD = 500
END_STOPPED = "stopped"
END_TIME = "its time was up"
END_GREW = f"a queue grew beyond {MAX_ITEMS:,} messages"

ERROR_TOO_MANY = (
    "{queue} holds {count:,} messages; a capture follows fewer than {limit:,}. watch_queues "
    "measures rates for any number."
)


class _GrownError(Exception):
    """A queue holds more messages than can be followed."""


class QueueWatcher:
    """Looks at the ids stored for some queues until it is stopped or its time is up.

    Args:
        source: the Redis.
        queues: which; they need not exist yet.
        seconds: how long to look at most.
    """

    def __init__(self, source: Source, queues: Sequence[Queue], seconds: float) -> None:
        self.queues = queues
        self.history = JobHistory()
        self.started_at = time.time()
        self.ended_at: float | None = None
        self.end_reason: str | None = None
        self.longest_pause_s = 0.0
        self.interrupted = 0
        self.unexplained_writes: int | None = None
        self._writes_before: Writes | None = None
        self._source = source
        self._began = self._looked_at = time.monotonic()
        self._seconds = seconds
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        # By queue: the newest time of death that was seen, and the ids that died then.
        self._dead_since: dict[Queue, tuple[str, set[bytes]]] = {}

    @property
    def running(self) -> bool:
        """Whether it still looks."""
        return self.ended_at is None

    @property
    def subjects(self) -> Sequence[str]:
        """The names of the queues that it follows."""
        return [queue.label for queue in self.queues]

    async def start(self) -> None:
        """Look for the first time, and go on looking.

        Raises:
            ToolFailure: Redis is down, or a queue holds more than 1,000 messages.
        """
        for queue in self.queues:
            hashes = (queue.payloads, queue.delayed_payloads)
            counts = await self._source.run_all([("HLEN", key) for key in hashes])
            count = max((count for count in counts if isinstance(count, int)), default=0)
            if count >= MAX_ITEMS:
                raise ToolFailure(
                    ERROR_TOO_MANY.format(queue=queue.label, count=count, limit=MAX_ITEMS)
                )
        self._writes_before = await read_writes(self._source)
        now_ms = await read_time(self._source)
        self._dead_since = {queue: (f"{now_ms:.0f}", set()) for queue in self.queues}
        await self._look(before=True)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look once more, then no longer."""
        if self._task is None or not self.running:
            return
        self._stopping.set()  # a cancellation can get lost in a driver; this cannot
        await self._task
        if not self.running:
            return
        try:
            await self._look(before=False)
        except ToolFailure:
            self.interrupted += 1
        except _GrownError:
            self._end(END_GREW)
            return
        self._end(END_STOPPED)

    def abandon(self) -> None:
        """Look no longer, and wait for nothing: the process ends."""
        self._stopping.set()
        if self._task is not None:
            self._task.cancel()

    async def wait_changed(self, timeout_s: float) -> None:
        """Wait for the next look, or until time is up."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return

    async def _run(self) -> None:
        while time.monotonic() - self._began < self._seconds:
            await self._pause(LOOK_EVERY_S)
            if self._stopping.is_set():
                return
            try:
                await self._look(before=False)
            except ToolFailure:  # Redis is away: told, and tried again
                self.interrupted += 1
                await self._pause(RETRY_S)
            except _GrownError:
                self._end(END_GREW)
                return
            self._changed.set()
            self._changed = asyncio.Event()
        self._end(END_TIME)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    def _end(self, reason: str) -> None:
        self.ended_at, self.end_reason = time.time(), reason
        self._changed.set()

    async def _look(self, *, before: bool) -> None:
        places = [(queue, key) for queue in self.queues for key in _hashes(queue)]
        commands: list[Command] = [("HRANDFIELD", key, MAX_ITEMS) for _, key in places]
        commands += [
            ("ZREVRANGEBYSCORE", queue.dead, "+inf", self._dead_since[queue][0], "WITHSCORES",
             "LIMIT", 0, MAX_DEAD)
            for queue in self.queues
        ]  # fmt: skip
        answers: list[Any] = await self._source.run_all(commands)
        answers = [[] if isinstance(answer, ResponseError) else answer for answer in answers]
        if any(len(answer) >= MAX_ITEMS for answer in answers[: len(places)]):
            raise _GrownError  # the answer is a sample now: what is not in it may still be there
        now = time.monotonic()
        self.longest_pause_s = max(self.longest_pause_s, now - self._looked_at)
        self._looked_at = now
        at_s = now - self._began
        known = self.history.stored
        stored: set[str] = set()
        for (queue, key), answer in zip(places, answers, strict=False):
            ids = {text(redis_id) for redis_id in answer}
            jobs = await read_jobs(self._source, key, [i.encode() for i in ids - known - stored])
            stored |= ids
            self.history.arrived(queue.label, jobs, at_s, before=before)
        for queue, answer in zip(self.queues, answers[len(places) :], strict=True):
            await self._take_dead(queue, answer, at_s)
        for redis_id in known - stored:
            self.history.gone(redis_id, at_s)

    async def _take_dead(self, queue: Queue, answer: Sequence[bytes], at_s: float) -> None:
        new = [redis_id for redis_id in answer[::2] if redis_id not in self._dead_since[queue][1]]
        if not new:
            return
        for job in await read_jobs(self._source, queue.dead_payloads, new):
            self.history.died(queue.label, job, at_s)
        newest = text(answer[1])
        same = {
            i for i, score in zip(answer[::2], answer[1::2], strict=True) if text(score) == newest
        }
        self._dead_since[queue] = (newest, same)

    async def count_writes(self) -> None:
        """Compare Redis's own count of HSET, with which Dramatiq stores messages, with what came.

        ``unexplained_writes`` is then how many more there were, by whomever and to whichever key:
        zero proves that no message was missed. None where Redis does not tell.
        """
        began, now = self._writes_before, await read_writes(self._source)
        if began is not None and now is not None:
            more = now.stored - began.stored - self.history.writes
            self.unexplained_writes = more if more >= 0 else None


def _hashes(queue: Queue) -> tuple[str, ...]:
    """Where messages are, in an order in which none is overlooked while it moves.

    Dramatiq stores it at the new place before it removes it from the old one, in both directions.
    """
    return queue.payloads, queue.delayed_payloads, queue.payloads
