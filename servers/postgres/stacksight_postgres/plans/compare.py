"""Two plans side by side: what changed, and whether for the better. Pure."""

from collections import Counter
from collections.abc import Iterator

from pydantic import BaseModel, Field

from stacksight_core.units import format_count, format_duration
from stacksight_postgres.plans.model import Node, Plan

SAME_WITHIN = 0.05
_SCANS_BELOW = frozenset({"Bitmap Index Scan", "BitmapAnd", "BitmapOr"})


class Totals(BaseModel):
    """What a plan takes as a whole."""

    cost: float
    execution_ms: float | None = None
    rows: float
    buffers: int | None = Field(default=None, description="Blocks of 8 kB, hit or read.")
    temp_blocks: int | None = Field(default=None, description="Blocks written to temporary files.")


class Change(BaseModel):
    """What became of one part of the plan."""

    what: str
    before: str
    after: str


class Comparison(BaseModel):
    """What differs between two plans."""

    verdict: str
    before: Totals
    after: Totals
    changes: list[Change]
    same_shape: bool
    hidden_changes: int = 0


MAX_CHANGES = 25


def compare(before: Plan, after: Plan) -> Comparison:
    """Compare two plans, by measured time when both have it, else by estimated cost."""
    totals = (_totals(before), _totals(after))
    changes = [*_scan_changes(before, after), *_other_changes(before, after)]
    same_shape = [n.label for n in before.nodes] == [n.label for n in after.nodes]
    return Comparison(
        verdict=_verdict(*totals, same_shape=same_shape),
        before=totals[0],
        after=totals[1],
        changes=changes[:MAX_CHANGES],
        same_shape=same_shape,
        hidden_changes=max(len(changes) - MAX_CHANGES, 0),
    )


def _totals(plan: Plan) -> Totals:
    root = plan.root
    hit = root.number_of("Shared Hit Blocks") + root.number_of("Shared Read Blocks")
    temp = root.number_of("Temp Written Blocks")
    return Totals(
        cost=root.cost,
        execution_ms=plan.execution_ms,
        rows=root.rows if plan.measured else root.estimated_rows,
        buffers=int(hit) if plan.measured else None,
        temp_blocks=int(temp) if plan.measured else None,
    )


def _verdict(before: Totals, after: Totals, *, same_shape: bool) -> str:
    measured = before.execution_ms is not None and after.execution_ms is not None
    old = before.execution_ms if measured else before.cost
    new = after.execution_ms if measured else after.cost
    assert old is not None
    assert new is not None
    what = "measured time" if measured else "estimated cost"
    shown = (
        f"{format_duration(old / 1000)} → {format_duration(new / 1000)}"
        if measured
        else f"{old:,.0f} → {new:,.0f}"
    )
    shape = "the same plan" if same_shape else "another plan"
    factor = old / new if new else float("inf")
    if abs(1 - factor) <= SAME_WITHIN:
        return f"No real difference: {shape}, {what} {shown}."
    if factor > 1:
        return f"Better: {shape}, {what} {shown} ({factor:,.1f} times less)."
    return f"Worse: {shape}, {what} {shown} ({1 / max(factor, 1e-9):,.1f} times more)."


def _scan_changes(before: Plan, after: Plan) -> Iterator[Change]:
    """Yield, for each table of the statement, how it was read and is read."""
    old, new = _scans(before), _scans(after)
    for key in sorted(old.keys() | new.keys()):
        shown = [
            " + ".join(_scan(node) for node in found.get(key, [])) or "not read"
            for found in (old, new)
        ]
        if shown[0] != shown[1]:
            yield Change(what=f"reading {key}", before=shown[0], after=shown[1])


def _scans(plan: Plan) -> dict[str, list[Node]]:
    found: dict[str, list[Node]] = {}
    for node in plan.nodes:
        if node.relation is not None and node.kind != "ModifyTable":
            name = node.relation
            key = name if node.alias in (None, name) else f"{name} {node.alias}"
            found.setdefault(key, []).append(node)
    return found


def _scan(node: Node) -> str:
    index = node.raw.get("Index Name") or " and ".join(
        str(n.raw["Index Name"]) for n in node.walk() if n.kind == "Bitmap Index Scan"
    )
    using = f" using {index}" if index else ""
    if not node.measured:
        return (
            f"{node.title}{using}, cost {node.cost:,.0f}, {format_count(node.estimated_rows)} rows"
        )
    removed = f", {format_count(node.removed)} removed" if node.removed else ""
    buffers = node.number_of("Shared Hit Blocks") + node.number_of("Shared Read Blocks")
    return (
        f"{node.title}{using}, {format_count(node.all_rows)} rows{removed}, "
        f"{format_count(buffers)} blocks"
    )


def _other_changes(before: Plan, after: Plan) -> Iterator[Change]:
    """Yield joins, sorts, aggregates and the like that only one of the plans has."""
    old, new = Counter(map(_step, _steps(before))), Counter(map(_step, _steps(after)))
    for step, count in sorted((old - new).items()):
        yield Change(what="step", before=_times(step, count), after="gone")
    for step, count in sorted((new - old).items()):
        yield Change(what="step", before="none", after=_times(step, count))


def _steps(plan: Plan) -> list[Node]:
    return [n for n in plan.nodes if n.relation is None and n.kind not in _SCANS_BELOW]


def _step(node: Node) -> str:
    for name in ("Hash Cond", "Merge Cond", "Join Filter", "Sort Key", "Group Key"):
        if name in node.raw:
            method = node.text_of("Sort Method")
            return f"{node.title} ({node.text_of(name)})" + (f", {method}" if method else "")
    return node.title


def _times(step: str, count: int) -> str:
    return step if count == 1 else f"{step}, {count} times"
