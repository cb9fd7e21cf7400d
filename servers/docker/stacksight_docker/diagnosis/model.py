"""What diagnosis knows and what it concludes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel

from stacksight_docker.facts import Container, EngineInfo, Event, Inside, Listed, OomKill, Sample
from stacksight_docker.logs.records import Record

Confidence = Literal["proved", "likely", "unknown"]
MAX_EVIDENCE = 5
UP = "running"


class Verdict(BaseModel):
    """One problem of one container, or of the engine.

    Attributes:
        container: its name; None where it is the engine's problem.
        service: compose's, as ``project/service``.
        problem: what is wrong, in one sentence.
        kind: the same as one word, for programs.
        confidence: proved by the engine's data, likely, or the cause is unknown.
        evidence: facts, each naming the field or log line it is from.
        ruled_out: causes that the data exclude.
        next: one step that fixes it or finds out more.
        notice: it is worth knowing, but nothing is broken: a stop on purpose, a stale image.
        because_of: the container whose problem is the cause of this one.
        also: other containers with the same problem.
    """

    container: str | None = None
    service: str | None = None
    problem: str
    kind: str
    confidence: Confidence
    evidence: list[str]
    ruled_out: list[str] = []
    next: str
    notice: bool = False
    because_of: str | None = None
    also: list[str] = []


class Diagnosis(BaseModel):
    """What diagnose answers."""

    target: str
    engine: str
    looked_at: int
    well: int
    ended: str | None = None
    verdicts: list[Verdict]
    verdicts_left_out: int = 0
    not_examined: list[str] = []


@dataclass(frozen=True)
class Scene:
    """Everything that is known about the engine, at one moment.

    Attributes:
        now: the engine's clock.
        clock_offset: the engine's clock minus ours, in seconds.
        info: which engine.
        listed: all containers by id.
        inspected: those that were inspected, by id.
        records: the last log records of those whose log was read, by id.
        unreadable: why a log could not be read, by id.
        events: of the last hour as far as the engine remembers, oldest first.
        tags: the id of the image that each tag names now.
        architectures: of the images looked at, by id, as the engine names them.
        listeners: host processes by the port they listen on; empty for a remote engine.
        disk_free: bytes free where the engine keeps its data; None for a remote engine.
        samples: what running containers use, by id; empty for a remote engine.
        insides: what the host sees inside running containers, by id; empty for a remote engine.
        oom_kills: what the kernel killed for lack of memory, by id; empty for a remote engine.
        events_from: since when the events are complete, as far as that is known.
        changed_files: compose files that changed after a container was made, by container id.
    """

    now: float
    clock_offset: float
    info: EngineInfo
    listed: Mapping[str, Listed]
    inspected: Mapping[str, Container]
    records: Mapping[str, Sequence[Record]]
    unreadable: Mapping[str, str] = field(default_factory=dict)
    events: Sequence[Event] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    architectures: Mapping[str, str] = field(default_factory=dict)
    listeners: Mapping[int, str] = field(default_factory=dict)
    disk_free: int | None = None
    samples: Mapping[str, Sample] = field(default_factory=dict)
    insides: Mapping[str, Inside] = field(default_factory=dict)
    oom_kills: Mapping[str, Sequence[OomKill]] = field(default_factory=dict)
    events_from: float | None = None
    changed_files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One container in its scene.

    Attributes:
        scene: all that is known.
        listed: the container in the list.
        container: the container as inspected.
        records: what it said in its last run, as far as that was read.
    """

    scene: Scene
    listed: Listed
    container: Container
    records: Sequence[Record]

    @property
    def events(self) -> list[Event]:
        """What happened to this container."""
        return [event for event in self.scene.events if event.actor_id == self.container.id]

    @property
    def is_up(self) -> bool:
        """It runs, whether or not it is healthy, and does not start again and again."""
        return self.container.status == "running" and not self.is_looping

    @property
    def is_looping(self) -> bool:
        """It ends and is started again, over and over."""
        container = self.container
        if container.status == "restarting":
            return True
        up = self.scene.now - (container.started or 0.0)
        # One restart may have been enough; after more it has to prove itself for longer.
        enough = ONCE_SECONDS if container.restart_count == 1 else LOOP_SECONDS
        return container.status == "running" and container.restart_count > 0 and up < enough

    @property
    def oom_kills(self) -> list[OomKill]:
        """What the kernel killed of it for lack of memory in its last run."""
        begin = (self.container.started or 0.0) - OOM_SECONDS
        kills = self.scene.oom_kills.get(self.container.id, ())
        return [kill for kill in kills if kill.time >= begin]

    @property
    def last_exit_code(self) -> int | None:
        """How its last run ended; None when that is not known, since a start forgets it."""
        if self.container.status != "running":
            return self.container.exit_code
        codes = [e.attributes.get("exitCode", "") for e in self.events if e.action == "die"]
        return int(codes[-1]) if codes and codes[-1].lstrip("-").isdigit() else None


LOOP_SECONDS = 60.0
ONCE_SECONDS = 10.0
OOM_SECONDS = 1.0
"""By how much the kernel's clock and the engine's note of a start may differ."""


@dataclass(frozen=True)
class Finding:
    """A cause that a rule found, before it is put together with the state of the container.

    Attributes:
        kind: one word.
        problem: one sentence.
        confidence: how sure it is.
        evidence: what shows it.
        next: one step.
        ruled_out: what the same data exclude.
        needs: ids of containers whose problem may be the cause.
    """

    kind: str
    problem: str
    confidence: Confidence
    evidence: Sequence[str]
    next: str
    ruled_out: Sequence[str] = ()
    needs: Sequence[str] = ()
