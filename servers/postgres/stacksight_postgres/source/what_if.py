"""Asks the planner what a query would cost with indexes that do not exist, by hypopg."""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from math import isclose
from typing import Any

import asyncpg

from stacksight_postgres.advice.correction import (
    CostSettings,
    HypotheticalIndex,
    corrected_cost,
    hypothetical_indexes,
)
from stacksight_postgres.advice.leading import with_leading
from stacksight_postgres.advice.model import IndexSpec, Query, Table
from stacksight_postgres.advice.sizes import PAGE, Sizer
from stacksight_postgres.advice.untyped import untyped
from stacksight_postgres.binding import parameter_numbers
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import MARK, marked
from stacksight_postgres.source.database import Session

_PREPARED = "stacksight_planned"
_DROP = marked("SELECT {schema}.hypopg_drop_index(o::oid) FROM unnest($1::bigint[]) AS o")
_CREATE = marked(
    "SELECT h.oid, {schema}.hypopg_relation_size(h.oid::oid) AS bytes FROM ("
    "SELECT n, (SELECT i.indexrelid FROM {schema}.hypopg_create_index(d) AS i)::bigint AS oid "
    "FROM unnest($1::text[]) WITH ORDINALITY AS t (d, n) ORDER BY n) AS h ORDER BY h.n"
)
_SETTINGS = marked(
    "SELECT current_setting('random_page_cost')::float8 AS random_page, "
    "current_setting('cpu_operator_cost')::float8 AS cpu_operator"
)


Names = Collection[tuple[str, str]]


class WhatIf:
    """Hypothetical indexes on one session.

    The session has to be closed afterwards: hypothetical indexes outlive a transaction.

    Args:
        session: of its own.
        tables: by name as SQL writes it.
        sizer: knows what an index takes once built.
        settings: the planner's unit costs.
    """

    def __init__(
        self, session: Session, tables: dict[str, Table], sizer: Sizer, settings: CostSettings
    ) -> None:
        self._session = session
        self._tables = tables
        self._sizer = sizer
        self._settings = settings
        self._schema = quote_name(session.facts.extensions["hypopg"])
        self._made: dict[IndexSpec, list[int]] = {}
        self._specs: dict[int, IndexSpec] = {}
        self._indexes: dict[int, HypotheticalIndex] = {}

    async def plan(
        self, sqls: Sequence[str], specs: Sequence[IndexSpec]
    ) -> list[tuple[float, frozenset[IndexSpec]]]:
        """Plan each SQL with exactly these hypothetical indexes; the costs and which it uses."""
        await self._offer(specs)
        found = []
        for sql in sqls:
            plan = await explain(self._session, sql)
            used = {self._specs[oid] for oid in hypothetical_indexes(plan) if oid in self._specs}
            found.append((corrected_cost(plan, self._indexes, self._settings), frozenset(used)))
        return found

    async def base_cost(self, sql: str) -> float | None:
        """Return the cost of SQL without hypothetical indexes; None where it is refused."""
        await self._offer([])
        try:
            async with self._session.savepoint():
                return float((await explain(self._session, sql))["Total Cost"])
        except asyncpg.PostgresError:
            return None

    async def _offer(self, specs: Sequence[IndexSpec]) -> None:
        wanted = set(specs)
        gone = [spec for spec in self._made if spec not in wanted]
        if gone:
            oids = [oid for spec in gone for oid in self._made.pop(spec)]
            drop = _DROP.format(schema=self._schema)
            await self._session.fetch(drop, oids)
        missing = [spec for spec in specs if spec not in self._made]
        if missing:
            await self._create(missing)

    async def _create(self, specs: list[IndexSpec]) -> None:
        wanted = [
            (spec, on) for spec in specs for on in self._tables[spec.table].partitions or ("",)
        ]
        create = _CREATE.format(schema=self._schema)
        rows = await self._session.fetch(create, [_hypothetical(spec, on) for spec, on in wanted])
        for (spec, _), row in zip(wanted, rows, strict=True):
            self._made.setdefault(spec, []).append(row["oid"])
            self._specs[row["oid"]] = spec
            if spec.method == "btree":
                self._indexes[row["oid"]] = self._facts(spec, row["bytes"])

    def _facts(self, spec: IndexSpec, bytes_: int) -> HypotheticalIndex:
        parts = max(len(self._tables[spec.table].partitions), 1)
        return HypotheticalIndex(
            pages=bytes_ / PAGE,
            real_pages=self._sizer.bytes(spec) / PAGE / parts,
            height=self._sizer.height(spec),
            rows=self._sizer.rows(spec) / parts,
        )


