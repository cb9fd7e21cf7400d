"""What the pub/sub tools answer. Times are seconds unless a name says otherwise."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds


class Channel(BaseModel):
    """A channel with its direct subscribers on this node."""

    channel: str
    subscribers: int
    sharded: bool = False


class Listener(BaseModel):
    """A connection with subscriptions. Redis does not tell which patterns it has."""

    address: str
    name: str | None = None
    user: str | None = None
    channels: int
    patterns: int
    connected_s: int


class ChannelList(BaseModel):
    """Who listens to what right now."""

    conclusion: str
    channels: list[Channel] = Field(default_factory=list)
    patterns: int
    listeners: list[Listener] = Field(default_factory=list)
    near: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
    next_cursor: str | None = None


class Captured(BaseModel):
    """A recorded message; ``payload`` is untrusted text, secrets masked."""

    seq: int
    at: str
    channel: str
    pattern: str | None = None
    payload: str
    bytes: int


class ChannelTotal(BaseModel):
    """Exact totals of one channel since the start."""

    channel: str
    messages: int
    bytes: int
    first_at: str
    last_at: str


class GapShown(BaseModel):
    """A time without a subscription."""

    began_at: str
    ended_at: str | None = None
    reason: str


class Expectation(BaseModel):
    """Messages that fit all that is given."""

    channel: str | None = Field(None, description="exactly this channel")
    path: str | None = Field(None, description="in a JSON payload: user.id, items[0].name")
    equals: Any = Field(None, description="value at path; without it, that it exists")
    contains: str | None = Field(None, description="text in the payload")
    actor: str | None = Field(None, description="queues: only this actor")
    state: Literal["enqueued", "finished", "died"] = Field(
        "finished", description="queues: what happened"
    )
    within_s: float | None = Field(None, description="queues: so soon after it came", gt=0)
    count: int = Field(1, ge=0, le=10_000)
    exactly: bool = Field(False, description="no more either; queues: none left open")

    model_config = {"extra": "forbid"}

    @property
    def compares(self) -> bool:
        """Whether the value at ``path`` has to equal something, null included."""
        return "equals" in self.model_fields_set


class ActorChanges(BaseModel):
    """What happened to the messages of one actor; ``open`` wait, run, or are delayed."""

    queue: str
    actor: str
    enqueued: int = 0
    finished: int = 0
    died: int = 0
    open: int = 0
    failures: int = 0


class JobSeen(BaseModel):
    """A message that came or ended; without ``enqueued_after_s`` it was there at the start."""

    message_id: str
    actor: str
    arguments: str
    enqueued_after_s: Seconds | None = None
    state: str
    ended_after_s: Seconds | None = None


class CaptureView(BaseModel):
    """A recording: its totals, the messages asked for, and whether it missed anything."""

    conclusion: str
    capture: str
    running: bool
    listens_to: list[str]
    started_at: str
    recorded_s: Seconds
    total: int
    dropped: int = 0
    truncated: int = 0
    gap_count: int = 0
    gaps: list[GapShown] = Field(default_factory=list)
    met: bool | None = None
    matched: int | None = None
    mismatches: list[str] = Field(default_factory=list)
    channels: list[ChannelTotal] = Field(default_factory=list)
    messages: list[Captured] = Field(default_factory=list)
    actors: list[ActorChanges] = Field(default_factory=list)
    jobs: list[JobSeen] = Field(default_factory=list)
    last_seq: int = 0
    next: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
