"""Time spent waiting for blocks that were not in the cache."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_PART = 0.2
MIN_MS = 2.0
_KEYS = ("I/O Read Time", "Shared I/O Read Time")  # until PostgreSQL 16, and since 17


def find(view: PlanView) -> Iterator[Finding]:
    """Find plans that spent a fifth of their time, and 2 ms, on reading (with track_io_timing)."""
    plan = view.plan
    waited = sum(plan.root.number_of(key) for key in _KEYS)
    if not plan.execution_ms or waited < MIN_MS or waited / plan.execution_ms < MIN_PART:
        return
    read = plan.root.number_of("Shared Read Blocks") * 8192
    leaves = [node for node in plan.nodes if not node.children]
    worst = max(leaves, key=lambda node: node.number_of("Shared Read Blocks"))
    yield Finding(
        kind="reading_from_disk",
        title=f"{format_duration(waited / 1000)} went into reading {format_bytes(read)} that were "
        f"not in shared_buffers, most of it by {worst.label}.",
        share=min(waited / plan.execution_ms, 1.0),
        node=worst.number,
        cause="A cold cache (run it again to see), or more data than memory",
    )
