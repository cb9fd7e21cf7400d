"""The tools list_objects and describe_table."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.tools import source_of, tool
from stacksight_core.units import plural
from stacksight_postgres.objects import ObjectKind, ObjectList, TableInfo
from stacksight_postgres.render.objects import render_object_list, render_table_info
from stacksight_postgres.source.objects import count_objects, describe, list_page
from stacksight_postgres.source.state import Source

MAX_COLUMNS = 150
MAX_LISTED = 40
MAX_DEFINITION = 6_000


@tool(title="List tables and other objects", render=render_object_list)
async def list_objects(
    ctx: Context[Source],
    *,
    kind: Annotated[ObjectKind | None, Field(description="Default: tables and views.")] = None,
    schema: Annotated[str | None, Field(max_length=63, description="Default: all.")] = None,
    match: Annotated[str | None, Field(max_length=63, description="Part of the name.")] = None,
    limit: Annotated[int, Field(ge=1, le=200, description="Most objects to return.")] = 50,
    cursor: Annotated[
        str | None, Field(max_length=500, description="From the last answer.")
    ] = None,
) -> ObjectList:
    """See what a database holds: tables by size with rows and foreign keys, views, functions.

    Begin here with an unknown database; describe_table then shows one table.

    Example: list_objects(match="caption")
    """
    source = source_of(ctx)
    scope = {"tool": "list_objects", "kind": kind, "schema": schema, "match": match}
    scope["database"] = source.chosen
    offset = int(decode_cursor(cursor, **scope)) if cursor else 0
    async with source.database.session() as session:
        counts = await count_objects(session, schema, match)
        found = await list_page(session, kind, schema, match, offset=offset, limit=limit + 1)
        facts = session.facts
    more = len(found) > limit
    return ObjectList(
        database=facts.database,
        version=facts.version_text,
        role=facts.role,
        superuser=facts.superuser,
        counts=counts,
        objects=found[:limit],
        first=offset + 1,
        next_cursor=encode_cursor(offset + limit, **scope) if more else None,
    )


@tool(title="Describe a table", render=render_table_info)
async def describe_table(
    ctx: Context[Source],
    *,
    table: Annotated[
        str, Field(min_length=1, max_length=200, description="table or schema.table; also a view.")
    ],
) -> TableInfo:
    """Describe a table or view: columns with statistics, keys both ways, indexes, all the rest.

    Use it before writing SQL on a table, or to see which indexes it has.

    Example: describe_table(table="captions")
    """
    async with source_of(ctx).database.session() as session:
        found, others = await describe(session, table)
    return _bounded(found, others)


def _bounded(table: TableInfo, others: list[str]) -> TableInfo:
    omitted = [f"another relation of this name: {name}" for name in others]
    updates: dict[str, object] = {}
    for section in (
        "indexes",
        "foreign_keys",
        "referenced_by",
        "constraints",
        "triggers",
        "policies",
        "partitions",
    ):
        items = getattr(table, section)
        if len(items) > MAX_LISTED:
            updates[section] = items[:MAX_LISTED]
            more = plural(len(items) - MAX_LISTED, "more", "more")
            omitted.append(f"{more} under {section.replace('_', ' ')}")
    if len(table.columns) > MAX_COLUMNS:
        updates["columns"] = table.columns[:MAX_COLUMNS]
        updates["hidden_columns"] = len(table.columns) - MAX_COLUMNS
    if table.definition and len(table.definition) > MAX_DEFINITION:
        updates["definition"] = table.definition[:MAX_DEFINITION] + "…"
        omitted.append("the rest of the definition (SELECT pg_get_viewdef(…) shows it)")
    return table.model_copy(update={**updates, "omitted": omitted})
