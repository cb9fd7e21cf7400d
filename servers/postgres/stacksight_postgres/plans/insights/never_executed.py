"""A part of the plan that the planner counted on and that never ran."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_COST = 0.3
MIN_EXPECTED = 1.5
"""One row is what the planner expects at least."""

_CHOOSES = ("Append", "Merge Append", "Limit")
"""Nodes that leave work out on purpose."""

CAUSE = (
    "{empty} returned no row, where {expected} were expected: with values that find rows the "
    "statement does this work too, and what was measured says nothing about it"
)
FIX = "Measure again with values that occur in the data"


def find(view: PlanView) -> Iterator[Finding]:
    """Find what never ran, being 30 % of the plan's cost or more, since its other input is empty.

    Where one row or none was expected, the plan says the same as what happened.
    """
    if not view.plan.measured:
        return
    for node in view.plan.nodes:
        empty = _empty_input(view, node)
        if empty is None or empty.estimated_rows < MIN_EXPECTED:
            continue
        cost = node.cost * (empty.estimated_rows if _repeats(view, node) else 1)
        part = min(cost / max(view.plan.root.cost, 1e-9), 1.0)
        if part < MIN_COST:
            continue
        yield Finding(
            kind="never_executed",
            title=f"{node.label}, {part:.0%} of the estimated cost, was never executed.",
            share=0.1,
            node=node.number,
            cause=CAUSE.format(empty=empty.label, expected=format_count(empty.estimated_rows)),
            fix=FIX,
        )


def _empty_input(view: PlanView, node: Node) -> Node | None:
    """Return the input whose emptiness made its join leave out this one, the topmost that is."""
    parent = view.plan.parent(node)
    if node.loops or node.relationship not in ("Inner", "Outer") or parent is None:
        return None
    if not parent.loops or any(a.kind in _CHOOSES for a in view.plan.ancestors(node)):
        return None
    inputs = [c for c in parent.children if c.relationship in ("Inner", "Outer")]
    return next((c for c in inputs if c.loops and not c.all_rows), None)


def _repeats(view: PlanView, node: Node) -> bool:
    parent = view.plan.parent(node)
    return parent is not None and parent.kind == "Nested Loop" and node.relationship == "Inner"
