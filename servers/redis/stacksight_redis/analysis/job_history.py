"""What became of each message while a queue was followed. Pure.

A message keeps its message id; every enqueue, retry and move gives it a new id in Redis. Dramatiq
stores the new one before it removes the old one, so a message that is stored nowhere has ended.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from stacksight_redis.analysis.job_view import show_arguments
from stacksight_redis.analysis.jobs import Job

Ending = Literal["finished", "died"]
MAX_MESSAGES = 5_000


@dataclass
class Followed:
    """One message. Times in seconds since the start; ``before`` it was there at the start."""

    message_id: str
    actor: str
    queue: str
    arguments: str
    since_s: float
    before: bool
    failures: int = 0
    ended_s: float | None = None
    ending: Ending | None = None
    stored_as: set[str] = field(default_factory=set)


class JobHistory:
    """The messages that were seen, in the order of their arrival; at most 5,000 are kept.

    ``unread`` ended before they could be read. ``writes`` is how many times Dramatiq has stored a
    message, one HSET each, for what was seen: once for every id in Redis and once for a death.
    """

    def __init__(self) -> None:
        self.messages: dict[str, Followed] = {}
        self.writes = 0
        self._unread: set[str] = set()
        self._by_redis_id: dict[str, str] = {}

    @property
    def unread(self) -> int:
        """How many messages were seen that ended before they could be read."""
        return len(self._unread)

    @property
    def stored(self) -> set[str]:
        """The ids in Redis that were there at the last look."""
        return set(self._by_redis_id)

    def arrived(self, queue: str, jobs: Iterable[Job], at_s: float, *, before: bool) -> None:
        """Take messages that were not stored at the look before."""
        for job in jobs:
            self.writes += not before
            if job.size is None:
                self._unread.add(job.redis_id)
                continue
            message_id = job.message_id or job.redis_id
            self._by_redis_id[job.redis_id] = message_id
            if message_id not in self.messages and len(self.messages) < MAX_MESSAGES:
                self.messages[message_id] = Followed(
                    message_id, job.actor, queue, show_arguments(job), at_s, before
                )
            if (followed := self.messages.get(message_id)) is not None:
                followed.stored_as.add(job.redis_id)
                followed.failures = max(followed.failures, job.retries)
                followed.ended_s = followed.ending = None

    def gone(self, redis_id: str, at_s: float) -> None:
        """Take that an id is not stored any more; without another one the message has ended."""
        followed = self.messages.get(self._by_redis_id.pop(redis_id, ""))
        if followed is None:
            return
        followed.stored_as.discard(redis_id)
        if not followed.stored_as and followed.ending is None:
            followed.ended_s, followed.ending = at_s, "finished"

    def died(self, queue: str, job: Job, at_s: float) -> None:
        """Take a new dead letter, also of a message that came and died between two looks."""
        self.writes += 1
        if job.redis_id in self._unread:
            self._unread.discard(job.redis_id)
            self.writes -= 1
        if job.redis_id not in self._by_redis_id:
            self.arrived(queue, [job], at_s, before=False)
        self._by_redis_id.pop(job.redis_id, None)
        followed = self.messages.get(job.message_id or job.redis_id)
        if followed is not None:
            followed.stored_as.discard(job.redis_id)
            followed.ended_s, followed.ending = at_s, "died"

    def new(self, actor: str | None = None) -> list[Followed]:
        """Messages that came after the start."""
        return [
            followed
            for followed in self.messages.values()
            if not followed.before and actor in (None, followed.actor)
        ]

    def reached(
        self, state: Ending | Literal["enqueued"], actor: str | None, within_s: float | None
    ) -> list[Followed]:
        """New messages that came, or ended this way, soon enough after they came."""
        new = self.new(actor)
        if state == "enqueued":
            return new
        return [
            followed
            for followed in new
            if followed.ending == state
            and (within_s is None or (followed.ended_s or 0) - followed.since_s <= within_s)
        ]

    def ended(self, ending: Ending) -> list[Followed]:
        """Messages that ended this way, also those that were there at the start."""
        return [followed for followed in self.messages.values() if followed.ending == ending]
