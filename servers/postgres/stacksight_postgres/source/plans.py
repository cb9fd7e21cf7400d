"""Answers explain_query: plans a statement in every way that matters, and looks for better ones."""

from typing import Any

import asyncpg

from stacksight_core.errors import ToolFailure
from stacksight_postgres.errors import describe_error
from stacksight_postgres.explained import ExplainAnswer, KeptPlan, PlanAnswer, Variant
from stacksight_postgres.guard.statement import parse_statement
from stacksight_postgres.plans.advice import from_tried, from_untried
from stacksight_postgres.plans.candidates import candidates_of
from stacksight_postgres.plans.facts import PlanView
from stacksight_postgres.plans.findings import Finding, join_causes
from stacksight_postgres.plans.insights import find_all
from stacksight_postgres.plans.model import Plan
from stacksight_postgres.plans.tree import tree_lines
from stacksight_postgres.source.database import Session
from stacksight_postgres.source.explaining import check_explaining, choose_values, explain
from stacksight_postgres.source.hypothetical import (
    create_hypothetical,
    has_hypopg,
    read_index,
    require_hypopg,
    try_candidates,
)
from stacksight_postgres.source.state import Source
from stacksight_postgres.source.tables import read_surroundings

MAX_FINDINGS = 8
NOTE_SAME_PLAN = (
    "typical and worst-case values lead to the same plan, so it is shown once, with the {label} "
    "values."
)
NOTE_BOUND_BY_COST = (
    "Shares are of the estimated cost. With analyze=true the statement is run and they are of the "
    "measured time."
)
NOTE_NO_HYPOPG = (
    "Indexes were not tried, since the extension hypopg is not installed: what is suggested rests "
    "on the statistics alone."
)
NOTE_WRITES = (
    "The statement was not run. Its triggers, foreign keys and index maintenance are not in the "
    "estimate."
)
NOTE_ROLLED_BACK = (
    "The statement was run and rolled back. Deferred constraints were not checked, and sequences "
    "that it advanced stay advanced."
)
NOTE_GENERIC = "No values are known for its parameters: this is the generic plan."
ERROR_CANNOT_ANALYZE_HYPOTHETICAL = (
    "analyze=true runs the statement, and a hypothetical index cannot be read. Leave one of the "
    "two out."
)


async def explain_statement(
    source: Source,
    sql: str,
    params: list[Any] | None,
    *,
    analyze: bool,
    hypothetical: list[str],
    timeout_s: float | None,
) -> ExplainAnswer:
    """Explain one statement.

    Args:
        source: where.
        sql: the statement, with or without ``$1``.
        params: values, or None to take them from the statistics.
        analyze: run it and measure.
        hypothetical: indexes to pretend.
        timeout_s: seconds it may run.

    Raises:
        ToolFailure: it is not one statement that can be explained, or it fails.
    """
    if analyze and hypothetical:
        raise ToolFailure(ERROR_CANNOT_ANALYZE_HYPOTHETICAL)
    writing = source.allow_writes and analyze and parse_statement(sql).kind == "write"
    async with source.database.private_session(timeout_s=timeout_s, writing=writing) as session:
        statement = await check_explaining(session, sql, analyze=analyze, writing=writing)
        variants = await choose_values(session, statement, params, analyze=analyze)
        without = await _costs_without(session, variants) if hypothetical else {}
        pretended = await pretend(session, hypothetical)
        plans, notes = await _plan_all(session, variants, analyze=analyze)
        answers = [
            await _answer(
                source,
                session,
                KeptPlan(variant.sql, plan, tuple(pretended), source.chosen),
                variant,
            )
            for variant, plan in plans
        ]
        answers = [
            answer.model_copy(update={"cost_without": without.get(variant.sql)})
            for answer, (variant, _) in zip(answers, plans, strict=True)
        ]
        if not analyze:
            notes.append(NOTE_WRITES if statement.kind == "write" else NOTE_BOUND_BY_COST)
        if writing:
            notes.append(NOTE_ROLLED_BACK)
        if not has_hypopg(session):
            notes.append(NOTE_NO_HYPOPG)
    return ExplainAnswer(
        measured=analyze, hypothetical=pretended or None, plans=answers, notes=notes
    )


async def _costs_without(session: Session, variants: list[Variant]) -> dict[str, float]:
    return {v.sql: (await explain(session, v, analyze=False)).root.cost for v in variants}


async def pretend(session: Session, indexes: list[str]) -> list[str]:
    """Create hypothetical indexes in a private session and return their definitions.

    Raises:
        ToolFailure: one is no index, or cannot be made, or hypopg is not installed.
    """
    if not indexes:
        return []
    require_hypopg(session)
    creates = [read_index(text) for text in indexes]
    for create in creates:
        try:
            async with session.savepoint():
                await create_hypothetical(session, create)
        except asyncpg.PostgresError as error:
            raise ToolFailure(describe_error(error)) from error
    return creates


async def _plan_all(
    session: Session, variants: list[Variant], *, analyze: bool
) -> tuple[list[tuple[Variant, Plan]], list[str]]:
    """Plan each variant; when all plans have one shape the dearest stands for them."""
    planned = [(v, await explain(session, v, analyze=False)) for v in variants]
    notes = [NOTE_GENERIC] if variants[0].label == "generic" else []
    if len(planned) > 1 and len({_shape(plan) for _, plan in planned}) == 1:
        planned = [max(planned, key=lambda pair: pair[1].root.cost)]
        notes.append(NOTE_SAME_PLAN.format(label=planned[0][0].label))
    if analyze:
        planned = [(v, await explain(session, v, analyze=True)) for v, _ in planned]
    return planned, notes


def _shape(plan: Plan) -> tuple[str, ...]:
    return tuple(node.label for node in plan.nodes)


async def _answer(source: Source, session: Session, kept: KeptPlan, variant: Variant) -> PlanAnswer:
    plan = kept.plan
    around = await read_surroundings(session, plan, variant.sql)
    view = PlanView(plan, around)
    findings = find_all(view)
    if not kept.hypothetical:
        findings = join_causes([*findings, *await _missing_indexes(session, variant, view)])
    lines, hidden = tree_lines(view)
    return PlanAnswer(
        plan=source.plans.add(kept),
        values=_describe_values(variant),
        cost=round(plan.root.cost, 2),
        rows=plan.root.rows if plan.measured else plan.root.estimated_rows,
        execution_ms=plan.execution_ms,
        planning_ms=plan.planning_ms,
        settings={k: v for k, v in plan.settings.items() if k != "plan_cache_mode"} or None,
        findings=findings[:MAX_FINDINGS],
        more_findings=max(len(findings) - MAX_FINDINGS, 0),
        tree=lines,
        hidden_nodes=hidden,
    )


async def _missing_indexes(session: Session, variant: Variant, view: PlanView) -> list[Finding]:
    candidates = candidates_of(view)
    if not candidates:
        return []
    hypopg = has_hypopg(session)
    tried = await try_candidates(session, variant, view.plan, candidates) if hypopg else []
    return from_tried(tried) + from_untried(view, candidates, hypopg=hypopg)


def _describe_values(variant: Variant) -> str | None:
    if not variant.values:
        return None
    values = ", ".join(f"${n} = {value}" for n, value in enumerate(variant.values, 1))
    return f"With {variant.label} values from the statistics: {values}."
