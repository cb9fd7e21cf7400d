"""Time that passed outside of the plan's nodes."""

from collections.abc import Iterator

from stacksight_core.units import format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_MS = 10.0
MIN_PART = 0.2
MANY_NODES = 100


def find(view: PlanView) -> Iterator[Finding]:
    """Find executions of which a fifth, and 10 ms or more, passed in no node and no trigger."""
    plan = view.plan
    if not plan.execution_ms:
        return
    inside = plan.root.number_of("Actual Total Time") * plan.root.loops
    inside += sum(float(trigger.get("Time", 0.0)) for trigger in plan.triggers)
    outside = plan.execution_ms - inside
    share = outside / plan.execution_ms
    if outside < MIN_MS or share < MIN_PART:
        return
    count = len(plan.nodes)
    yield Finding(
        kind="outside_nodes",
        title=f"{format_duration(outside / 1000)} of {format_duration(plan.execution_ms / 1000)} "
        "passed outside of the plan's nodes.",
        share=share,
        cause=f"Setting up and taking down {count} nodes: fewer partitions or joins have less of it"
        if count >= MANY_NODES
        else "Starting and ending workers, compiling, giving memory back, or waiting for locks",
    )
