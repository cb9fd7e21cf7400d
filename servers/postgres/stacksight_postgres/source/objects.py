"""Reads the catalogue for list_objects and describe_table."""

from typing import Any

from pglast import ast
from pglast.parser import ParseError

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_postgres.guard.names import Name
from stacksight_postgres.guard.statement import parse_expression
from stacksight_postgres.objects import (
    ColumnInfo,
    ForeignKey,
    IndexInfo,
    ListedObject,
    ObjectKind,
    TableInfo,
)
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

KIND_OF_RELKIND = {
    "r": "table",
    "p": "partitioned table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
}
_RELKINDS: dict[ObjectKind | None, list[bytes]] = {
    None: [b"r", b"p", b"v", b"m", b"f"],
    "table": [b"r", b"p"],
    "view": [b"v"],
    "materialized_view": [b"m"],
    "foreign_table": [b"f"],
}

ERROR_NO_TABLE = (
    "There is no table, view or materialized view `{name}` in this database.{near} list_objects "
    "lists what there is."
)
ERROR_NOT_A_NAME = (
    "`{name}` is not the name of a table: write table, schema.table, or "
    '"Quoted.Name" when it needs quotes.'
)


async def count_objects(session: Session, schema: str | None, match: str | None) -> dict[str, int]:
    """Count the objects of each kind."""
    rows = await session.fetch(load_sql("count_objects"), schema, match)
    return {row["kind"]: row["count"] for row in rows if row["count"]}


async def list_page(
    session: Session,
    kind: ObjectKind | None,
    schema: str | None,
    match: str | None,
    *,
    offset: int,
    limit: int,
) -> list[ListedObject]:
    """List objects from ``offset``: relations by size, everything else by name.

    Args:
        session: where.
        kind: of what; None for everything that can stand in FROM.
        schema: only of this schema; None for all but the system's.
        match: only names that contain this, whatever the case.
        offset: how many to skip.
        limit: how many to return at most.
    """
    if kind not in _RELKINDS:
        rows = await session.fetch(load_sql("list_others"), kind, schema, match, offset, limit)
        return [
            ListedObject(
                name=_qualified(row["schema"], row["name"]),
                kind=str(kind),
                detail=row["detail"],
                comment=row["comment"],
            )
            for row in rows
        ]
    rows = await session.fetch(
        load_sql("list_relations"), _RELKINDS[kind], schema, match, offset, limit
    )
    return [
        ListedObject(
            name=_qualified(row["schema"], row["name"]),
            kind=KIND_OF_RELKIND[row["relkind"]],
            rows=row["rows"],
            bytes=row["bytes"],
            partitions=row["partitions"],
            references=row["references"] or None,
            comment=row["comment"],
        )
        for row in rows
    ]


async def describe(session: Session, name: str) -> tuple[TableInfo, list[str]]:
    """Describe a relation; also return others that its name may mean.

    Raises:
        ToolFailure: there is none of this name, or it is not a name.
    """
    oid, others = await find_table(session, name)
    head = await session.fetchrow(load_sql("table_head"), oid)
    columns = await session.fetch(load_sql("table_columns"), oid)
    indexes = await session.fetch(load_sql("table_indexes"), oid)
    keys = await session.fetch(load_sql("table_foreign_keys"), oid)
    facts: dict[str, Any] = dict(head)
    facts["kind"] = KIND_OF_RELKIND[facts.pop("relkind")]
    info = TableInfo(
        **facts,
        columns=[ColumnInfo(**row) for row in columns],
        indexes=[IndexInfo(**row) for row in indexes],
        foreign_keys=[_outgoing(row) for row in keys if row["outgoing"]],
        referenced_by=[_incoming(row) for row in keys if row["incoming"]],
    )
    return info, others


async def find_table(session: Session, name: str) -> tuple[int, list[str]]:
    """Return the OID of the relation that a name means, and the other relations it may mean.

    Raises:
        ToolFailure: there is none of this name, or it is not a name.
    """
    wanted = _parse_name(name)
    found = await session.fetch(load_sql("find_table"), wanted.schema, wanted.name)
    if not found:
        known = [row[0] for row in await session.fetch(load_sql("near_relations"))]
        near = did_you_mean(name, known) or did_you_mean(wanted.name, known)
        raise ToolFailure(ERROR_NO_TABLE.format(name=name, near=near))
    return found[0]["oid"], [row["shown"] for row in found[1:]]


def _parse_name(name: str) -> Name:
    try:
        column = parse_expression(name)
    except (ParseError, ValueError) as error:
        raise ToolFailure(ERROR_NOT_A_NAME.format(name=name)) from error
    if not isinstance(column, ast.ColumnRef):
        raise ToolFailure(ERROR_NOT_A_NAME.format(name=name))
    parts = [str(getattr(field, "sval", "")) for field in column.fields or ()]
    # Names that need quotes are often given without: pglast has folded their case, so look at both.
    if '"' not in name:
        parts = name.strip().split(".")
    return Name(parts[-2] if len(parts) > 1 else None, parts[-1])


def _qualified(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _outgoing(row: Any) -> ForeignKey:
    return ForeignKey(
        name=row["name"],
        columns=row["from_columns"],
        other_table=row["to_table"],
        other_columns=row["to_columns"],
        actions=row["actions"],
        indexed=row["indexed"],
    )


def _incoming(row: Any) -> ForeignKey:
    return ForeignKey(
        name=row["name"],
        columns=row["to_columns"],
        other_table=row["from_table"],
        other_columns=row["from_columns"],
        actions=row["actions"],
        indexed=row["indexed"],
    )
