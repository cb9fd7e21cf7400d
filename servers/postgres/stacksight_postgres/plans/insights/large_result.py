"""A result larger than anybody reads."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_ROWS = 10_000


def find(view: PlanView) -> Iterator[Finding]:
    """Find statements that return more than 10,000 rows (postgres.ai) without a LIMIT."""
    root = view.plan.root
    rows = root.all_rows if root.measured else root.estimated_rows
    if rows <= MIN_ROWS or root.kind in ("Limit", "ModifyTable"):
        return
    about = "" if root.measured else "about "
    yield Finding(
        kind="large_result",
        title=f"The statement returns {about}{format_count(rows)} rows of {root.width} bytes.",
        share=0.05,
        node=root.number,
        cause="There is no LIMIT and no condition that keeps the result small",
        fix="Page by key, or aggregate in the database",
    )
