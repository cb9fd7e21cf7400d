"""Partitions that are all read."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

MIN_PARTITIONS = 8


def find(view: PlanView) -> Iterator[Finding]:
    """Find appends over eight partitions or more of one table, none of them pruned."""
    for node in view.executed():
        if node.kind not in ("Append", "Merge Append") or node.number_of("Subplans Removed"):
            continue
        tables = [view.table(scan) for scan in node.walk() if scan.relation]
        parents = {table.parent for table in tables if table and table.parent}
        if len(tables) < MIN_PARTITIONS or len(parents) != 1:
            continue
        yield Finding(
            kind="partitions",
            title=f"{format_count(len(tables))} partitions of {parents.pop()} are read.",
            share=view.part_with_children(node),
            node=node.number,
            cause="No condition on the partition key that the planner could use to leave any out: "
            "a function or a cast on the key also prevents it",
        )
