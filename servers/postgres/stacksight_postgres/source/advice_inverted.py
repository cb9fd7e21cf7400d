"""Judges GIN indexes, of which hypopg knows nothing: by samples and by the planner's estimates."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from stacksight_postgres.advice.correction import CostSettings
from stacksight_postgres.advice.inverted import (
    OWN_WIDTH,
    Items,
    cost_with,
    estimate_inverted_bytes,
)
from stacksight_postgres.advice.model import IndexKey, IndexSpec, Query, Table
from stacksight_postgres.advice.rules import ItemKind, OperatorIndex
from stacksight_postgres.queries import MARK, load_sql
from stacksight_postgres.source.advice_sample import SAMPLE_TIMEOUT
from stacksight_postgres.source.database import Session
from stacksight_postgres.source.what_if import is_possible

SAMPLE_ROWS = 1000
_ITEMS: Mapping[ItemKind, str] = {
    "array": "SELECT DISTINCT unnest(s.v)::text",
    "tsvector": "SELECT lexeme FROM unnest(s.v)",
    "jsonb_path": "SELECT DISTINCT x::text FROM jsonb_path_query(s.v, 'lax $.**') AS x "
    "WHERE jsonb_typeof(x) NOT IN ('object', 'array')",
    "jsonb": "SELECT DISTINCT x::text FROM jsonb_path_query(s.v, 'lax $.**') AS x "
    "WHERE jsonb_typeof(x) NOT IN ('object', 'array') UNION "
    "SELECT DISTINCT k FROM jsonb_path_query(s.v, 'lax $.**') AS x, jsonb_object_keys(x) AS k "
    "WHERE jsonb_typeof(x) = 'object'",
    "trigram": "SELECT DISTINCT substr(w.p, g, 3) FROM ("
    "SELECT '  ' || t || ' ' AS p FROM regexp_split_to_table(lower(s.v), '[^[:alnum:]]+') AS t "
    "WHERE t <> '') AS w, generate_series(1, length(w.p) - 2) AS g",
}


@dataclass(frozen=True)
class InvertedIndex:
    """A GIN index with what it would do.

    Attributes:
        spec: the index.
        bytes: once built.
        entries: that a row has in it.
        costs: of the queries that it serves, by number.
    """

    spec: IndexSpec
    bytes: int
    entries: float
    costs: Mapping[int, float]


async def judge_inverted(
    session: Session,
    wanted: Sequence[OperatorIndex],
    queries: Sequence[Query],
    plans: Sequence[dict[str, Any]],
    settings: CostSettings,
) -> list[InvertedIndex]:
    """Return the GIN indexes whose size and use can be told, with both."""
    found: dict[IndexSpec, InvertedIndex] = {}
    costs: dict[IndexSpec, dict[int, float]] = {}
    for one in wanted:
        uses = [use for use in queries[one.query].uses if use.table is one.use.table]
        if one.kind == "range" or not one.predicate.always or len(uses) > 1:
            continue
        if one.predicate.operator == "= ANY":
            continue
        cost = cost_with(plans[one.query], one, await _matching(session, one), settings)
        if cost is None:
            continue
        if one.spec not in found:
            items = await _items(session, one)
            if items is None:
                continue
            size = estimate_inverted_bytes(items, one.use.table)
            costs[one.spec] = {}
            found[one.spec] = InvertedIndex(one.spec, size, items.each, costs[one.spec])
        known = costs[one.spec].get(one.query, cost)
        costs[one.spec][one.query] = min(known, cost)
    return list(found.values())


async def _items(session: Session, one: OperatorIndex) -> Items | None:
    table, [key] = one.use.table, one.spec.keys
    if not await _is_indexable(session, table, key):
        return None
    percent = min(100.0, 100.0 * SAMPLE_ROWS / max(table.rows, 1.0))
    sql = load_sql("advice_items").format(
        cell=key.sql,
        table=table.name,
        percent=f"{percent:.6f}",
        rows=2 * SAMPLE_ROWS,
        items=_ITEMS[one.kind],
    )
    try:
        async with session.savepoint():
            await session.connection.execute(SAMPLE_TIMEOUT)
            rows = await session.fetch(sql)
    except asyncpg.PostgresError:  # no right to read the rows
        return None
    width = OWN_WIDTH.get(key.suffix.strip())
    counts = [(row["times"], row["items"], width or row["width"]) for row in rows]
    return Items(rows[0]["rows"] if rows else 0, counts)


async def _is_indexable(session: Session, table: Table, key: IndexKey) -> bool:
    if not key.sql.startswith("("):
        return True
    return await is_possible(session, IndexSpec(table.name, (IndexKey(key.sql, key.columns),)))


async def _matching(session: Session, one: OperatorIndex) -> float | None:
    """Return how many rows the planner thinks meet the condition alone; None if it is not known."""
    if one.predicate.constant is None:
        return None
    sql = f"EXPLAIN {MARK}(FORMAT JSON) SELECT FROM {one.use.table.name} WHERE "
    try:
        async with session.savepoint():
            text = await session.fetchval(sql + one.predicate.constant)
    except asyncpg.PostgresError:
        return None
    return float(json.loads(text)[0]["Plan"]["Plan Rows"])
