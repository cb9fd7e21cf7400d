"""Many blocks read for each row: rows that lie scattered, or a bloated table or index."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_BLOCKS = 5_000
MIN_BLOCKS_PER_ROW = 5.0
MIN_PART = 0.1
SCANS = ("Index Scan", "Bitmap Heap Scan", "Index Only Scan")


def find(view: PlanView) -> Iterator[Finding]:
    """Find index scans that look at five blocks or more for each row they return."""
    for node in view.executed():
        blocks = node.number_of("Shared Hit Blocks") + node.number_of("Shared Read Blocks")
        rows = node.all_rows + node.removed
        if node.kind not in SCANS or blocks < MIN_BLOCKS or view.part(node) < MIN_PART:
            continue
        if blocks / max(rows, node.loops, 1.0) < MIN_BLOCKS_PER_ROW:
            continue
        yield Finding(
            kind="scattered_rows",
            title=f"{node.label} looked at {format_count(blocks)} blocks for "
            f"{format_count(rows)} rows.",
            share=view.part(node),
            node=node.number,
            cause="Dead entries that VACUUM has not removed, or a bloated index",
            fix="VACUUM the table; REINDEX INDEX CONCURRENTLY when it stays",
        )
