"""What the queue tools answer. Times are seconds; counts are exact unless a name says otherwise."""

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds
from stacksight_redis.analysis.queue_status import Status


class QueueRow(BaseModel):
    """One queue at one moment. ``held_by`` names processes and how many messages each holds.

    ``consumers`` counts live processes that hold messages of it; an idle one does not show.
    """

    queue: str
    status: Status
    reason: str | None = None
    waiting: int
    in_flight: int
    delayed: int
    dead: int
    dead_last_hour: int
    consumers: int = 0
    oldest_waiting_s: Seconds | None = None
    held_by: list[str] = Field(default_factory=list)


class QueueList(BaseModel):
    """All queues, those that need attention first."""

    conclusion: str
    queues: list[QueueRow]
    processes_alive: int
    processes_silent: int
    next: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    next_cursor: str | None = None


class Message(BaseModel):
    """One message; ``arguments`` and ``error`` are untrusted text, secrets masked."""

    message_id: str | None = None
    redis_id: str | None = Field(None, description="Where there is no message_id.")
    actor: str
    arguments: str
    age_s: Seconds | None = None
    retries: int = 0
    due_in_s: Seconds | None = None
    died_s: Seconds | None = None
    held_by: str | None = None
    error: str | None = None
    problem: str | None = None
    bytes: int | None = Field(None, description="Where it is large.")


class MessagePage(BaseModel):
    """Messages of one state; ``total`` is the state's, ``looked_at`` what was read for the page."""

    state: str
    total: int
    looked_at: int
    messages: list[Message]
    next_cursor: str | None = None


class Actor(BaseModel):
    """Messages of one actor that wait or are in flight; ``low`` and ``high`` bound an estimate."""

    actor: str
    messages: int
    low: int | None = None
    high: int | None = None


class DeadLetters(BaseModel):
    """Dead messages with the same actor, error and place."""

    actor: str
    count: int
    error: str | None = None
    frame: str | None = None
    last_error: str | None = None
    why_no_error: str | None = None
    newest_s: Seconds
    oldest_s: Seconds
    example: str
    retries: int = 0


class QueueView(BaseModel):
    """One queue in depth."""

    conclusion: str
    row: QueueRow
    findings: list[str] = Field(default_factory=list)
    actors: list[Actor] = Field(default_factory=list)
    actors_of: int = 0
    actors_sample: int = 0
    dead_letters: list[DeadLetters] = Field(default_factory=list)
    dead_looked_at: int = 0
    dead_kinds: str | None = None
    pages: list[MessagePage] = Field(default_factory=list)
    next: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
