"""Duplicates that a join makes and a DISTINCT removes again."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_ROWS = 10_000
MIN_FACTOR = 10
MIN_PART = 0.1
_JOINS = ("Hash Join", "Nested Loop", "Merge Join")


def find(view: PlanView) -> Iterator[Finding]:
    """Find DISTINCTs above a join that remove nine of ten of 10,000 rows or more."""
    for node in view.executed():
        if not node.measured or not removes_duplicates(node):
            continue
        below = node.children[0]
        joins = [n for n in below.walk() if n.kind in _JOINS]
        share = view.part_with_children(node)
        if not joins or below.all_rows < MIN_ROWS or share < MIN_PART:
            continue
        if below.all_rows < MIN_FACTOR * max(node.all_rows, 1):
            continue
        yield Finding(
            kind="duplicates",
            title=f"{format_count(below.all_rows)} joined rows are reduced to "
            f"{format_count(node.all_rows)} different ones.",
            share=share,
            node=node.number,
            cause=f"The join multiplies rows only for {node.title} to remove them",
            fix="Use EXISTS (SELECT … ) instead of the JOIN where its columns are not selected",
        )


def removes_duplicates(node: Node) -> bool:
    """Tell whether a node is a DISTINCT: it outputs nothing but what it groups by."""
    if node.kind == "Unique":
        return True
    if node.kind != "Aggregate" or node.raw.get("Partial Mode") == "Finalize":
        return False
    # Group keys are written with their table even where the output is not.
    output, keys = (
        {str(part).rpartition(".")[2] for part in node.raw.get(name, ())}
        for name in ("Output", "Group Key")
    )
    return bool(keys) and output <= keys
