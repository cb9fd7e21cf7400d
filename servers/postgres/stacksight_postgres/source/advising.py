"""Finds the indexes that would help: gathers queries and facts, has the planner judge, chooses."""

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from statistics import median_high
from typing import Any

import asyncpg

from stacksight_core.errors import ToolFailure
from stacksight_postgres.advice.answer import Advice
from stacksight_postgres.advice.candidates import candidate_indexes
from stacksight_postgres.advice.costs import Costs, Mask, Plan, members
from stacksight_postgres.advice.model import IndexKey, IndexSpec, Query, Table
from stacksight_postgres.advice.packing import Limits
from stacksight_postgres.advice.plain import as_plain_query
from stacksight_postgres.advice.reading import read_uses
from stacksight_postgres.advice.reduced import choose_by_statistics
from stacksight_postgres.advice.report import Judged, QueryOutcome, report, report_reduced
from stacksight_postgres.advice.rules import (
    TRIGRAM_OPCLASS,
    operator_indexes,
    suggest_by_rule,
)
from stacksight_postgres.advice.scopes import relation_names
from stacksight_postgres.advice.selection import Selector
from stacksight_postgres.advice.sizes import Sample, Sizer, needs_sample
from stacksight_postgres.guard.statement import Statement
from stacksight_postgres.source.advice_inverted import InvertedIndex, judge_inverted
from stacksight_postgres.source.advice_sample import sample_table
from stacksight_postgres.source.advice_tables import load_catalog
from stacksight_postgres.source.database import Database, Session
from stacksight_postgres.source.explaining import check_explaining, choose_values
from stacksight_postgres.source.hypothetical import has_hypopg
from stacksight_postgres.source.preparing import explained
from stacksight_postgres.source.statements import read_statements
from stacksight_postgres.source.what_if import (
    Planners,
    WhatIf,
    explain,
    is_possible,
    read_settings,
)

MAX_WORKLOAD = 50
MAX_PARTITIONS = 100
OUTLIER = 10.0
"""A query estimated at more than OUTLIER times the median counts as the median one does.

Estimates that high come from a subquery repeated for every row: they say that the query is slow,
not how slow. Counted in full, one of them decides everything.
"""
LEAST_COUNTED = 0.1
"""A query counts at least as this share of the median one: the light ones are the frequent ones."""

ANSWERING_SHARE = 0.1
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
NOTE_MODELLED = (
    "costs of this one are modelled, since hypopg knows no GIN; each written row makes about "
    "{entries:.0f} entries"
)
NOTE_TRIGRAMS = "needs CREATE EXTENSION pg_trgm first"
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
        budget = _budget(request, tables.values())
        if has_hypopg(session):
            limits = Limits(budget * (1 - SIZE_MARGIN), request.max_indexes)
            deadline = started + request.seconds * (1 - ANSWERING_SHARE)
            plans = [await explain(session, query.sql) for query in queries]
            base = [float(plan["Total Cost"]) for plan in plans]
            weighed, weighing = _weighted(queries, wanted, base)
            async with _second_session(database) as more:
                sessions = [session, *more]
                judged = await _judge(sessions, tables, names, weighed, plans, limits, deadline)
            advice = report(judged, tables)
            notes += weighing
        else:
            found = choose_by_statistics(queries)[: request.max_indexes]
            candidates = [spec for spec, _ in found]
            sizer = Sizer(tables, await _sample(session, list(candidates), tables))
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
    counted = [
        typical if out else max(cost, LEAST_COUNTED * typical)
        for cost, out in zip(base, far, strict=True)
    ]
    weighed = [
        replace(query, weight=count / max(cost, 1e-9))
        for query, cost, count in zip(queries, base, counted, strict=True)
    ]
    labels = ", ".join(query.label for query, out in zip(queries, far, strict=True) if out)
    return weighed, [NOTE_OUTLIER.format(labels=labels)] if labels else []


@asynccontextmanager
async def _second_session(database: Database) -> AsyncIterator[list[Session]]:
    """Open one more session, so that two processors can plan; none if all are in use."""
    async with AsyncExitStack() as stack:
        more: list[Session] = []
        with suppress(ToolFailure):
            more.append(await stack.enter_async_context(database.private_session()))
        yield more


# --- judging ------------------------------------------------------------------------------------


