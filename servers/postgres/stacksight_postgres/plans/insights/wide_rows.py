"""Rows that carry far more than a reader needs."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_WIDTH = 2_048
MIN_ROWS = 100


def find(view: PlanView) -> Iterator[Finding]:
    """Find statements that return 100 rows of 2 kB or more."""
    root = view.plan.root
    rows = root.all_rows if root.measured else root.estimated_rows
    if root.width < MIN_WIDTH or rows < MIN_ROWS:
        return
    columns = len(root.raw.get("Output", ()))
    yield Finding(
        kind="wide_rows",
        title=f"{format_count(rows)} rows of {format_bytes(root.width)} in {columns} columns are "
        "returned.",
        share=0.05,
        node=root.number,
        cause="Every column is read, sorted and sent, needed or not; long values are fetched from "
        "TOAST besides",
        fix="Select only the columns that are used",
    )
