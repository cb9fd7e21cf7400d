"""What is read about one message. No I/O."""

from dataclasses import dataclass, field
from typing import Any

from stacksight_redis.analysis.jobs import Job
from stacksight_redis.facts.queues import Process, QueueFacts, State


@dataclass(frozen=True)
class Sighting:
    """The message, or one that mentions it, at one place.

    Attributes:
        mentions: it is not the message itself: it names it, for example as the next of a pipeline.
        position: from the head of the list, where that is known.
    """

    facts: QueueFacts
    state: State
    job: Job
    holder: Process | None = None
    position: int | None = None
    died_ms: float | None = None
    mentions: bool = False


@dataclass
class Search:
    """What was found, and how much of each place was looked at.

    ``unread`` are the ids in Redis of messages too large to be read.
    """

    sightings: list[Sighting] = field(default_factory=list)
    looked_at: dict[str, int] = field(default_factory=dict)
    of: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every message of every place was read."""
        return all(self.looked_at.get(place, 0) >= total for place, total in self.of.items())


@dataclass(frozen=True)
class StoredResult:
    """A result as Dramatiq's Results middleware stores it.

    Attributes:
        value: what the actor returned; None for an exception.
        error: ``type: message`` of the exception, None for a value.
        problem: why it is not shown.
        expires_s: seconds until Redis forgets it.
    """

    value: Any = None
    error: str | None = None
    problem: str | None = None
    expires_s: float | None = None
