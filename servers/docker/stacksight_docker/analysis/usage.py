"""What containers use, from two samples each."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel

from stacksight_core.units import format_bytes
from stacksight_docker.facts import Listed, Sample

SortKey = Literal["cpu", "memory"]
NEAR_LIMIT_PERCENT = 90.0
THROTTLED_PERCENT = 25.0
MAX_ROWS = 15


class Usage(BaseModel):
    """What one container uses. Percentages of one CPU: 200 is two CPUs."""

    container: str
    service: str | None = None
    cpu_percent: float
    memory_bytes: int
    memory_limit_bytes: int | None = None
    memory_percent: float
    processes: int
    received_bytes: int | None = None
    sent_bytes: int | None = None
    read_bytes: int
    written_bytes: int
    throttled_percent: float | None = None


class UsageAnswer(BaseModel):
    """What measure_usage answers."""

    measured: str
    cpus: int
    host_memory_bytes: int
    containers: int
    total_cpu_percent: float
    total_memory_bytes: int
    findings: list[str]
    rows: list[Usage]
    rows_left_out: int = 0
    not_measured: list[str] = []


def measure(listed: Listed, before: Sample, after: Sample, host_memory: int) -> Usage:
    """Return what a container used between two samples.

    CPU as docker stats computes it: CPU time over elapsed time, 100 for each CPU. Memory against
    the limit, or against the host's memory where it has none.
    """
    elapsed = max(after.at - before.at, 0.001)
    limit = after.memory_limit or host_memory
    periods = after.periods - before.periods
    throttled = after.throttled - before.throttled
    return Usage(
        container=listed.name,
        service=listed.service,
        cpu_percent=round(max(0.0, after.cpu_seconds - before.cpu_seconds) / elapsed * 100, 1),
        memory_bytes=after.memory,
        memory_limit_bytes=after.memory_limit,
        memory_percent=round(after.memory / limit * 100, 1) if limit else 0.0,
        processes=after.processes,
        received_bytes=after.received,
        sent_bytes=after.sent,
        read_bytes=after.read,
        written_bytes=after.written,
        throttled_percent=round(throttled / periods * 100, 1) if periods > 0 else None,
    )


def summarise_usage(
    rows: Iterable[Usage], *, sort: SortKey, measured: str, cpus: int, host_memory: int
) -> UsageAnswer:
    """Rank containers and say which are at a limit."""
    usages = sorted(
        rows, key=lambda u: -(u.cpu_percent if sort == "cpu" else float(u.memory_bytes))
    )
    return UsageAnswer(
        measured=measured,
        cpus=cpus,
        host_memory_bytes=host_memory,
        containers=len(usages),
        total_cpu_percent=round(sum(u.cpu_percent for u in usages), 1),
        total_memory_bytes=sum(u.memory_bytes for u in usages),
        findings=_findings(usages, cpus, host_memory),
        rows=usages[:MAX_ROWS],
        rows_left_out=max(0, len(usages) - MAX_ROWS),
    )


def _findings(usages: list[Usage], cpus: int, host_memory: int) -> list[str]:
    findings = []
    for usage in usages:
        limit = usage.memory_limit_bytes
        if limit and usage.memory_percent >= NEAR_LIMIT_PERCENT:
            findings.append(
                f"{usage.container} is at {usage.memory_percent:g} % of its memory limit of "
                f"{format_bytes(limit)}: it will be killed when it needs more"
            )
        if usage.throttled_percent is not None and usage.throttled_percent >= THROTTLED_PERCENT:
            findings.append(
                f"{usage.container} had to wait in {usage.throttled_percent:g} % of its scheduling "
                "periods: its CPU limit is too low for what it does"
            )
    total_cpu = sum(usage.cpu_percent for usage in usages)
    if cpus and total_cpu >= 90 * cpus:
        findings.append(f"containers use {total_cpu:.0f} % of {cpus * 100} % CPU of the host")
    if host_memory and sum(u.memory_bytes for u in usages) >= 0.9 * host_memory:
        findings.append("containers use more than 90 % of the host's memory")
    return findings[:10]


def pair(
    before: Mapping[str, Sample], after: Mapping[str, Sample]
) -> dict[str, tuple[Sample, Sample]]:
    """Keep the containers that were there both times."""
    return {cid: (before[cid], after[cid]) for cid in before if cid in after}
