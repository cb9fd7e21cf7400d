"""Planning that takes longer than executing."""

from collections.abc import Iterator

from stacksight_core.units import format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_MS = 10.0


def find(view: PlanView) -> Iterator[Finding]:
    """Find planning times above 10 ms and above the execution time."""
    plan = view.plan
    if plan.planning_ms is None or plan.execution_ms is None:
        return
    if plan.planning_ms < MIN_MS or plan.planning_ms <= plan.execution_ms:
        return
    scans = sum(node.relation is not None for node in plan.nodes)
    yield Finding(
        kind="planning",
        title=f"Planning took {format_duration(plan.planning_ms / 1000)}, executing "
        f"{format_duration(plan.execution_ms / 1000)}.",
        share=plan.planning_ms / (plan.planning_ms + plan.execution_ms),
        cause=f"The plan reads {scans} tables or partitions: the planner looks at all of them"
        if scans > 20
        else "Many joins or indexes to choose from, or catalogue pages that were not cached yet",
        fix="Use a prepared statement, so that it is planned once",
    )
