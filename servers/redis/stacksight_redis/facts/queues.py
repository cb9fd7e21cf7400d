"""What is read about queues and processes; the ground that analysis stands on. No I/O."""

from dataclasses import dataclass, field
from typing import Any, Literal

from stacksight_core.untrusted import inline
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.facts.names import Queue

State = Literal["waiting", "in_flight", "delayed", "dead"]
OVERDUE_AFTER_MS = 5_000
"""A live worker enqueues a due message within about a second; after this it has lost it."""

STATES: tuple[State, ...] = ("waiting", "in_flight", "delayed", "dead")


@dataclass(frozen=True)
class Process:
    """A process that has spoken to Dramatiq's script: a worker, or a producer.

    Attributes:
        id: the broker's uuid.
        silent_s: seconds since its last command.
        alive: it spoke within the heartbeat timeout.
    """

    namespace: str
    id: str
    silent_s: float
    alive: bool

    @property
    def short(self) -> str:
        """The first eight characters, as the answers show it."""
        return inline(self.id[:8])


@dataclass(frozen=True)
class Observed:
    """A process seen several times.

    Attributes:
        spoke: again and again, so it consumes (or sends a lot).
        may_speak: it has just spoken; it has not been watched whether it goes on.
    """

    process: Process
    spoke: bool
    may_speak: bool = False


@dataclass(frozen=True)
class Held:
    """How many messages of one queue a process has fetched and not acknowledged.

    ``oldest_s`` is the age of the oldest of some, since it was created or retried; Redis does not
    tell when it was fetched.
    """

    process: Process
    messages: int
    delayed: int
    oldest_s: float | None = None


@dataclass(frozen=True)
class QueueFacts:
    """The counts of one queue at one moment.

    Attributes:
        waiting: ids in the list.
        payloads: stored messages, waiting and in flight.
        delayed: stored delayed messages, wherever their ids are.
        delayed_waiting: delayed ids that no process has fetched.
        dead_last_hour: of the dead, those that died within the last hour.
        dead_payloads: stored dead messages; the same as ``dead``, unless somebody interfered.
        newest_dead_s: seconds since the newest death.
        oldest_waiting_s: age of the oldest among the first that wait.
        held: by process, most first.
        all_asked: whether every process with a heartbeat was asked what it holds. Live ones always
            are, others until everything stored is accounted for.
        unheld: stored, but neither waiting nor held by a process that was asked.
        delayed_unheld: the same of delayed messages.
        without_payload: ids that wait or are held, but have no message stored.
        undecodable: of some that live processes hold, those that no worker can decode.
        overdue: delayed messages in the memory of a live process whose time is past, of
            ``overdue_of`` looked at, with the largest delay.
        unfetched_due: the same of delayed messages that no process has fetched.
    """

    queue: Queue
    waiting: int
    payloads: int
    delayed: int
    delayed_waiting: int
    dead: int
    dead_last_hour: int
    dead_payloads: int = 0
    newest_dead_s: float | None = None
    oldest_waiting_s: float | None = None
    held: list[Held] = field(default_factory=list)
    all_asked: bool = True
    unheld: int = 0
    delayed_unheld: int = 0
    without_payload: int = 0
    undecodable: int = 0
    overdue: int = 0
    overdue_of: int = 0
    overdue_s: float = 0.0
    unfetched_due: int = 0
    unfetched_due_of: int = 0
    unfetched_due_s: float = 0.0

    @property
    def in_flight(self) -> int:
        """Messages that were fetched and not acknowledged; without those that nobody holds."""
        held = sum(holder.messages for holder in self.held)
        return held if self.all_asked else max(held, self.payloads - self.waiting)

    @property
    def held_by_dead(self) -> list[Held]:
        """What processes hold that count as dead."""
        return [held for held in self.held if not held.process.alive]

    @property
    def held_by_live(self) -> list[Held]:
        """What processes hold that are alive."""
        return [held for held in self.held if held.process.alive]


@dataclass(frozen=True)
class Snapshot:
    """Queues and processes at one moment of Redis's clock.

    Attributes:
        now_ms: Redis's Unix time in ms.
        processes_total: in the heartbeats; ``processes`` are the newest of them.
        not_queues: labels of keys that are named like a queue's, but of other types.
    """

    now_ms: float
    processes: list[Process]
    processes_total: int
    queues: list[QueueFacts]
    not_queues: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Placed:
    """A message with its place: who holds it, or when it died (Unix time in ms)."""

    job: Job
    holder: Process | None = None
    died_ms: float | None = None


@dataclass(frozen=True)
class Page:
    """Messages of one state.

    Attributes:
        placed: in the state's order: next to run first; the newest dead first.
        position: where the next page begins, None at the end. A JSON value.
        looked_at: messages read for this page.
        complete: False when more messages exist than this kind of page can reach.
    """

    placed: list[Placed]
    position: Any
    looked_at: int
    complete: bool = True
