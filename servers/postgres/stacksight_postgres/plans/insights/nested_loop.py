"""A nested loop that repeats its inner side very often."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_LOOPS = 1_000
MIN_PART = 0.25


def find(view: PlanView) -> Iterator[Finding]:
    """Find nested loops whose inner side ran 1,000 times or more and took a quarter of the time."""
    if not view.plan.measured:
        return
    for node in view.executed():
        inner, outer = node.child("Inner"), node.child("Outer")
        if node.kind != "Nested Loop" or inner is None or outer is None:
            continue
        share = view.part_with_children(inner)
        if inner.loops < MIN_LOOPS or share < MIN_PART:
            continue
        yield Finding(
            kind="nested_loop",
            title=f"The nested loop runs {_inner_label(inner)} {format_count(inner.loops)} times.",
            share=share,
            node=node.number,
            cause=_cause(outer, inner),
        )


def _inner_label(inner: Node) -> str:
    return inner.label if inner.where or not inner.children else inner.children[0].label


def _cause(outer: Node, inner: Node) -> str:
    if outer.rows > 10 * max(outer.estimated_rows, 1):
        return (
            f"{format_count(outer.estimated_rows)} outer rows were expected and "
            f"{format_count(outer.rows)} came: with the right estimate another join would have "
            "been chosen"
        )
    if any(node.kind == "Seq Scan" for node in inner.walk()):
        return "The inner side is read from beginning to end each time: it has no fitting index"
    return "Each outer row is looked up one by one"
