"""How much of a plan's time or cost each node takes itself, without its children."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from stacksight_postgres.plans.model import Node, Plan

GATHERS = ("Gather", "Gather Merge")


@dataclass(frozen=True)
class Share:
    """A node's own part of a plan.

    Attributes:
        part: of the plan's time when measured, else of its estimated cost; 0 to 1.
        self_ms: milliseconds in the node itself, when measured.
        total_ms: with everything below it, when measured.
        executions: how often the planner expects it to run, or how often it did.
    """

    part: float
    self_ms: float | None
    total_ms: float | None
    executions: float


def compute_shares(plan: Plan) -> Mapping[int, Share]:
    """Return each node's share by its number."""
    if plan.measured:
        return _of_time(plan)
    return _of_cost(plan)


def _of_time(plan: Plan) -> dict[int, Share]:
    totals = {node.number: _total_ms(plan, node) for node in plan.nodes}
    elsewhere = dict(_charged_elsewhere(plan))
    charged: dict[int, float] = {}
    for number, payer in elsewhere.items():
        charged[payer] = charged.get(payer, 0.0) + totals[number]
    shares: dict[int, Share] = {}
    whole = max(plan.execution_ms or 0.0, totals[plan.root.number], 1e-9)
    for node in plan.nodes:
        below = sum(totals[c.number] for c in node.children if c.number not in elsewhere)
        own = max(totals[node.number] - below - charged.get(node.number, 0.0), 0.0)
        shares[node.number] = Share(own / whole, own, totals[node.number], node.loops)
    return shares


def _charged_elsewhere(plan: Plan) -> Iterator[tuple[int, int]]:
    """Yield subplans whose time is not in their parent's own work, with the node that has it.

    A common table expression runs in its first scan, an InitPlan in the first node that asks for
    its value, wherever EXPLAIN prints them.
    """
    for node in plan.nodes:
        name = str(node.raw.get("Subplan Name", ""))
        if name.startswith("CTE "):
            cte = name.removeprefix("CTE ")
            scans = [n for n in plan.nodes if n.raw.get("CTE Name") == cte and n.kind == "CTE Scan"]
            if scans:
                yield node.number, scans[0].number
        elif name.startswith("InitPlan"):
            asking = _asking(plan, node, name)
            if asking is not None:
                yield node.number, asking.number


def _asking(plan: Plan, initplan: Node, name: str) -> Node | None:
    inside = {node.number for node in initplan.walk()}
    # "InitPlan 1 (returns $0)" is asked for as $0; since 17 it is "(InitPlan 1).col1".
    values = re.findall(r"\$\d+", name) or [f"({name})"]
    asked = re.compile("|".join(re.escape(value) + r"(?!\d)" for value in values))
    for node in plan.nodes:
        texts = (str(v) for k, v in node.raw.items() if k != "Subplan Name")
        if node.number not in inside and any(asked.search(text) for text in texts):
            # A Gather computes what its workers will ask for before it starts them.
            return next((a for a in plan.ancestors(node) if a.kind in GATHERS), node)
    return None


def _total_ms(plan: Plan, node: Node) -> float:
    """Elapsed time of all executions: what runs in several processes at once counts once."""
    processes = 1.0
    for ancestor in plan.ancestors(node):
        if ancestor.kind in GATHERS:
            processes = ancestor.number_of("Workers Launched") + 1
            break
    return node.number_of("Actual Total Time") * node.loops / min(processes, max(node.loops, 1))


def _of_cost(plan: Plan) -> dict[int, Share]:
    own: dict[int, float] = {}
    executions: dict[int, float] = {}

    def visit(node: Node, runs: float, fraction: float) -> float:
        """Return the cost of all runs of a node of which a fraction of the rows is fetched."""
        executions[node.number] = runs
        total = runs * _part_cost(node, fraction)
        below = 0.0
        for child in node.children:
            below += visit(child, *_use_of(node, child, runs, fraction, total - below))
        own[node.number] = max(total - below, 0.0)
        return total

    visit(plan.root, 1.0, 1.0)
    whole = sum(own.values()) or 1.0
    return {n: Share(cost / whole, None, None, executions[n]) for n, cost in own.items()}


def _part_cost(node: Node, fraction: float) -> float:
    return node.startup_cost + fraction * (node.cost - node.startup_cost)


def _use_of(
    node: Node, child: Node, runs: float, fraction: float, left: float
) -> tuple[float, float]:
    """Return how often a child runs, and which fraction of its rows is fetched."""
    if child.relationship == "InitPlan":
        return 1.0, 1.0
    if child.relationship == "SubPlan":  # once a row, as far as the parent's cost allows
        return max(1.0, left / child.cost if child.cost else 1.0), 1.0
    if node.kind == "Limit":
        span = child.cost - child.startup_cost
        reached = (node.cost - child.startup_cost) / span if span > 0 else 1.0
        return runs, min(max(reached, 0.0), 1.0)
    if node.kind == "Nested Loop" and child.relationship == "Inner":
        outer = node.child("Outer")
        rows = outer.estimated_rows if outer is not None else 1.0
        return runs * max(rows * fraction, 1.0), 1.0
    blocking = node.startup_cost >= child.cost
    return runs, 1.0 if blocking else fraction
