"""Compiling that takes longer than it saves."""

from collections.abc import Iterator

from stacksight_core.units import format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_PART = 0.1


def find(view: PlanView) -> Iterator[Finding]:
    """Find just-in-time compilation above a tenth of the execution time."""
    plan = view.plan
    if plan.jit is None or not plan.execution_ms:
        return
    total = float(plan.jit.get("Timing", {}).get("Total", 0.0))
    share = total / plan.execution_ms
    if share < MIN_PART:
        return
    yield Finding(
        kind="jit",
        title=f"JIT compilation of {plan.jit.get('Functions')} functions took "
        f"{format_duration(total / 1000)}, {share:.0%} of the execution.",
        share=min(share, 1.0),
        cause="The estimated cost is above jit_above_cost, but the statement is short",
        fix="SET jit = off for this statement, or raise jit_above_cost",
    )
