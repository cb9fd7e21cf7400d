"""Finds the indexes that would help: gathers queries and facts, has the planner judge, chooses."""

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from statistics import median_high

from stacksight_core.errors import ToolFailure
from stacksight_postgres.advice.answer import Advice
from stacksight_postgres.advice.model import Query, Table
from stacksight_postgres.advice.packing import Limits
from stacksight_postgres.advice.plain import as_plain_query
from stacksight_postgres.advice.reading import read_uses
from stacksight_postgres.advice.reduced import choose_by_statistics
from stacksight_postgres.advice.report import report, report_reduced
from stacksight_postgres.advice.rules import operator_indexes, suggest_by_rule
from stacksight_postgres.advice.scopes import relation_names
from stacksight_postgres.advice.sizes import Sizer
from stacksight_postgres.guard.statement import Statement
from stacksight_postgres.source.advice_judging import (
    MAX_PARTITIONS,
    judge,
    sample_candidates,
)
from stacksight_postgres.source.advice_tables import load_catalog
from stacksight_postgres.source.database import Database, Session
from stacksight_postgres.source.explaining import check_explaining, choose_values
from stacksight_postgres.source.hypothetical import has_hypopg
from stacksight_postgres.source.preparing import explained
from stacksight_postgres.source.statements import read_statements
from stacksight_postgres.source.what_if import explain

MAX_WORKLOAD = 50
OUTLIER = 10.0
"""A query estimated at more than OUTLIER times the median counts as the median one does.

Estimates that high come from a subquery repeated for every row: they say that the query is too slow
to be run, not how slow. Counted in full, one of them decides everything. What makes it cheaper
counts from OUTLIER times the median downwards.
"""
LEAST_COUNTED = 0.1
"""A query counts at least as this share of the median one: the light ones are the frequent ones."""
FAST = 100.0
"""Unless it costs less than this, and is fast as it is."""

ANSWERING_SHARE = 0.25
"""Of the time limit, for the few questions after the search."""
DEFAULT_BUDGET_SHARE = 0.5
SIZE_MARGIN = 0.02
"""Of the budget is left free, as the sizes are estimates."""
PAGE_BYTES = 8192

