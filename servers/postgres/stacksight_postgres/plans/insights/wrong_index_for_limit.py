"""An index read in order for a LIMIT, past many rows that do not qualify."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_REMOVED = 1_000
MIN_FACTOR = 100
MIN_PART = 0.3


def find(view: PlanView) -> Iterator[Finding]:
    """Find ordered index scans below a LIMIT that discard 100 rows for each that is kept.

    The planner hopes to meet qualifying rows early, and they come late.
    """
    for node in view.executed():
        if node.kind not in ("Index Scan", "Index Only Scan") or "Filter" not in node.raw:
            continue
        if "Index Cond" in node.raw or view.part(node) < MIN_PART:
            continue
        if not any(ancestor.kind == "Limit" for ancestor in view.plan.ancestors(node)):
            continue
        if node.removed < MIN_REMOVED or node.removed < MIN_FACTOR * max(node.all_rows, 1):
            continue
        yield Finding(
            kind="wrong_index_for_limit",
            title=f"{node.label} is read in order for the LIMIT, and passes "
            f"{format_count(node.removed)} rows for the {format_count(node.all_rows)} it keeps.",
            share=view.part(node),
            node=node.number,
            cause=f"Rows with {node.text_of('Filter')} lie late in this order. An index on the "
            "filtered columns, then the order, finds them directly",
        )
