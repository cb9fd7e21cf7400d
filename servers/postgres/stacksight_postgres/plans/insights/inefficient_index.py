"""An index scan that fetches rows only to throw them away."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

SCANS = ("Index Scan", "Index Only Scan", "Bitmap Heap Scan")
MIN_REMOVED = 100
MIN_PART = 0.05


def find(view: PlanView) -> Iterator[Finding]:
    """Find index scans whose filter removes more rows than it keeps (postgres.ai: over 100)."""
    for node in view.executed():
        if node.kind not in SCANS or node.removed < MIN_REMOVED or view.part(node) < MIN_PART:
            continue
        if node.removed <= node.all_rows:
            continue
        yield Finding(
            kind="inefficient_index",
            title=f"{node.label} fetches {format_count(node.removed + node.all_rows)} rows and "
            f"throws {format_count(node.removed)} of them away.",
            share=view.part(node),
            node=node.number,
            cause=f"The index does not cover {node.text_of('Filter')}",
        )
