"""A large OFFSET: rows that are produced to be skipped."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_SKIPPED = 1_000
MIN_FACTOR = 5


def find(view: PlanView) -> Iterator[Finding]:
    """Find limits that skip 1,000 rows or more, five times what they return."""
    for node in view.executed():
        if node.kind != "Limit" or not node.measured:
            continue
        source = node.children[0]
        skipped = source.all_rows - node.all_rows
        if skipped < MIN_SKIPPED or skipped < MIN_FACTOR * node.all_rows:
            continue
        yield Finding(
            kind="offset",
            title=f"{format_count(skipped)} rows are produced and skipped by OFFSET before the "
            f"{format_count(node.all_rows)} returned.",
            share=view.part_with_children(node),
            node=node.number,
            cause="OFFSET counts rows off; each further page costs more",
            fix="Page by key: WHERE (sort columns) > (their last values) ORDER BY them LIMIT n",
        )
