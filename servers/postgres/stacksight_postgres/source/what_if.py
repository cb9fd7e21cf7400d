"""Asks the planner what a query would cost with indexes that do not exist, by hypopg."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg

from stacksight_postgres.advice.model import IndexSpec, Table
from stacksight_postgres.advice.verdicts import plan_nodes
from stacksight_postgres.binding import parameter_numbers
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import MARK
from stacksight_postgres.source.database import Session

_NAME = re.compile(r"^<(\d+)>")
_PREPARED = "stacksight_planned"
_DROP = MARK + "SELECT {schema}.hypopg_drop_index(o::oid) FROM unnest($1::bigint[]) AS o"  # noqa: S608
_CREATE = MARK + (  # noqa: S608
    "SELECT (SELECT h.indexrelid FROM {schema}.hypopg_create_index(d) AS h)::bigint "
    "FROM unnest($1::text[]) WITH ORDINALITY AS t (d, n) ORDER BY n"
)


class WhatIf:
    """Hypothetical indexes on one session.

    The session has to be closed afterwards: hypothetical indexes outlive a transaction.

    Args:
        session: of its own.
        tables: by name as SQL writes it.
    """

    def __init__(self, session: Session, tables: dict[str, Table]) -> None:
        self.session = session
        self.tables = tables
        self._schema = quote_name(session.facts.extensions["hypopg"])
        self._made: dict[IndexSpec, list[int]] = {}
        self._by_oid: dict[int, IndexSpec] = {}

    async def is_possible(self, spec: IndexSpec) -> bool:
        """Whether PostgreSQL would accept the index: types, operator classes, immutability."""
        try:
            async with self.session.savepoint():
                await self._create([spec])
        except asyncpg.PostgresError:
            return False
        return True

    async def ask(self, sql: str, specs: Sequence[IndexSpec]) -> tuple[float, frozenset[IndexSpec]]:
        """Plan a query with exactly these hypothetical indexes; its cost and which it uses."""
        await self._offer(specs)
        plan = await explain(self.session, sql)
        used = {self._by_oid[oid] for oid in _hypothetical(plan) if oid in self._by_oid}
        return plan["Total Cost"], frozenset(used)

    async def _offer(self, specs: Sequence[IndexSpec]) -> None:
        wanted = set(specs)
        gone = [spec for spec in self._made if spec not in wanted]
        if gone:
            oids = [oid for spec in gone for oid in self._made.pop(spec)]
            drop = _DROP.format(schema=self._schema)
            await self.session.fetch(drop, oids)
        missing = [spec for spec in specs if spec not in self._made]
        if missing:
            await self._create(missing)

    async def _create(self, specs: list[IndexSpec]) -> None:
        wanted = [
            (spec, on) for spec in specs for on in self.tables[spec.table].partitions or ("",)
        ]
        create = _CREATE.format(schema=self._schema)
        rows = await self.session.fetch(create, [spec.create(on=on) for spec, on in wanted])
        for (spec, _), row in zip(wanted, rows, strict=True):
            self._made.setdefault(spec, []).append(row[0])
            self._by_oid[row[0]] = spec


async def explain(session: Session, sql: str) -> dict[str, Any]:
    """Return the plan of a checked statement; one with parameters gets its generic plan."""
    if not parameter_numbers(sql):
        return _root(await session.fetchval(f"{MARK}EXPLAIN (FORMAT JSON) {sql}"))
    # A plan of an earlier call would be kept and not know of new hypothetical indexes.
    connection = session.connection
    await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await connection.execute(f"{MARK}PREPARE {_PREPARED} AS {sql}")
    try:
        count = await session.fetchval(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = $1",
            _PREPARED,
        )
        values = f"({', '.join(['NULL'] * count)})" if count else ""
        return _root(
            await session.fetchval(f"{MARK}EXPLAIN (FORMAT JSON) EXECUTE {_PREPARED}{values}")
        )
    finally:
        await connection.execute(f"DEALLOCATE {_PREPARED}")


def _root(text: str) -> dict[str, Any]:
    root: dict[str, Any] = json.loads(text)[0]["Plan"]
    return root


def _hypothetical(plan: dict[str, Any]) -> Iterator[int]:
    for node in plan_nodes(plan):
        match = _NAME.match(node.get("Index Name", ""))
        if match:
            yield int(match[1])
