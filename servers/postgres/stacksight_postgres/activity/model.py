"""Sessions, and what show_activity answers."""

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds


class SessionInfo(BaseModel):
    """A client's session."""

    pid: int
    role: str | None = None
    application: str | None = None
    client: str | None = None
    state: str | None = Field(default=None, description="Missing when it cannot be seen.")
    waits_for: str | None = None
    transaction_s: Seconds | None = None
    state_s: Seconds | None = None
    query_s: Seconds | None = Field(default=None, exclude=True)
    holds_back: int | None = Field(
        default=None,
        exclude=True,
        description="Transactions since its snapshot, which VACUUM cannot clean.",
    )
    blocked_by: list[int] = Field(default_factory=list)
    wanted_lock: str | None = None
    query: str | None = None


class Progress(BaseModel):
    """A long command under way."""

    pid: int
    command: str
    table: str
    phase: str
    done: float
    total: float
    unit: str


class Problem(BaseModel):
    """Something about the sessions that harms others."""

    kind: str
    title: str
    pid: int | None = None
    fix: str | None = None


class Activity(BaseModel):
    """What goes on in a database."""

    used_connections: int
    max_connections: int
    counts: dict[str, int] = Field(description="Sessions of this database by state.")
    problems: list[Problem]
    blocking: list[str] = Field(description="Who waits for whom, two spaces a level.")
    sessions: list[SessionInfo]
    hidden_sessions: int = 0
    progress: list[Progress] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
