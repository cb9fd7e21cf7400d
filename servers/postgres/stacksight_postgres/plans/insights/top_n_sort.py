"""Many rows sorted for a few."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_SORTED = 10_000
MIN_FACTOR = 10
MIN_PART = 0.02


def find(view: PlanView) -> Iterator[Finding]:
    """Find sorts below a LIMIT that take in at least 10,000 rows, ten times what is returned."""
    for node in view.executed():
        limit = _limit_above(view, node)
        if node.kind != "Sort" or limit is None:
            continue
        [source] = node.children[:1]
        taken = source.all_rows if source.measured else source.estimated_rows
        kept = limit.all_rows if limit.measured else limit.estimated_rows
        share = view.part_with_children(node)
        if taken < MIN_SORTED or taken < kept * MIN_FACTOR or share < MIN_PART:
            continue
        yield Finding(
            kind="top_n_sort",
            title=f"{format_count(taken)} rows are read and sorted by {node.text_of('Sort Key')} "
            f"for the first {format_count(kept)}.",
            share=share,
            node=node.number,
            cause="No index gives this order, so that the LIMIT cannot stop early",
        )


def _limit_above(view: PlanView, node: Node) -> Node | None:
    for ancestor in view.plan.ancestors(node):
        if ancestor.kind == "Limit":
            return ancestor
        if ancestor.kind not in ("Gather Merge", "Subquery Scan", "Result"):
            return None
    return None
