"""The tool run_query."""

import itertools
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.budget import TEXT_CHARS
from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.redact import MASK
from stacksight_core.tools import source_of, tool
from stacksight_postgres.query_models import Column, QueryRows
from stacksight_postgres.render.rows import render_rows
from stacksight_postgres.secrets import is_secret_column, mask_passwords
from stacksight_postgres.source.rows import read_rows
from stacksight_postgres.source.state import Source
from stacksight_postgres.tools.parameters import Params, Sql, TimeoutS

DEFAULT_ROWS = 50
MAX_CHARS = 16_000
CUT_MARK = "…"


@tool(title="Run a query", render=render_rows)
async def run_query(
    ctx: Context[Source],
    *,
    sql: Sql,
    params: Params = None,
    limit: Annotated[int, Field(ge=1, le=1000, description="Most rows to return.")] = DEFAULT_ROWS,
    cell_chars: Annotated[
        int, Field(ge=10, le=10_000, description="Longest cell, in characters.")
    ] = 200,
    timeout_s: TimeoutS = None,
    cursor: Annotated[
        str | None, Field(max_length=500, description="From the last answer.")
    ] = None,
) -> QueryRows:
    """Run one read-only SQL statement (SELECT, WITH, VALUES, TABLE, SHOW) and see its rows.

    Functions that may change something are refused. Why is it slow: explain_query.

    Example: run_query(sql="SELECT id, title FROM videos WHERE user_id = $1 ORDER BY id",
    params=[7])
    """
    source = source_of(ctx)
    scope = {"tool": "run_query", "sql": sql, "params": params, "database": source.chosen}
    offset = int(decode_cursor(cursor, **scope)) if cursor else 0
    found = await read_rows(
        source.database,
        sql,
        params or [],
        offset=offset,
        limit=limit,
        cell_chars=cell_chars,
        total_chars=TEXT_CHARS - 1000 if limit <= DEFAULT_ROWS else MAX_CHARS,
        timeout_s=timeout_s,
    )
    rows, cut = _cut(found.rows, cell_chars)
    rows, masked = _mask(rows, found.columns)
    return QueryRows(
        columns=[Column(name=name, type=type_) for name, type_ in found.columns],
        rows=rows,
        first_row=offset + 1,
        seconds=round(found.seconds, 4),
        cut_cells=cut,
        masked_cells=masked,
        cell_chars=cell_chars,
        more=found.more,
        unordered=found.more and not found.ordered,
        next_cursor=encode_cursor(offset + len(rows), **scope) if found.more else None,
    )


def _mask(
    rows: list[list[str | None]], columns: list[tuple[str, str]]
) -> tuple[list[list[str | None]], int]:
    secret = [is_secret_column(name, type_) for name, type_ in columns]
    shown = [
        [
            cell and (MASK if whole else mask_passwords(cell))
            for cell, whole in zip(row, secret, strict=True)
        ]
        for row in rows
    ]
    before, after = itertools.chain(*rows), itertools.chain(*shown)
    return shown, sum(old != new for old, new in zip(before, after, strict=True))


def _cut(rows: list[list[str | None]], limit: int) -> tuple[list[list[str | None]], int]:
    cut = sum(cell is not None and len(cell) > limit for row in rows for cell in row)
    return [
        [cell[:limit] + CUT_MARK if cell and len(cell) > limit else cell for cell in row]
        for row in rows
    ], cut
