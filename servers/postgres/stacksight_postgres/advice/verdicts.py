"""Why no index helps a query, from its plan. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from stacksight_postgres.advice.model import Table

READS_MOST = 0.15
MOSTLY_SCANS = 0.5
SMALL_PAGES = 64

WHY_SMALL = "its tables are small ({names}): reading them whole is cheapest"
WHY_MOST = "it keeps {share:.0%} of the rows of {table}, so reading it whole is cheapest"
WHY_INDEXED = "its tables are already read by index ({names})"
WHY_WORK = "{share:.0%} of its cost is joining, sorting or aggregating, which no index tried saves"
WHY_TRIED = "the indexes that its conditions allow were tried and lower its cost by less than 5 %"
WHY_NOTHING = "no index that its conditions, joins and orders suggest lowers its cost"


def why_no_index(plan: dict[str, Any], tables: Mapping[str, Table], candidates: int) -> str:
    """Say why a query gains nothing.

    Args:
        plan: its plan without new indexes, as EXPLAIN's JSON has it.
        tables: by their unqualified names.
        candidates: how many indexes were tried for it.
    """
    scans = [node for node in plan_nodes(plan) if "Relation Name" in node]
    if not scans:
        return WHY_NOTHING
    largest = max(scans, key=lambda node: float(node["Total Cost"]))
    known = [tables[n["Relation Name"]] for n in scans if n["Relation Name"] in tables]
    if known and all(table.pages < SMALL_PAGES for table in known):
        return WHY_SMALL.format(names=", ".join(sorted({table.name for table in known})))
    share = _kept(largest, tables.get(largest["Relation Name"]))
    if "Index Cond" not in largest and share >= READS_MOST:
        return WHY_MOST.format(share=share, table=largest["Relation Name"])
    names = sorted({n["Index Name"] for n in plan_nodes(plan) if "Index Name" in n})
    if names and not any(node["Node Type"] == "Seq Scan" for node in scans):
        return WHY_INDEXED.format(names=", ".join(names[:3]))
    return _why_not_the_scans(plan, scans, candidates)


def _why_not_the_scans(plan: dict[str, Any], scans: list[dict[str, Any]], candidates: int) -> str:
    if not candidates:
        return WHY_NOTHING
    scanning = sum(float(node["Total Cost"]) for node in scans) / max(plan["Total Cost"], 1.0)
    if scanning < MOSTLY_SCANS:
        return WHY_WORK.format(share=1 - scanning)
    return WHY_TRIED


def plan_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes, the root first."""
    yield plan
    for child in plan.get("Plans", ()):
        yield from plan_nodes(child)


def _kept(scan: dict[str, Any], table: Table | None) -> float:
    if table is None or not table.rows:
        return 0.0
    # The planner divides the rows of a parallel scan among the workers and, in part, the leader.
    processes = 2.4 if scan.get("Parallel Aware") else 1.0
    return min(1.0, float(scan["Plan Rows"]) * processes / table.rows)
