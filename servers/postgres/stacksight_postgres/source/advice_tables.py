"""Reads from the catalogue and the statistics what index advice needs to know of tables."""

from collections.abc import Iterable
from dataclasses import replace

import asyncpg

from stacksight_postgres.advice.model import (
    Column,
    ExistingIndex,
    Table,
    View,
    Writes,
)
from stacksight_postgres.advice.scopes import Relation, relation_names, view_query
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

MAX_VIEW_DEPTH = 10
CLUSTERED_ROWS = 20_000
CLUSTERED_CORRELATION = 0.9


async def load_catalog(
    session: Session, names: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], Relation]:
    """Look up relations by schema and name, and those that views among them are made of.

    Args:
        session: where; the names mean what its search path makes of them.
        names: schema, empty where none was written, and name.
    """
    catalog: dict[tuple[str, str], Relation] = {}
    tables: dict[int, Table] = {}
    pending = set(names)
    for _ in range(MAX_VIEW_DEPTH):
        if not pending:
            break
        found = await _load(session, sorted(pending), tables)
        catalog |= found
        views = [relation for relation in found.values() if isinstance(relation, View)]
        asked = set(catalog) | pending
        pending = {name for view in views for name in relation_names(view_query(view))} - asked
    return catalog


async def _load(
    session: Session, names: list[tuple[str, str]], known: dict[int, Table]
) -> dict[tuple[str, str], Relation]:
    rows = await session.fetch(
        load_sql("advice_relations"), [s for s, _ in names], [name for _, name in names]
    )
    oids = sorted({row["oid"] for row in rows} - set(known))
    columns = _grouped(await session.fetch(load_sql("advice_columns"), oids))
    indexes = _grouped(await session.fetch(load_sql("advice_indexes"), oids))
    foreign_keys = _grouped(await session.fetch(load_sql("advice_foreign_keys"), oids))
    found: dict[tuple[str, str], Relation] = {}
    for row in rows:
        oid, name = row["oid"], (row["schema"], row["name"])
        if row["kind"] == "v":
            names_of = tuple(column["name"] for column in columns.get(oid, []))
            found[name] = View(row["sql_name"], row["definition"], names_of)
            continue
        if oid not in known:
            table = _table(
                row, columns.get(oid, []), indexes.get(oid, []), foreign_keys.get(oid, [])
            )
            known[oid] = await _corrected(session, table)
        found[name] = known[oid]
    return found


def _grouped(rows: list[asyncpg.Record]) -> dict[int, list[asyncpg.Record]]:
    groups: dict[int, list[asyncpg.Record]] = {}
    for row in rows:
        groups.setdefault(row["relation"], []).append(row)
    return groups


def _table(
    row: asyncpg.Record,
    columns: list[asyncpg.Record],
    indexes: list[asyncpg.Record],
    foreign_keys: list[asyncpg.Record],
) -> Table:
    return Table(
        oid=row["oid"],
        name=row["sql_name"],
        rows=row["rows"],
        pages=row["pages"],
        visible=row["visible"],
        analyzed=any(column["distinct"] is not None for column in columns),
        columns={column["name"]: _column(column, row["rows"]) for column in columns},
        indexes=tuple(_index(index) for index in indexes),
        foreign_keys=tuple(tuple(key["columns"]) for key in foreign_keys),
        writes=Writes(
            inserted=row["inserted"],
            updated=row["updated"],
            hot_updated=row["hot_updated"],
            deleted=row["deleted"],
            seconds=row["seconds"],
        ),
        partitions=tuple(row["partitions"]),
    )


def _column(row: asyncpg.Record, rows: float) -> Column:
    distinct = row["distinct"]
    if distinct is not None and distinct < 0:  # a share of the rows, negated (pg_stats)
        distinct = -distinct * rows
    facts = {key: value for key, value in row.items() if key not in {"relation", "distinct"}}
    return Column(**facts, distinct=distinct)


def _index(row: asyncpg.Record) -> ExistingIndex:
    facts = {key: value for key, value in row.items() if key != "relation"}
    return ExistingIndex(**{**facts, "keys": tuple(row["keys"]), "include": tuple(row["include"])})


async def _corrected(session: Session, table: Table) -> Table:
    """Count values that lie together anew: ANALYZE finds far too few of them.

    It takes few rows of each page, and estimates from how many values it meets twice; where equal
    values are neighbours it meets them more often than chance would have it.
    """
    if table.rows < CLUSTERED_ROWS:
        return table
    columns = dict(table.columns)
    for column in table.columns.values():
        if _is_doubtful(column, table.rows):
            distinct = await _count_clustered(session, table, column)
            columns[column.name] = replace(column, distinct=distinct)
    return replace(table, columns=columns)


def _is_doubtful(column: Column, rows: float) -> bool:
    if column.distinct is None or not column.ordered:
        return False
    together = abs(column.correlation or 0.0) > CLUSTERED_CORRELATION
    return together and rows / 1000 < column.distinct < rows * 0.9


async def _count_clustered(session: Session, table: Table, column: Column) -> float | None:
    percent = min(100.0, 100.0 * CLUSTERED_ROWS / table.rows)
    sql = load_sql("advice_clustered").format(
        column=quote_name(column.name), table=table.name, percent=f"{percent:.6f}"
    )
    try:
        async with session.savepoint():
            row = await session.fetchrow(sql)
    except asyncpg.PostgresError:  # no right to read it, say: the statistics have to do
        return column.distinct
    if not row["rows"]:
        return column.distinct
    return max(column.distinct or 0.0, float(table.rows * row["values"] / row["rows"]))
