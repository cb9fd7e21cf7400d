"""How much of a plan's time or cost each node takes itself, without its children."""

from collections.abc import Mapping
from dataclasses import dataclass

from stacksight_postgres.plans.model import Node, Plan


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
    ctes = {
        child.raw["Subplan Name"].removeprefix("CTE "): child
        for child in plan.nodes
        if str(child.raw.get("Subplan Name", "")).startswith("CTE ")
    }
    shares: dict[int, Share] = {}
    whole = max(plan.execution_ms or 0.0, totals[plan.root.number], 1e-9)
    for node in plan.nodes:
        below = sum(totals[c.number] for c in node.children if c not in ctes.values())
        if node.kind == "CTE Scan" and (cte := ctes.get(str(node.raw.get("CTE Name")))):
            below += totals[cte.number]
            ctes.pop(str(node.raw.get("CTE Name")))  # its time is in the first scan of it
        own = max(totals[node.number] - below, 0.0)
        shares[node.number] = Share(own / whole, own, totals[node.number], node.loops)
    return shares


def _total_ms(plan: Plan, node: Node) -> float:
    """Elapsed time of all executions: what runs in several processes at once counts once."""
    processes = 1.0
    for ancestor in plan.ancestors(node):
        if ancestor.kind in ("Gather", "Gather Merge"):
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
