"""A large scan that parallel workers could share, and that something keeps from them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stacksight_core.units import format_count, plural
from stacksight_postgres.plans.facts import FunctionFacts, PlanView, TableFacts
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node
from stacksight_postgres.plans.shares import GATHERS

MIN_SAVED = 0.1
USUAL_WORKERS = 2
"""Default of max_parallel_workers_per_gather, for where it is 0."""

UNSAFE = (
    "{function}() is PARALLEL UNSAFE, as every function that does not say otherwise, so the whole "
    "statement runs without workers"
)
RESTRICTED = "{function}() is PARALLEL RESTRICTED: a worker must not call it"
MARK_SAFE = (
    "ALTER FUNCTION {signature} PARALLEL SAFE, if it neither writes nor uses temporary tables or "
    "state of the session"
)
_LIMITS = ("max_parallel_workers_per_gather", "max_parallel_workers")
_ALL_AT_ONE_PLACE = re.compile(r"\b(?:DISTINCT|ORDER BY|WITHIN GROUP)\b")
_FULL_READERS = ("Sort", "Aggregate", "Hash")


@dataclass(frozen=True)
class _Scan:
    node: Node
    aggregate: Node | None
    table: TableFacts
    workers: int

    @property
    def divisor(self) -> float:
        """Among how many the rows are shared; the leader helps less the more workers there are."""
        return self.workers + max(0.0, 1 - 0.3 * self.workers)


def find(view: PlanView) -> Iterator[Finding]:
    """Find the scan that workers would make cheapest, by a tenth of the plan's cost or more.

    Workers and costs are computed as the planner does (``compute_parallel_worker``,
    ``get_parallel_divisor``, ``cost_gather``).
    """
    if view.plan.root.kind == "ModifyTable" or any(n.kind in GATHERS for n in view.plan.nodes):
        return
    scans = [scan for node in view.executed() if (scan := _read(view, node))]
    best = max(scans, key=lambda scan: _saved(view, scan), default=None)
    if best is None or _saved(view, best) < MIN_SAVED * view.plan.root.cost:
        return
    hindrance = _hindrance(view, best)
    if hindrance is None:
        return
    cause, fix = hindrance
    yield Finding(
        kind="serial",
        title=f"{best.node.label} reads {format_count(best.table.pages)} pages in one process; "
        f"{plural(best.workers, 'parallel worker')} could share them.",
        share=view.part(best.node, best.aggregate) * (1 - 1 / best.divisor),
        node=best.node.number,
        cause=cause,
        fix=fix,
    )


def _read(view: PlanView, node: Node) -> _Scan | None:
    table = view.table(node)
    once = view.shares[node.number].executions <= 1
    if node.kind != "Seq Scan" or table is None or not once or _stops_early(view, node):
        return None
    workers = _workers(view, table)
    parent = view.plan.parent(node)
    partial = parent is not None and parent.kind == "Aggregate"
    if partial and parent and _ALL_AT_ONE_PLACE.search(parent.text_of("Output")):
        partial = False
    return _Scan(node, parent if partial else None, table, workers) if workers else None


def _stops_early(view: PlanView, node: Node) -> bool:
    for above in view.plan.ancestors(node):
        if above.kind in _FULL_READERS:
            return False
        if above.kind == "Limit":
            return True
    return False


def _workers(view: PlanView, table: TableFacts) -> int:
    """Return how many workers the planner would want: one more whenever the table triples."""
    least = int(_setting(view, "min_parallel_table_scan_size", 1024))
    if table.pages < least:
        return 0
    wanted, step = 1, max(least, 1)
    while table.pages >= step * 3:
        wanted, step = wanted + 1, step * 3
    limits = [int(_setting(view, name, USUAL_WORKERS)) or USUAL_WORKERS for name in _LIMITS]
    return min(table.parallel_workers or wanted, *limits)


def _saved(view: PlanView, scan: _Scan) -> float:
    """Return the cost that workers would save: they share the computing, not the reading."""
    top = scan.aggregate or scan.node
    computing = top.cost - scan.table.pages * _setting(view, "seq_page_cost", 1)
    passed = top.estimated_rows * (scan.workers + 1 if scan.aggregate else 1)
    return (
        computing * (1 - 1 / scan.divisor)
        - _setting(view, "parallel_setup_cost", 1000)
        - _setting(view, "parallel_tuple_cost", 0.1) * passed
    )


def _hindrance(view: PlanView, scan: _Scan) -> tuple[str, str | None] | None:
    """Return what prevents workers, and what helps; None when it is nothing known."""
    for name in _LIMITS:
        if not int(_setting(view, name, USUAL_WORKERS)):
            return f"{name} is 0", f"SET {name} = {USUAL_WORKERS}"
    if scan.table.parallel_workers == 0:
        shown = scan.table.shown
        return f"{shown} is set to parallel_workers = 0", (
            f"ALTER TABLE {shown} RESET (parallel_workers)"
        )
    texts = [scan.node.text_of("Filter")]
    if scan.aggregate:
        texts += [scan.aggregate.text_of("Output"), scan.aggregate.text_of("Group Key")]
    called = re.findall(r"(\w+)\"?\(", " ".join(texts))
    for function in view.around.functions:
        if function.parallel == "u":
            return UNSAFE.format(function=function.name), _mark_safe(function)
        if function.name in called:
            return RESTRICTED.format(function=function.name), _mark_safe(function)
    return None


def _mark_safe(function: FunctionFacts) -> str | None:
    if function.signature is None:
        return None
    return MARK_SAFE.format(signature=function.signature)


def _setting(view: PlanView, name: str, default: float) -> float:
    return float(view.around.settings.get(name, default))
