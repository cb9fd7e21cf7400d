"""A sequential scan that reads far more rows than it keeps."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_REMOVED = 10_000
MIN_REMOVED_PART = 0.5
MIN_PART = 0.05


def find(view: PlanView) -> Iterator[Finding]:
    """Find scans whose filter removes at least half of 10,000 rows or more (as pev2 warns)."""
    for node in view.executed():
        if node.kind != "Seq Scan" or "Filter" not in node.raw or view.part(node) < MIN_PART:
            continue
        kept = node.all_rows if node.measured else node.estimated_rows
        removed = node.removed if node.measured else _expected_removed(view, node)
        read = kept + removed
        if removed < MIN_REMOVED or removed / read < MIN_REMOVED_PART:
            continue
        repeated = node.loops > 1 and not node.raw.get("Parallel Aware")
        times = f" in {format_count(node.loops)} executions" if repeated else ""
        about = "" if node.measured and node.loops == 1 else "about "
        yield Finding(
            kind="sequential_scan",
            title=f"{node.label} reads {about}{format_count(read)} rows{times} to keep "
            f"{format_count(kept)}: {removed / read:.1%} are thrown away by the filter.",
            share=view.part(node),
            node=node.number,
            cause=f"No index was used for {node.text_of('Filter')}",
        )


def _expected_removed(view: PlanView, node: Node) -> float:
    table = view.table(node)
    return max((table.rows or 0) - node.estimated_rows, 0) if table else 0.0
