"""What the tools about one message answer. Times are seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds


class Place(BaseModel):
    """Where a copy of the message is; ``position`` counts from 0, next to run."""

    queue: str
    state: str
    redis_id: str
    holder: str | None = None
    position: int | None = None
    due_in_s: Seconds | None = None
    died_s: Seconds | None = None


@dataclass(frozen=True)
class Seen:
    """Where an earlier call found a message.

    Attributes:
        at_s: the monotonic time of the last look.
        held_by: since it has been stored under this id in Redis, each process that was seen to hold
            it to run, with the time of the first such look.
    """

    at_s: float
    place: Place
    held_by: Mapping[str, float] = field(default_factory=dict)

    def then(self, at_s: float, place: Place) -> "Seen":
        """The same after another look."""
        same = place.redis_id == self.place.redis_id
        return Seen(at_s, place, {**_held_by(at_s, place), **(self.held_by if same else {})})


def first_seen(at_s: float, place: Place) -> Seen:
    """What is known after the first look."""
    return Seen(at_s, place, _held_by(at_s, place))


def _held_by(at_s: float, place: Place) -> dict[str, float]:
    running = place.state == "in flight" and place.holder is not None
    return {str(place.holder): at_s} if running else {}


class Step(BaseModel):
    """A message that this one starts when it succeeds."""

    actor: str
    message_id: str


class Group(BaseModel):
    """The group the message is a member of; ``remaining`` is the barrier's value."""

    id: str
    remaining: int | None = None
    expires_s: Seconds | None = None
    cleared: bool = False
    dead_members: list[str] = Field(default_factory=list)
    callbacks: list[Step] = Field(default_factory=list)
    verdict: str


class Result(BaseModel):
    """The stored result: untrusted text, secrets masked."""

    value: str | None = None
    error: str | None = None
    problem: str | None = None
    expires_s: Seconds | None = None


class MessageView(BaseModel):
    """One message: where it is, its history, and what depends on it."""

    conclusion: str
    message_id: str
    places: list[Place] = Field(default_factory=list)
    actor: str | None = None
    queue: str | None = None
    arguments: str | None = None
    age_s: Seconds | None = None
    retries: int = 0
    options: dict[str, Any] = Field(default_factory=dict)
    traceback: str | None = None
    pipeline: list[Step] = Field(default_factory=list)
    group: Group | None = None
    result: Result | None = None
    mentioned_by: list[str] = Field(default_factory=list)
    searched: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