async def _judge(
    sessions: Sequence[Session],
    tables: dict[str, Table],
    names: dict[str, list[tuple[str, str]]],
    queries: Sequence[Query],
    plans: Sequence[dict[str, Any]],
    limits: Limits,
    deadline: float,
) -> Judged:
    [session, *_] = sessions
    candidates = await _possible(session, candidate_indexes(queries), tables)
    sizer = Sizer(tables, await _sample(session, list(candidates), tables))
    settings = await read_settings(session)
    what_ifs = [WhatIf(one, tables, sizer, settings) for one in sessions]
    planners = Planners(what_ifs, queries, names)
    costs = Costs(queries, candidates, planners.ask, deadline)
    wanted = operator_indexes(queries)
    inverted = await judge_inverted(session, wanted, queries, plans, settings)
    for index in inverted:
        sizer.note(index.spec, index.bytes)
        number = costs.add(index.spec)
        for query, cost in index.costs.items():
            costs.learn(query, Plan(cost, 1 << number))
    selection = await Selector(costs, sizer.bytes, limits).run()
    costs.extend()
    await costs.estimate_all((number, selection.chosen) for number, _ in enumerate(queries))
    outcomes = [
        _outcome(costs, number, plan, selection.chosen) for number, plan in enumerate(plans)
    ]
    used = 0
    for number, _ in enumerate(queries):
        used |= costs.bound(number, selection.chosen).used
    losses = {costs.candidates[n]: _loss(costs, used, 1 << n) for n in members(used)}
    by_spec = {spec: sizer.bytes(spec) for spec in costs.candidates}
    return Judged(
        outcomes=outcomes,
        losses=losses,
        sizes=by_spec,
        budget=limits.bytes,
        notes={index.spec: _inverted_notes(session, index) for index in inverted},
        suggestions=suggest_by_rule(queries, wanted, {index.spec for index in inverted}),
        cut=selection.cut,
    )


def _inverted_notes(session: Session, index: InvertedIndex) -> list[str]:
    notes = [NOTE_MODELLED.format(entries=index.entries)]
    trigrams = index.spec.keys[0].suffix == TRIGRAM_OPCLASS
    if trigrams and "pg_trgm" not in session.facts.extensions:
        notes.insert(0, NOTE_TRIGRAMS)
    return notes


def _loss(costs: Costs, used: Mask, taken: Mask) -> float:
    """Return the share of the total cost that comes back without an index."""
    loss = total = 0.0
    for number, query in enumerate(costs.queries):
        with_it = costs.bound(number, used).cost
        loss += query.weight * (costs.bound(number, used & ~taken).cost - with_it)
        total += query.weight * costs.bound(number, 0).cost
    return loss / max(total, 1e-9)


def _outcome(costs: Costs, number: int, plan: dict[str, Any], chosen: Mask) -> QueryOutcome:
    final = costs.bound(number, chosen)
    best = costs.plans(number)[0]
    return QueryOutcome(
        query=costs.queries[number],
        plan=plan,
        before=float(plan["Total Cost"]),
        after=final.cost,
        uses=tuple(costs.candidates[n] for n in members(final.used)),
        possible=best.cost,
        possible_with=tuple(costs.candidates[n] for n in members(best.used)),
        tried=costs.own(number).bit_count(),
    )


async def _possible(
    session: Session, candidates: dict[IndexSpec, set[int]], tables: dict[str, Table]
) -> dict[IndexSpec, set[int]]:
    """Leave out what PostgreSQL would refuse: an expression that is not immutable, say."""
    accepted: dict[IndexSpec, bool] = {}
    found = {}
    for spec, by in candidates.items():
        if len(tables[spec.table].partitions) > MAX_PARTITIONS:
            continue
        for part in _doubtful_parts(spec):
            if part not in accepted:
                accepted[part] = await is_possible(session, part)
        if all(accepted[part] for part in _doubtful_parts(spec)):
            found[spec] = by
    return found


def _doubtful_parts(spec: IndexSpec) -> list[IndexSpec]:
    """Return what PostgreSQL could refuse of an index, each as an index of its own."""
    plain = spec.method == "btree"
    doubtful = [key for key in spec.keys if not plain or key.sql.startswith("(") or key.suffix]
    parts = [IndexSpec(spec.table, (key,), method=spec.method) for key in doubtful]
    bare = IndexKey(spec.keys[0].sql, spec.keys[0].columns)
    parts += [IndexSpec(spec.table, (bare,), where=(text,)) for text in spec.where]
    return parts


async def _sample(
    session: Session, candidates: Sequence[IndexSpec], tables: dict[str, Table]
) -> dict[str, Sample]:
    samples = {}
    for name in sorted({spec.table for spec in candidates}):
        table = tables[name]
        mine = [spec for spec in candidates if spec.table == name]
        sets = sorted({needs_sample(spec, table) for spec in mine} - {frozenset()}, key=sorted)
        predicates = sorted({spec.predicate for spec in mine if spec.where})
        keys = {key.sql for spec in mine for key in spec.keys}
        expressions = sorted(key for key in keys if key.startswith("("))
        try:
            async with session.savepoint():
                samples[name] = await sample_table(session, table, sets, predicates, expressions)
        except asyncpg.PostgresError:  # no right to read the rows: the statistics have to do
            samples[name] = Sample()
    return samples


def _budget(request: Request, tables: Iterable[Table]) -> float:
    if request.budget_mb is not None:
        return request.budget_mb * 2**20
    return max(2.0**20, sum(table.pages for table in tables) * PAGE_BYTES * DEFAULT_BUDGET_SHARE)


def _too_many(table: Table) -> str:
    return NOTE_PARTITIONS.format(
        table=table.name, count=len(table.partitions), most=MAX_PARTITIONS
    )