class Planners:
    """Several sessions that plan at the same time.

    A query is always planned by the same one: of two indexes that are equally good the planner
    takes the one that was there first, and so the same calls give the same answers.

    Args:
        planners: at least one.
        queries: by number.
        names: in which ways the queries write each table.
    """

    def __init__(
        self, planners: Sequence[WhatIf], queries: Sequence[Query], names: Mapping[str, Names]
    ) -> None:
        self._planners = [(planner, asyncio.Lock()) for planner in planners]
        self._queries = queries
        self._names = names
        self._leading: dict[tuple[int, str], str] = {}

    async def ask(
        self, query: int, specs: Sequence[IndexSpec]
    ) -> list[tuple[float, frozenset[IndexSpec]]]:
        """Plan a query, by its number, with exactly these hypothetical indexes.

        Returns the plans found, the cheapest first: one for each table that has to lead.
        """
        planner, lock = self._planners[query % len(self._planners)]
        async with lock:
            tables = sorted({spec.table for spec in specs if spec.has_to_lead})
            sqls = [await self._led(planner, query, table) for table in tables]
            found = await planner.plan(
                list(dict.fromkeys(sqls)) or [self._queries[query].sql], specs
            )
            return sorted(found, key=lambda plan: (plan[0], sorted(plan[1])))

    async def _led(self, planner: WhatIf, query: int, table: str) -> str:
        """Return the SQL with a table first, or as it is where that would be another query."""
        if (query, table) not in self._leading:
            sql = self._queries[query].sql
            led = with_leading(sql, self._names[table])
            if led is not None and len(self._queries[query].uses) > 1:
                cost, other = await planner.base_cost(sql), await planner.base_cost(led)
                same = cost is not None and other is not None and isclose(cost, other, rel_tol=0.01)
                self._leading[query, table] = led if same else sql
            else:
                self._leading[query, table] = sql
        return self._leading[query, table]


async def is_possible(session: Session, spec: IndexSpec) -> bool:
    """Whether PostgreSQL would accept an index: types, operator classes, immutability."""
    schema = quote_name(session.facts.extensions["hypopg"])
    try:
        async with session.savepoint():
            await session.fetch(_CREATE.format(schema=schema), [spec.create()])
            await session.fetch(marked(f"SELECT {schema}.hypopg_reset()"))
    except asyncpg.PostgresError:
        return False
    return True


async def read_settings(session: Session) -> CostSettings:
    """Return the planner's unit costs that are in force."""
    return CostSettings(**await session.fetchrow(_SETTINGS))


async def explain(session: Session, sql: str) -> dict[str, Any]:
    """Return the plan of a checked statement; one with parameters gets its generic plan."""
    if not parameter_numbers(sql):
        return _root(await session.fetchval(f"EXPLAIN {MARK}(FORMAT JSON) {sql}"))
    # A plan of an earlier call would be kept and not know of new hypothetical indexes.
    connection = session.connection
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.execute(f"PREPARE {MARK} {_PREPARED} AS {sql}")
    try:
        count = await session.fetchval(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1",
            _PREPARED,
        )
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        return _root(
            await session.fetchval(f"EXPLAIN {MARK}(FORMAT JSON) EXECUTE {_PREPARED}{values}")
        )
    finally:
        await connection.execute(f"DEALLOCATE {_PREPARED}")


def _root(text: str) -> dict[str, Any]:
    root: dict[str, Any] = json.loads(text)[0]["Plan"]
    return root


def _hypothetical(spec: IndexSpec, on: str) -> str:
    where = tuple(untyped(condition) for condition in spec.where)
    # Without free space hypopg's number of pages is nearest to that of an index really built.
    options = "fillfactor = 100" if spec.method == "btree" else ""
    return replace(spec, where=where).create(on=on, options=options)
