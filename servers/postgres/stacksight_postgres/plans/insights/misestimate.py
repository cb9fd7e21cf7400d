"""Row estimates that are far off, where the error begins."""

from collections.abc import Iterator

from stacksight_core.units import format_count
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding
from stacksight_postgres.plans.model import Node

MIN_FACTOR = 10.0
MIN_ROWS = 100
MIN_PART = 0.05
MAX_FINDINGS = 3
_NOT_ESTIMATED = frozenset(
    # What a recursion yields is a guess, and nothing can be done about it.
    {"Limit", "Bitmap Index Scan", "BitmapAnd", "BitmapOr", "WorkTable Scan", "Recursive Union"}
)
SCANS = frozenset({"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


def find(view: PlanView) -> Iterator[Finding]:
    """Find the lowest nodes whose estimate is off by a factor of 10 (pev2: 10, 100, 1,000)."""
    if not view.plan.measured:
        return
    found = 0
    for node in view.executed():
        factor = _factor(view, node)
        if factor < MIN_FACTOR or max(node.rows, node.estimated_rows) < MIN_ROWS:
            continue
        if any(_factor(view, child) >= MIN_FACTOR / 2 for child in node.children):
            continue  # the error comes from below
        above = max((view.part_with_children(n) for n in _concerned(view, node)), default=0.0)
        if above < MIN_PART or found >= MAX_FINDINGS:
            continue
        found += 1
        yield _finding(view, node, factor, above)


def _factor(view: PlanView, node: Node) -> float:
    if not node.loops or node.kind in _NOT_ESTIMATED:
        return 1.0
    stoppable = any(a.kind in ("Limit", "Merge Join") for a in view.plan.ancestors(node))
    if stoppable and node.rows < node.estimated_rows:
        return 1.0  # it may have been stopped before its end
    expected, actual = max(node.estimated_rows, 1.0), max(node.rows, 1.0)
    return max(expected / actual, actual / expected)


def _concerned(view: PlanView, node: Node) -> Iterator[Node]:
    """Yield what was chosen on the strength of the estimate: the node and what is above it."""
    yield node
    parent = view.plan.parent(node)
    if parent is not None:
        yield parent


def _finding(view: PlanView, node: Node, factor: float, share: float) -> Finding:
    table = view.table(node)
    way = "too few" if node.rows > node.estimated_rows else "too many"
    cause: str | None = "The join's selectivity is not what the statistics suggest"
    fix: str | None = None
    if table is not None and node.kind in SCANS:
        condition = node.text_of("Filter") or node.text_of("Index Cond")
        if not table.analyzed or (table.rows and table.changed > 0.1 * table.rows):
            cause, fix = "The statistics of the table are stale", f"ANALYZE {table.shown}"
        elif " AND " in condition:
            cause = f"Columns that depend on each other, in {condition}"
            columns = ", ".join(_columns(view, node, condition)[:4])
            fix = (
                f"CREATE STATISTICS ON {columns} FROM {table.shown}; ANALYZE {table.shown}"
                if "," in columns
                else None
            )
        else:
            cause = f"The statistics do not describe {condition}" if condition else None
            fix = f"ANALYZE {table.shown}"
    elif "Aggregate" in node.kind or node.kind == "Group":
        cause = "The number of groups is estimated from each column alone"
    return Finding(
        kind="misestimate",
        title=f"{node.label} yields {format_count(node.rows)} rows where "
        f"{format_count(node.estimated_rows)} were expected: {factor:,.0f} times {way}.",
        share=share,
        node=node.number,
        cause=cause,
        fix=fix,
    )


def _columns(view: PlanView, node: Node, condition: str) -> list[str]:
    table = view.table(node)
    names = table.columns if table else {}
    return [name for name in names if f"{name} " in condition or f"{name})" in condition]
