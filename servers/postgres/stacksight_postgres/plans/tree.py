"""A plan as a compact tree. Pure."""

from collections.abc import Iterator

from stacksight_core.units import format_bytes, format_count, format_duration
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.model import Node

MAX_NODES = 60
MAX_CONDITION = 160

_CONDITIONS = (
    "Index Cond",
    "Recheck Cond",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "One-Time Filter",
    "TID Cond",
    "Filter",
    "Sort Key",
    "Presorted Key",
    "Group Key",
    "Cache Key",
)


def tree_lines(view: PlanView) -> tuple[list[str], int]:
    """Return the tree's lines, each node's facts indented below it, and how many nodes are hidden.

    Of a large plan the nodes with the largest shares are shown, and everything above them.
    """
    shown = _shown(view)
    lines: list[str] = []
    _write(view, view.plan.root, 0, shown, lines)
    return lines, len(view.plan.nodes) - len(shown)


def _shown(view: PlanView) -> set[int]:
    nodes = view.plan.nodes
    if len(nodes) <= MAX_NODES:
        return {node.number for node in nodes}
    shown: set[int] = set()
    for node in sorted(nodes, key=lambda n: -view.part(n)):
        path = {node.number, *(a.number for a in view.plan.ancestors(node))}
        if len(shown | path) > MAX_NODES:
            break
        shown |= path
    return shown


def _write(view: PlanView, node: Node, depth: int, shown: set[int], lines: list[str]) -> None:
    margin = "  " * depth
    subplan = node.raw.get("Subplan Name")
    name = f"{subplan}: {node.label}" if subplan else node.label
    lines.append(f"{margin}{node.number}. {name}  ({', '.join(_numbers(view, node))})")
    lines += [f"{margin}     {text}" for text in _details(node)]
    hidden = 0
    for child in node.children:
        if child.number in shown:
            _write(view, child, depth + 1, shown, lines)
        else:
            hidden += sum(1 for _ in child.walk())
    if hidden:
        lines.append(f"{margin}  … {hidden} nodes with little share")


def _numbers(view: PlanView, node: Node) -> Iterator[str]:
    share = view.shares[node.number]
    yield f"{share.part:.0%}"
    if not node.measured:
        yield f"cost {node.cost:,.0f}"
        yield f"rows {format_count(node.estimated_rows)}"
        return
    if not node.loops:
        yield f"never executed, rows {format_count(node.estimated_rows)} est."
        return
    yield format_duration((share.total_ms or 0.0) / 1000)
    rows = f"rows {format_count(node.rows)}"
    if round(node.rows) != round(node.estimated_rows):
        rows += f" (est. {format_count(node.estimated_rows)})"
    yield rows
    if node.loops != 1:
        yield f"{format_count(node.loops)} loops"


def _details(node: Node) -> Iterator[str]:
    for name in _CONDITIONS:
        text = node.text_of(name)
        if text:
            cut = text if len(text) <= MAX_CONDITION else f"{text[:MAX_CONDITION]}…"
            yield f"{name}: {cut}{_removed(node, name)}"
    facts = [*_work(node), *_buffers(node)]
    if facts:
        yield ", ".join(facts)


def _removed(node: Node, condition: str) -> str:
    key = {
        "Filter": "Rows Removed by Filter",
        "Join Filter": "Rows Removed by Join Filter",
        "Recheck Cond": "Rows Removed by Index Recheck",
    }.get(condition)
    removed = node.number_of(key) * node.loops if key else 0
    return f" — removed {format_count(removed)} rows" if removed else ""


def _work(node: Node) -> Iterator[str]:
    if "Sort Method" in node.raw:
        space = format_bytes(node.number_of("Sort Space Used") * 1024)
        yield f"{node.text_of('Sort Method')}, {node.text_of('Sort Space Type').lower()} {space}"
    if node.number_of("Hash Batches") > 1:
        yield f"{format_count(node.number_of('Hash Batches'))} hash batches"
    if node.number_of("Disk Usage"):
        yield f"disk {format_bytes(node.number_of('Disk Usage') * 1024)}"
    if node.number_of("Peak Memory Usage"):
        yield f"memory {format_bytes(node.number_of('Peak Memory Usage') * 1024)}"
    if node.number_of("Heap Fetches"):
        yield f"heap fetches {format_count(node.number_of('Heap Fetches'))}"
    if node.number_of("Lossy Heap Blocks"):
        yield f"lossy blocks {format_count(node.number_of('Lossy Heap Blocks'))}"
    if "Workers Planned" in node.raw:
        planned = format_count(node.number_of("Workers Planned"))
        launched = node.raw.get("Workers Launched")
        yield f"workers {planned} planned" + ("" if launched is None else f", {launched} launched")
    if "Cache Hits" in node.raw:
        hits, misses = node.number_of("Cache Hits"), node.number_of("Cache Misses")
        yield f"cache hits {format_count(hits)}, misses {format_count(misses)}"
    if node.number_of("Subplans Removed"):
        yield f"{format_count(node.number_of('Subplans Removed'))} partitions pruned at start"


def _buffers(node: Node) -> Iterator[str]:
    """Yield buffers where a scan reads them; above, they would only be sums."""
    if node.children and not node.number_of("Temp Written Blocks"):
        return
    hit, read = node.number_of("Shared Hit Blocks"), node.number_of("Shared Read Blocks")
    if not node.children and hit + read:
        yield f"buffers {format_count(hit)} hit, {format_count(read)} read"
    written = node.number_of("Temp Written Blocks")
    if written:
        yield f"temp {format_bytes(written * 8192)} written"