ERROR_QUERY = "Query {label}: {reason}"
ERROR_NO_WORKLOAD = (
    "pg_stat_statements knows no statement of this database that could be examined. Give the "
    "queries: queries=[…], or run the application first."
)
NOTE_OUTLIER = (
    "{labels}: estimated at more than ten times the median; counted like the median query, so that "
    "one estimate does not decide everything."
)
NOTE_PARTITIONS = "{table}: {count} partitions, more than the {most} that are tried"
NOTE_STATISTICS = (
    "{table} was never analyzed; run ANALYZE {table} first, sizes and costs are guesses"
)
NOTE_VACUUM = (
    "{table}: {share:.0%} of its pages are marked as visible to all, so that reading from an index "
    "alone counts for little; VACUUM {table} and ask again"
)
LEAST_VISIBLE = 0.5
MANY_PAGES = 128
NOTE_WORKLOAD = "From pg_stat_statements: the {count} statements with the most execution time."


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        queries: SQL, or None for the workload of pg_stat_statements.
        budget_mb: for all new indexes together; None for half of what the tables take.
        seconds: for the search.
        max_indexes: at most so many.
    """

    queries: Sequence[str] | None
    budget_mb: float | None
    seconds: float
    max_indexes: int


@dataclass(frozen=True)
class _Wanted:
    label: str
    statement: Statement
    sql: str
    text: str
    calls: int | None = None
    milliseconds: float = 0.0


async def advise(database: Database, request: Request) -> Advice:
    """Recommend indexes.

    Raises:
        ToolFailure: a query cannot be examined, or there is no workload.
    """
    started = time.monotonic()
    async with database.private_session() as session:
        wanted, skipped = await _gather(session, request)
        queries, tables, names = await _read(session, wanted)
        notes = [] if request.queries else [NOTE_WORKLOAD.format(count=len(queries))]
        skipped += [_too_many(t) for t in tables.values() if len(t.partitions) > MAX_PARTITIONS]
        notes += [
            NOTE_STATISTICS.format(table=table.name)
            for table in tables.values()
            if not table.analyzed and table.pages
        ]
        notes += [
            NOTE_VACUUM.format(table=table.name, share=table.visible / table.pages)
            for table in tables.values()
            if table.pages > MANY_PAGES and table.visible < LEAST_VISIBLE * table.pages
        ]
        budget = _budget(request, tables.values())
        if has_hypopg(session):
            limits = Limits(budget * (1 - SIZE_MARGIN), request.max_indexes)
            deadline = started + request.seconds * (1 - ANSWERING_SHARE)
            plans = [await explain(session, query.sql) for query in queries]
            base = [float(plan["Total Cost"]) for plan in plans]
            weighed, weighing = _weighted(queries, wanted, base)
            async with _second_session(database) as more:
                sessions = [session, *more]
                judged = await judge(sessions, tables, names, weighed, plans, limits, deadline)
            advice = report(judged, tables)
            notes += weighing
        else:
            found = choose_by_statistics(queries)[: request.max_indexes]
            candidates = [spec for spec, _ in found]
            sizer = Sizer(tables, await sample_candidates(session, list(candidates), tables))
            sizes = [sizer.bytes(spec) for spec in candidates]
            rules = suggest_by_rule(queries, operator_indexes(queries), ())
            advice = report_reduced(found, sizes, rules, tables, session.facts.available)
    return advice.model_copy(
        update={
            "budget_bytes": budget,
            "not_examined": advice.not_examined + skipped,
            "notes": advice.notes + notes,
            "seconds": round(time.monotonic() - started, 1),
        }
    )


# --- queries ------------------------------------------------------------------------------------


async def _gather(session: Session, request: Request) -> tuple[list[_Wanted], list[str]]:
    if request.queries is not None:
        found = []
        for number, sql in enumerate(request.queries, 1):
            label = f"Q{number}"
            try:
                found.append(await _prepare(session, label, sql))
            except ToolFailure as error:
                raise ToolFailure(ERROR_QUERY.format(label=label, reason=error)) from error
        return found, []
    return await _gather_workload(session)


async def _gather_workload(session: Session) -> tuple[list[_Wanted], list[str]]:
    statements, hidden = await read_statements(session)
    ranked = sorted(statements.values(), key=lambda s: (-s.total_ms, s.query))
    found: list[_Wanted] = []
    refused = 0
    for statement in ranked:
        if len(found) == MAX_WORKLOAD:
            break
        try:
            one = await _prepare(session, f"Q{len(found) + 1}", statement.query)
        except ToolFailure:
            refused += 1
            continue
        if not relation_names(one.statement.tree):
            continue
        found.append(replace(one, calls=statement.calls, milliseconds=statement.total_ms))
    if not found:
        raise ToolFailure(ERROR_NO_WORKLOAD)
    skipped = (
        [f"{refused} statements of pg_stat_statements that cannot be planned"] if refused else []
    )
    skipped += [f"{hidden} statements of other roles, hidden from this one"] if hidden else []
    return found, skipped


async def _prepare(session: Session, label: str, sql: str) -> _Wanted:
    statement = await check_explaining(session, as_plain_query(sql), analyze=False)
    [variant, *_] = await choose_values(session, statement, None, analyze=False)
    async with explained(session, variant.sql):
        await explain(session, variant.sql)
    return _Wanted(label, statement, variant.sql, sql)


async def _read(
    session: Session, wanted: Sequence[_Wanted]
) -> tuple[list[Query], dict[str, Table], dict[str, list[tuple[str, str]]]]:
    names = {name for one in wanted for name in relation_names(one.statement.tree)}
    catalog = await load_catalog(session, names)
    queries = [
        Query(
            label=one.label,
            sql=one.sql,
            uses=read_uses(one.statement.tree, catalog),
            calls=one.calls,
            text=one.text,
        )
        for one in wanted
    ]
    tables = {use.table.name: use.table for query in queries for use in query.uses}
    written: dict[str, list[tuple[str, str]]] = {name: [] for name in tables}
    for name, relation in catalog.items():
        if relation.name in written:
            written[relation.name].append(name)
    return queries, tables, written


def _weighted(
    queries: Sequence[Query], wanted: Sequence[_Wanted], base: Sequence[float]
) -> tuple[list[Query], list[str]]:
    """Weigh queries: by measured time where it is known, else by cost without its outliers."""
    if all(one.calls is not None for one in wanted):
        weights = [
            one.milliseconds / max(cost, 1.0) for one, cost in zip(wanted, base, strict=True)
        ]
        return [replace(q, weight=w) for q, w in zip(queries, weights, strict=True)], []
    typical = max(median_high(base), 1.0)
    far = [cost > OUTLIER * typical for cost in base]
    weighed = [
        replace(query, weight=1 / OUTLIER, most=OUTLIER * typical)
        if out
        else replace(query, weight=_least_weight(cost, typical))
        for query, cost, out in zip(queries, base, far, strict=True)
    ]
    labels = ", ".join(query.label for query, out in zip(queries, far, strict=True) if out)
    return weighed, [NOTE_OUTLIER.format(labels=labels)] if labels else []


def _least_weight(cost: float, typical: float) -> float:
    return max(1.0, LEAST_COUNTED * typical / cost) if cost > FAST else 1.0


@asynccontextmanager
async def _second_session(database: Database) -> AsyncIterator[list[Session]]:
    """Open one more session, so that two processors can plan; none if all are in use."""
    async with AsyncExitStack() as stack:
        more: list[Session] = []
        with suppress(ToolFailure):
            more.append(await stack.enter_async_context(database.private_session()))
        yield more


def _budget(request: Request, tables: Iterable[Table]) -> float:
    if request.budget_mb is not None:
        return request.budget_mb * 2**20
    return max(2.0**20, sum(table.pages for table in tables) * PAGE_BYTES * DEFAULT_BUDGET_SHARE)


def _too_many(table: Table) -> str:
    return NOTE_PARTITIONS.format(
        table=table.name, count=len(table.partitions), most=MAX_PARTITIONS
    )
