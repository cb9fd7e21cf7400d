"""Reads from the catalogue and the statistics what index advice needs to know of tables."""

from collections.abc import Iterable

import asyncpg

from stacksight_postgres.advice.model import Column, ExistingIndex, Table, View, Writes
from stacksight_postgres.advice.scopes import Relation, relation_names, view_query
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

MAX_VIEW_DEPTH = 10


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
            known[oid] = _table(
                row, columns.get(oid, []), indexes.get(oid, []), foreign_keys.get(oid, [])
            )
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
