"""Two indexes read and combined where one on both columns would do."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_PART = 0.1


def find(view: PlanView) -> Iterator[Finding]:
    """Find bitmaps that are combined by AND, at a tenth of the whole or more."""
    for node in view.executed():
        share = view.part(view.plan.parent(node)) + view.part_with_children(node)
        if node.kind != "BitmapAnd" or share < MIN_PART:
            continue
        parts = [child for child in node.children if child.raw.get("Index Name")]
        entries = sum(c.all_rows if c.measured else c.estimated_rows for c in parts)
        names = " and ".join(str(child.raw["Index Name"]) for child in parts)
        yield Finding(
            kind="bitmap_and",
            title=f"{names} are both read, {format_count(entries)} entries, and combined.",
            share=min(share, 1.0),
            node=node.number,
            cause="One index on the columns of both conditions would find the rows directly",
        )
