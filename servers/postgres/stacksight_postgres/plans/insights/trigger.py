"""Triggers that take a good part of a statement's time."""

from collections.abc import Iterator

from stacksight_core.units import format_count, format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_PART = 0.1
MIN_MS = 1.0


def find(view: PlanView) -> Iterator[Finding]:
    """Find triggers that took a tenth of the execution, and 1 ms, or more."""
    plan = view.plan
    for trigger in plan.triggers:
        took, calls = float(trigger.get("Time", 0.0)), float(trigger.get("Calls", 0))
        share = took / plan.execution_ms if plan.execution_ms else 0.0
        if share < MIN_PART or took < MIN_MS:
            continue
        constraint = trigger.get("Constraint Name")
        name = f"The check of {constraint}" if constraint else f"Trigger {trigger['Trigger Name']}"
        yield Finding(
            kind="trigger",
            title=f"{name} on {trigger.get('Relation')} ran {format_count(calls)} times and took "
            f"{format_duration(took / 1000)}, {share:.0%} of the execution.",
            share=min(share, 1.0),
            cause="Each changed row looks for rows of the other table"
            if constraint
            else "The trigger runs once for each row",
            fix="An index on the referencing columns makes each look-up short"
            if constraint
            else "FOR EACH STATEMENT with a transition table, where the trigger allows it",
        )
