"""A common table expression that is computed whole and then filtered."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_ROWS = 1_000
MIN_REMOVED_PART = 0.5
MIN_PART = 0.05


def find(view: PlanView) -> Iterator[Finding]:
    """Find CTE scans whose filter throws half of 1,000 rows or more away."""
    for node in view.executed():
        if node.kind != "CTE Scan" or "Filter" not in node.raw:
            continue
        name = node.text_of("CTE Name")
        source = next(
            (n for n in view.plan.nodes if n.raw.get("Subplan Name") == f"CTE {name}"), None
        )
        made = (source.rows if node.measured else source.estimated_rows) if source else 0.0
        kept = node.all_rows if node.measured else node.estimated_rows
        if source is None or made < MIN_ROWS or kept > made * (1 - MIN_REMOVED_PART):
            continue
        share = min(view.part_with_children(source) + view.part(node), 1.0)
        if share < MIN_PART:
            continue
        yield Finding(
            kind="cte_filter",
            title=f"The CTE {name} is computed whole, {format_count(made)} rows, and then filtered "
            f"to {format_count(kept)}.",
            share=share,
            node=node.number,
            cause=f"{node.text_of('Filter')} is not pushed into a CTE that is MATERIALIZED or used "
            "more than once",
            fix=f"Write WITH {name} AS NOT MATERIALIZED (…), or put the condition into the CTE",
        )
