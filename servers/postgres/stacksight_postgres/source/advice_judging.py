"""Has the planner judge candidate indexes, and chooses among them."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import asyncpg

from stacksight_postgres.advice.candidates import candidate_indexes
from stacksight_postgres.advice.costs import Costs, Mask, Plan, members
from stacksight_postgres.advice.model import IndexKey, IndexSpec, Query, Table
from stacksight_postgres.advice.packing import Limits
from stacksight_postgres.advice.report import Judged, QueryOutcome
from stacksight_postgres.advice.rules import TRIGRAM_OPCLASS, operator_indexes, suggest_by_rule
from stacksight_postgres.advice.selection import Selector
from stacksight_postgres.advice.sizes import Sample, Sizer, needs_sample
from stacksight_postgres.source.advice_inverted import InvertedIndex, judge_inverted
from stacksight_postgres.source.advice_sample import SAMPLE_TIMEOUT, sample_table
from stacksight_postgres.source.database import Session
from stacksight_postgres.source.what_if import Planners, WhatIf, is_possible, read_settings

MAX_PARTITIONS = 100

NOTE_MODELLED = (
    "costs of this one are modelled, since hypopg knows no GIN; each written row makes about "
    "{entries:.0f} entries"
)
NOTE_TRIGRAMS = "needs CREATE EXTENSION pg_trgm first"


async def judge(
    sessions: Sequence[Session],
    tables: dict[str, Table],
    names: dict[str, list[tuple[str, str]]],
    queries: Sequence[Query],
    plans: Sequence[dict[str, Any]],
    limits: Limits,
    deadline: float,
) -> Judged:
    """Have the planner judge all indexes that could help, and choose.

    Args:
        sessions: of their own, to plan with; the first one also reads.
        tables: by name.
        names: in which ways the queries write each table.
        queries: with their weights.
        plans: of the queries without new indexes.
        limits: that the chosen indexes keep to.
        deadline: of the search, by ``time.monotonic``.
    """
    [session, *_] = sessions
    candidates = await _possible(session, candidate_indexes(queries), tables)
    sizer = Sizer(tables, await sample_candidates(session, list(candidates), tables))
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
        with_it, without_it, before = (
            query.counted(costs.bound(number, some).cost) for some in (used, used & ~taken, 0)
        )
        loss += without_it - with_it
        total += before
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


async def sample_candidates(
    session: Session, candidates: Sequence[IndexSpec], tables: dict[str, Table]
) -> dict[str, Sample]:
    """Look at the tables' rows for what the sizes of indexes depend on."""
    samples = {}
    for name in sorted({spec.table for spec in candidates}):
        table = tables[name]
        mine = [spec for spec in candidates if spec.table == name]
        sets = sorted({needs_sample(spec, table) for spec in mine} - {frozenset()}, key=sorted)
        predicates = sorted({spec.predicate for spec in mine if spec.where})
        keys = {key.sql for spec in mine for key in spec.keys}
        expressions = sorted(key for key in keys if key.startswith("("))
        samples[name] = await _sample(session, table, sets, predicates, expressions)
    return samples


async def _sample(
    session: Session,
    table: Table,
    sets: Sequence[frozenset[str]],
    predicates: Sequence[str],
    expressions: Sequence[str],
) -> Sample:
    """Sample a table; without the expressions where one fails on some row, or else not at all."""
    for tried in (expressions, ()) if expressions else ((),):
        with suppress(asyncpg.PostgresError):  # such as no right to read the rows
            async with session.savepoint():
                await session.connection.execute(SAMPLE_TIMEOUT)
                return await sample_table(session, table, sets, predicates, tried)
    return Sample()
