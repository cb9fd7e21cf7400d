"""What check_health answers."""

from pydantic import BaseModel, Field

from stacksight_core.sent import Seconds


class SlowCommand(BaseModel):
    """Entries of the slow log of one kind; durations in ms."""

    command: str
    count: int
    worst_ms: float
    total_ms: float
    newest_s: Seconds
    example: str


class Health(BaseModel):
    """The state of the Redis server; what is wrong first."""

    conclusion: str
    problems: list[str] = Field(default_factory=list)
    facts: dict[str, str] = Field(default_factory=dict)
    slow_commands: list[SlowCommand] = Field(default_factory=list)
    slow_total: int = 0
    latency_events: list[str] = Field(default_factory=list)
    dramatiq_script: str | None = None
    connection: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
