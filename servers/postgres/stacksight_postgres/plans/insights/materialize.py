"""An inner side that is kept in memory and read again for every outer row."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_ROWS = 1_000_000
MIN_PART = 0.2


def find(view: PlanView) -> Iterator[Finding]:
    """Find Materialize nodes that were read again for a million rows or more."""
    for node in view.executed():
        if node.kind != "Materialize" or node.all_rows < MIN_ROWS:
            continue
        share = view.part(node, view.plan.parent(node))
        if share < MIN_PART:
            continue
        yield Finding(
            kind="materialize",
            title=f"{format_count(node.rows)} rows were kept and read again "
            f"{format_count(node.loops)} times: {format_count(node.all_rows)} rows in all.",
            share=share,
            node=node.number,
            cause="The join has no equality that a hash or an index could use",
        )
