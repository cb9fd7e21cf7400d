"""A condition that no row can meet."""

from collections.abc import Iterator

from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

_CONDITIONS = ("Index Cond", "Filter", "Recheck Cond", "Join Filter")
_EMPTY = "= ANY ('{}'::"


def find(view: PlanView) -> Iterator[Finding]:
    """Find conditions that are false whatever the row, and comparisons with an empty list."""
    for node in view.plan.nodes:
        empty = any(_EMPTY in node.text_of(name) for name in _CONDITIONS)
        if not empty and node.text_of("One-Time Filter") != "false":
            continue
        what = "a value is looked up in an empty list" if empty else "its condition is always false"
        yield Finding(
            kind="contradiction",
            title=f"{node.label} can yield no row: {what}.",
            share=max(view.part(node), 0.05),
            node=node.number,
            cause="Conditions that exclude each other, or a parameter that is an empty array",
            fix="Do not send the statement when the list is empty" if empty else None,
        )
