"""A table that a statement reads whole several times."""

from collections import defaultdict
from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_SCANS = 3
MIN_PART = 0.3


def find(view: PlanView) -> Iterator[Finding]:
    """Find tables that three scans or more read whole, 30 % of the plan together."""
    scans: defaultdict[tuple[str | None, str | None], list[Node]] = defaultdict(list)
    for node in view.executed():
        if node.kind == "Seq Scan":
            scans[node.schema, node.relation].append(node)
    for (_, name), nodes in scans.items():
        share = view.part(*nodes)
        if len(nodes) < MIN_SCANS or share < MIN_PART:
            continue
        yield Finding(
            kind="repeated_scan",
            title=f"{format_count(len(nodes))} scans read the whole of {name}.",
            share=share,
            node=nodes[0].number,
            cause="Branches of a UNION, subqueries or self-joins that each read it anew",
            fix="Read it once: count(*) FILTER (WHERE …) or CASE for branches that differ in their "
            "condition, a window function for a self-join",
        )
