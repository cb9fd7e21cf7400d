"""What containers did between the start of a capture and now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from stacksight_docker.analysis.history import Happening
from stacksight_docker.facts import Container, Listed, Sample
from stacksight_docker.logs.patterns import Group, Said, Summary, summarise
from stacksight_docker.logs.shapes import shape

MAX_CONTAINERS_SHOWN = 20
MAX_NEW = 12


class ContainerActivity(BaseModel):
    """What one container did during a capture."""

    container: str
    service: str | None = None
    state: str
    restarts: int = 0
    changed: str | None = None
    peak_cpu_percent: float | None = None
    peak_memory_bytes: int | None = None
    records: int = 0
    errors: int = 0


class Activity(BaseModel):
    """What capture_activity answers."""

    capture: str
    state: str
    seconds: float
    watched: int
    containers: list[ContainerActivity] = []
    quiet: int = 0
    new_patterns: list[Group] = []
    errors: list[Group] = []
    happenings: list[Happening] = []
    happenings_left_out: int = 0
    not_examined: list[str] = []


@dataclass
class Peaks:
    """The most that a container used, from samples taken one after the other."""

    last: Sample
    cpu_percent: float | None = None
    memory: int = 0

    def add(self, sample: Sample) -> None:
        """Take a further sample into account."""
        elapsed = sample.at - self.last.at
        if elapsed > 0:
            used = max(0.0, sample.cpu_seconds - self.last.cpu_seconds) / elapsed * 100
            self.cpu_percent = max(self.cpu_percent or 0.0, used)
        self.memory = max(self.memory, sample.memory)
        self.last = sample


@dataclass
class Baseline:
    """How a container was when the capture began.

    Attributes:
        listed: in the list.
        container: as inspected.
        shapes: of the records that its log held before.
    """

    listed: Listed
    container: Container
    shapes: frozenset[str] = field(default_factory=frozenset)


def describe_containers(
    before: Mapping[str, Baseline],
    now: Mapping[str, Container],
    said: Sequence[Said],
    peaks: Mapping[str, Peaks],
) -> list[ContainerActivity]:
    """Say what each container did, those that changed or complained first."""
    rows = []
    for cid, baseline in before.items():
        own = [entry.record for entry in said if entry.container == baseline.listed.name]
        peak = peaks.get(cid)
        after = now.get(cid)
        rows.append(
            ContainerActivity(
                container=baseline.listed.name,
                service=baseline.listed.service,
                state=after.status if after else "gone",
                restarts=_restarts(baseline.container, after),
                changed=_change(baseline.container, after),
                peak_cpu_percent=None
                if peak is None or peak.cpu_percent is None
                else round(peak.cpu_percent, 1),
                peak_memory_bytes=peak.memory if peak else None,
                records=len(own),
                errors=sum(record.level == "error" for record in own),
            )
        )
    return sorted(
        rows,
        key=lambda r: (r.changed is None, -r.restarts, -r.errors, -(r.peak_cpu_percent or 0.0)),
    )


def _restarts(before: Container, after: Container | None) -> int:
    if after is None:
        return 0
    counted = after.restart_count - before.restart_count
    # A restart by hand sets the count back, but moves the start.
    moved = int(after.started != before.started and after.started is not None)
    return max(counted, moved if before.started is not None else 0, 0)


def _change(before: Container, after: Container | None) -> str | None:
    if after is None:
        return f"{before.status} -> removed"
    was = before.status + (f" ({before.health.status})" if before.health else "")
    is_now = after.status + (f" ({after.health.status})" if after.health else "")
    if was != is_now:
        return f"{was} -> {is_now}"
    return "was restarted" if _restarts(before, after) else None


def compare_logs(
    said: Sequence[Said], before: Mapping[str, Baseline]
) -> tuple[Summary, list[Group]]:
    """Summarise what was said during the capture, and what of it was never said before."""
    known = {baseline.listed.name: baseline.shapes for baseline in before.values()}
    new = [e for e in said if shape(e.record) not in known.get(e.container, frozenset())]
    fresh = summarise(new, complete=False)
    groups = [*fresh.errors, *fresh.warnings, *fresh.others]
    return summarise(said, complete=False), groups[:MAX_NEW]


def shapes_of(records: Iterable[Said]) -> frozenset[str]:
    """Return the shapes of records."""
    return frozenset(shape(entry.record) for entry in records)
