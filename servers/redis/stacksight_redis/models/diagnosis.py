"""What diagnose_queue answers."""

from pydantic import BaseModel, Field

from stacksight_redis.models.queues import DeadLetters


class Finding(BaseModel):
    """One cause with its evidence, and what to do about it."""

    title: str
    evidence: str
    fix: str | None = None


class Diagnosis(BaseModel):
    """The answer of diagnose_queue; the worst finding first, and its title the verdict."""

    verdict: str
    conclusion: str
    findings: list[Finding] = Field(default_factory=list)
    dead_letters: list[DeadLetters] = Field(default_factory=list)
    dead_looked_at: int = 0
    dead_kinds: str | None = None
    dead: int = 0
    rates: str | None = None
    processes: str | None = None
    next: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
