"""What a diagnosis is made from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.queue_answers import Judged
from stacksight_redis.analysis.rates import Flow
from stacksight_redis.facts.queues import Observed
from stacksight_redis.models.queues import DeadLetters


@dataclass(frozen=True)
class Case:
    """Everything that was seen of one queue.

    Attributes:
        judged: its counts.
        flow: what happened while it was watched.
        observed: the processes of its namespace, seen twice.
        dead: its dead letters by cause.
        dead_looked_at: how many of them were read.
        dead_kinds: their exceptions, where ``dead`` has not all causes.
        retrying: delayed messages that failed before, as far as they were read.
        causes: what in Redis itself is wrong.
        timeout_s: after how many silent seconds a process counts as dead.
        actor: only this actor is asked about.
    """

    judged: Judged
    flow: Flow | None
    observed: Sequence[Observed]
    dead: Sequence[DeadLetters]
    dead_looked_at: int
    dead_kinds: str | None
    retrying: Sequence[Job]
    causes: Sequence[str]
    timeout_s: float
    now_ms: float
    actor: str | None = None
