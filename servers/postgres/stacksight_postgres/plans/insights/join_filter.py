"""A join that compares far more pairs of rows than it keeps."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_REMOVED = 10_000
MIN_REMOVED_PART = 0.5
MIN_PART = 0.05


def find(view: PlanView) -> Iterator[Finding]:
    """Find joins whose join filter removes half of 10,000 pairs or more."""
    for node in view.executed():
        removed = node.number_of("Rows Removed by Join Filter") * node.loops
        pairs = removed + node.all_rows
        if removed < MIN_REMOVED or removed / pairs < MIN_REMOVED_PART:
            continue
        share = view.part_with_children(node)
        if share < MIN_PART:
            continue
        yield Finding(
            kind="join_filter",
            title=f"{node.label} compares {format_count(pairs)} pairs of rows to keep "
            f"{format_count(node.all_rows)}.",
            share=share,
            node=node.number,
            cause=f"The join condition {node.text_of('Join Filter')} could not be used to look "
            "rows up: an OR, a range or an expression stands between the tables, or the inner "
            "side has no index",
        )
