"""A DISTINCT that finds next to no duplicates."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.insights.duplicates import removes_duplicates

MIN_ROWS = 10_000
MAX_REMOVED_PART = 0.001
MIN_PART = 0.1


def find(view: PlanView) -> Iterator[Finding]:
    """Find DISTINCTs over 10,000 rows or more that remove less than one in a thousand."""
    for node in view.executed():
        if not node.measured or not removes_duplicates(node):
            continue
        below = node.children[0]
        removed = below.all_rows - node.all_rows
        share = view.part(node, below if below.kind == "Sort" else None)
        if below.all_rows < MIN_ROWS or removed > MAX_REMOVED_PART * below.all_rows:
            continue
        if share < MIN_PART:
            continue
        yield Finding(
            kind="needless_distinct",
            title=f"{node.title} looks for duplicates among {format_count(below.all_rows)} rows "
            f"and removes {format_count(removed)}.",
            share=share,
            node=node.number,
            cause="The rows are different already: DISTINCT, GROUP BY or UNION costs and changes "
            "nothing",
            fix="Leave DISTINCT out, or write UNION ALL, where a key keeps the rows apart",
        )
