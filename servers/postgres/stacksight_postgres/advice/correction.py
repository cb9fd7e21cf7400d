"""Corrects the planner's cost for what hypopg gets wrong about an index. Pure.

hypopg says nothing of a B-tree's height, so that the planner charges nothing for the way down from
the root, and it makes an index with many equal keys two to four times as large as it becomes, since
it does not know of deduplication. Both follow from the plan: the formulas are those of
btcostestimate and genericcostestimate in src/backend/utils/adt/selfuncs.c.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"^<(\d+)>")

OPERATORS_PER_PAGE = 50
"""What the planner charges for each page on the way down, in units of cpu_operator_cost."""

LEADER_HELPS_LESS = 0.3
"""With each worker (get_parallel_divisor in costsize.c)."""

LEAST_SHARE = 0.3
"""At least this share of a cost is left of it by a correction."""


@dataclass(frozen=True)
class CostSettings:
    """The planner's unit costs."""

    random_page: float
    cpu_operator: float


@dataclass(frozen=True)
class HypotheticalIndex:
    """An index as hypopg has it and as it would be built.

    Attributes:
        pages: that hypopg reckons with.
        real_pages: that it would have.
        height: levels above the leaves.
        rows: that it holds.
    """

    pages: float
    real_pages: float
    height: int
    rows: float


def hypothetical_indexes(plan: Mapping[str, Any]) -> Iterator[int]:
    """Yield the OIDs of hypothetical indexes that a plan reads."""
    match = _NAME.match(plan.get("Index Name", ""))
    if match:
        yield int(match[1])
    for child in plan.get("Plans", ()):
        yield from hypothetical_indexes(child)


def corrected_cost(
    plan: Mapping[str, Any], indexes: Mapping[int, HypotheticalIndex], settings: CostSettings
) -> float:
    """Return the total cost of a plan as it would be with the indexes built.

    Args:
        plan: the root, as EXPLAIN's JSON has it.
        indexes: the B-trees among the hypothetical indexes, by OID.
        settings: unit costs in force.
    """
    cost = float(plan["Total Cost"])
    return max(cost + _error(plan, _Runs(1.0, 1.0), indexes, settings), cost * LEAST_SHARE)


@dataclass(frozen=True)
class _Runs:
    """How often a process runs a node, and among how many processes the work is divided."""

    loops: float
    processes: float


def _error(
    plan: Mapping[str, Any],
    runs: _Runs,
    indexes: Mapping[int, HypotheticalIndex],
    settings: CostSettings,
) -> float:
    """What the cost of a node that runs so often lacks; negative where it is too high."""
    match = _NAME.match(plan.get("Index Name", ""))
    index = indexes.get(int(match[1])) if match else None
    missing = _of_scan(plan, runs, index, settings) if index else 0.0
    children = plan.get("Plans", ())
    processes = _processes(plan["Workers Planned"]) if "Workers Planned" in plan else runs.processes
    for child in children:
        below = _Runs(runs.loops * _executions(plan, child), processes)
        missing += _error(child, below, indexes, settings)
    if plan["Node Type"] == "Limit" and (whole := float(children[0]["Total Cost"])):
        missing *= min(1.0, float(plan["Total Cost"]) / whole)
    return missing


def _of_scan(
    scan: Mapping[str, Any], runs: _Runs, index: HypotheticalIndex, settings: CostSettings
) -> float:
    descents = runs.loops * (index.height + 1) * OPERATORS_PER_PAGE * settings.cpu_operator
    # Of the rows of a parallel scan each process has its part, but all pages are charged.
    share = min(1.0, float(scan["Plan Rows"]) / max(index.rows, 1.0))
    # A scan that is run again and again shares its pages with those of the other processes.
    shared = runs.processes if runs.loops > 1 else 1.0
    fetched = [
        _fetched(pages, share, runs.loops * shared) for pages in (index.pages, index.real_pages)
    ]
    return descents - max(fetched[0] - fetched[1], 0.0) * settings.random_page / shared


def _processes(workers: int) -> float:
    """By what the planner divides work among workers and, in part, the leader."""
    return workers + max(0.0, 1.0 - LEADER_HELPS_LESS * workers)


def _fetched(pages: float, share: float, loops: float) -> float:
    """Pages read of an index; again and again, by the formula of Mackert and Lohman (1989)."""
    once = max(1.0, share * pages)
    if loops <= 1:
        return once
    wanted = once * loops
    return min(2 * pages * wanted / (2 * pages + wanted), pages)


def _executions(parent: Mapping[str, Any], child: Mapping[str, Any]) -> float:
    """How often a node runs a child of its own."""
    relationship = child.get("Parent Relationship")
    if relationship == "SubPlan":
        return max(float(parent["Plan Rows"]), 1.0)
    if parent["Node Type"] != "Nested Loop" or relationship != "Inner":
        return 1.0
    outer = parent["Plans"][0]
    rows = max(float(outer["Plan Rows"]), 1.0)
    if child["Node Type"] == "Materialize":
        return 1.0
    if child["Node Type"] != "Memoize":
        return rows
    # A cache of earlier results: its hits can be told from what the join costs all the same.
    spent = float(parent["Total Cost"]) - float(outer["Total Cost"])
    return max(1.0, min(rows, spent / max(float(child["Total Cost"]), 1e-9)))
