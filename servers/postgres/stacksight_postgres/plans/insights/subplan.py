"""A subquery that is run again for every row."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_LOOPS = 1_000
MIN_PART = 0.1


def find(view: PlanView) -> Iterator[Finding]:
    """Find subplans that run, or are expected to run, 1,000 times or more."""
    for node in view.executed():
        if node.relationship != "SubPlan":
            continue
        runs = view.shares[node.number].executions
        share = view.part_with_children(node)
        if runs < MIN_LOOPS or share < MIN_PART:
            continue
        about = "" if node.measured else "about "
        parent = view.plan.parent(node)
        yield Finding(
            kind="subplan",
            title=f"{node.raw.get('Subplan Name', 'A subquery')} ({node.label}) runs "
            f"{about}{format_count(runs)} times, once for each row of "
            f"{parent.label if parent else 'its parent'}.",
            share=share,
            node=node.number,
            cause="The subquery depends on the outer row, and cannot be hashed",
            fix="Rewrite it as a JOIN (LATERAL where it has a LIMIT), or NOT IN as NOT EXISTS",
        )
