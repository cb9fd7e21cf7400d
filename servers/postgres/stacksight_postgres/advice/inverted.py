"""How large a GIN index becomes, and what a scan by one costs: hypopg knows none. Pure.

A GIN index has one entry for each different item with the list of its rows, each a variable-length
difference to the one before (src/backend/access/gin/ginpostinglist.c); long lists have pages of
their own. The cost of a scan is that of a bitmap heap scan (cost_bitmap_heap_scan and
index_pages_fetched in src/backend/optimizer/path/costsize.c) of the rows that match.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stacksight_postgres.advice.correction import CostSettings
from stacksight_postgres.advice.model import Table, bare_name
from stacksight_postgres.advice.rules import OperatorIndex

PAGE = 8192
ENTRY = 8 + 4
POINTER = 6
BLOCK = 2048
"""Distance of two pages in what is stored of a row's place."""
LONGEST_INLINE = 2700
FILL = 0.55
"""Of a page of small entries: each is split in the middle while they come in order."""
LARGE, LARGE_FILL = 1500, 0.75
POSTING_FILL = 0.9
CPU_TUPLE = 0.01
CPU_INDEX_TUPLE = 0.005
RARE = 10
"""Items in more rows of a sample than this say nothing of how many others there are."""
LOOKUP_PAGES = 3
LEADER_AND_TWO = 2.4
"""By which the planner divides the rows of a parallel scan of two workers and the leader."""
OWN_WIDTH = {"jsonb_path_ops": 4.0, "gin_trgm_ops": 3.0}


@dataclass(frozen=True)
class Items:
    """What a sample of rows holds to be indexed.

    Attributes:
        rows: in the sample.
        counts: how many rows have an item, how many such items there are, and their mean bytes.
    """

    rows: int
    counts: Sequence[tuple[int, int, float]]

    @property
    def each(self) -> float:
        """Items of a row."""
        return sum(times * items for times, items, _ in self.counts) / max(self.rows, 1)


def estimate_inverted_bytes(items: Items, table: Table) -> int:
    """Return the bytes of a GIN index just built."""
    if not items.rows or not items.counts:
        return 2 * PAGE
    scale = max(table.rows / items.rows, 1.0)
    total = 2.0 * PAGE
    for times, number, width in items.counts:
        if times > 1 or scale == 1.0:
            total += number * _entry_bytes(times * scale, width, table)
            continue
        seen_again = sum(n for t, n, _ in items.counts if 1 < t <= RARE)
        rare = max(_distinct_rare(items, scale) - seen_again, 1.0)
        total += rare * _entry_bytes(max(number * scale / rare, 1.0), width, table)
    return PAGE * math.ceil(total / PAGE)


def _distinct_rare(items: Items, scale: float) -> float:
    """Duj1 of Haas and Stokes (1998), of the rare items of all rows."""
    rare = [(times, number) for times, number, _ in items.counts if times <= RARE]
    sampled = sum(times * number for times, number in rare)
    different = sum(number for _, number in rare)
    once = sum(number for times, number in rare if times == 1)
    return sampled * different / max(sampled - once + once / scale, 1e-9)


def _entry_bytes(rows: float, width: float, table: Table) -> float:
    key = -(-(width + 1) // 8) * 8
    if rows < 2:
        return float((ENTRY + key + POINTER + 2) / FILL)
    listed = POINTER + rows * _step_bytes(rows, table)
    if listed <= LONGEST_INLINE:
        entry = ENTRY + key + listed
        return float(entry / (LARGE_FILL if entry > LARGE else FILL))
    return float(ENTRY + key + max(1, math.ceil(listed / PAGE / POSTING_FILL)) * PAGE)


def _step_bytes(rows: float, table: Table) -> float:
    """Bytes of a step from a row of a list to the next."""
    pages = max(table.pages, 1)
    if rows > pages:
        return 1 + pages / rows
    step = BLOCK * pages / rows
    return 1 + sum(math.exp(-(128**bytes_) / step) for bytes_ in (1, 2, 3))


def cost_with(
    plan: Mapping[str, Any],
    index: OperatorIndex,
    matching: float | None,
    settings: CostSettings,
) -> float | None:
    """Return what a query costs when it reads its table by a GIN index.

    Args:
        plan: without the index, as EXPLAIN's JSON has it.
        index: which.
        matching: rows that meet the condition; None for as many as the plan keeps of the table.
        settings: unit costs in force.

    Returns:
        The cost, or None where the plan does not read the table once and as a whole, or where the
        index would not pay.
    """
    table = index.use.table
    scans = [s for s in _scans_once(plan) if s["Relation Name"] == bare_name(table.name)]
    if len(scans) != 1:
        return None
    total, whole = float(plan["Total Cost"]), float(scans[0]["Total Cost"])
    processes = LEADER_AND_TWO if scans[0].get("Parallel Aware") else 1.0
    rows = float(scans[0]["Plan Rows"]) * processes if matching is None else matching
    sought = max(1, len(index.predicate.literal or "") - 2) if index.kind == "trigram" else 2
    by_index = _scan_cost(rows, sought, table, settings)
    # Below a LIMIT the scan may end early, and cost less than as a whole.
    cost = by_index if total < whole else max(by_index, total - whole + by_index)
    return cost if by_index < whole and cost < total else None


def _scans_once(node: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the sequential scans that run once."""
    if node["Node Type"] == "Seq Scan":
        yield node
    for child in node.get("Plans", ()):
        relationship = child["Parent Relationship"]
        again = node["Node Type"] == "Nested Loop" and relationship == "Inner"
        if not again and relationship != "SubPlan":
            yield from _scans_once(child)


def _scan_cost(matching: float, sought: int, table: Table, settings: CostSettings) -> float:
    pages = max(table.pages, 1)
    fetched = min(2 * pages * matching / (2 * pages + matching), pages)
    share = math.sqrt(fetched / pages)
    page_cost = settings.random_page - (settings.random_page - 1.0) * share
    index_pages = sought * LOOKUP_PAGES + matching * 3 / PAGE
    return (
        index_pages * settings.random_page
        + fetched * page_cost
        + matching * (CPU_TUPLE + 2 * CPU_INDEX_TUPLE)
    )
