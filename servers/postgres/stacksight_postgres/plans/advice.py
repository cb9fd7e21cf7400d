"""Findings about indexes that do not exist yet."""

from collections.abc import Sequence

from stacksight_core.units import format_bytes, format_count
from stacksight_postgres.explained import TriedIndex
from stacksight_postgres.plans.candidates import Candidate
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding

TRIED = "tried as a hypothetical index: cost {before:,.0f} → {after:,.0f}, about {size}"
NOT_TRIED = "not tried, since {reason}"
NO_HYPOPG = "the extension hypopg is not installed ({how})"
HOW_CREATE = "CREATE EXTENSION hypopg"
HOW_INSTALL = "the server lacks its package, postgresql-{major}-hypopg"
NOT_HYPOTHETICAL = "hypopg cannot pretend a GIN index; create it and compare"
SELECTIVE = 0.1


def from_tried(tried: Sequence[TriedIndex]) -> list[Finding]:
    """Turn indexes that were tried and helped into findings."""
    return [
        Finding(
            kind="missing_index",
            title=f"An index {_where(index.create)} would save "
            f"{1 - index.cost_after / index.cost_before:.0%} of the estimated cost.",
            share=1 - index.cost_after / index.cost_before,
            node=index.node,
            fix=index.create,
            expected=TRIED.format(
                before=index.cost_before,
                after=index.cost_after,
                size=format_bytes(index.bytes),
            ),
        )
        for index in tried
    ]


def from_untried(view: PlanView, candidates: Sequence[Candidate], *, hypopg: bool) -> list[Finding]:
    """Turn indexes that cannot be tried into findings, as far as the statistics speak for them."""
    findings = []
    told: set[int | None] = set()
    for candidate in candidates:
        if (hypopg and candidate.method == "btree") or candidate.node in told:
            continue
        node = next((n for n in view.plan.nodes if n.number == candidate.node), None)
        table = view.table(node) if node else None
        if node is None or table is None or node.kind != "Seq Scan":
            continue
        kept = node.rows if node.measured else node.estimated_rows
        if not table.rows or kept / table.rows > SELECTIVE:
            continue
        told.add(candidate.node)
        reason = NOT_HYPOTHETICAL if candidate.method != "btree" else _no_hypopg(view)
        findings.append(
            Finding(
                kind="missing_index",
                title=f"An index {_where(candidate.create)} could find the {format_count(kept)} of "
                f"{format_count(table.rows)} rows that {node.label} keeps.",
                share=view.part(node),
                node=node.number,
                fix=_with_extension(view, candidate),
                expected=NOT_TRIED.format(reason=reason),
            )
        )
    return findings


def _no_hypopg(view: PlanView) -> str:
    offered = "hypopg" in view.around.available
    how = HOW_CREATE if offered else HOW_INSTALL.format(major=view.around.version // 10000)
    return NO_HYPOPG.format(how=how)


def _where(create: str) -> str:
    return create.removeprefix("CREATE INDEX CONCURRENTLY ")


def _with_extension(view: PlanView, candidate: Candidate) -> str:
    needs = "gin_trgm_ops" in candidate.definition and "pg_trgm" not in view.around.extensions
    return f"CREATE EXTENSION pg_trgm; {candidate.create}" if needs else candidate.create
