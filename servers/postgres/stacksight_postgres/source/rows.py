"""Runs a statement and fetches a bounded part of its rows."""

import time
from dataclasses import dataclass
from typing import Any

from stacksight_postgres.binding import bind_values
from stacksight_postgres.guard.statement import Statement, parse_reading
from stacksight_postgres.queries import MARK
from stacksight_postgres.source.database import Database, Session
from stacksight_postgres.source.guarding import check_reading
from stacksight_postgres.source.preparing import describe

FETCH_ROWS = 200
"""Rows fetched at a time; a fetch of long cells is bounded by the cells' own limit."""

_WRAPPED = "SELECT {mark}{cells} FROM (\n{sql}\n) AS answer ({names}) OFFSET {offset}"


@dataclass(frozen=True)
class Rows:
    """A part of a statement's rows.

    Attributes:
        columns: names and types.
        rows: cells as PostgreSQL writes them; a longer one than asked for ends cut.
        more: whether rows follow.
        ordered: whether the statement fixes the order of its rows.
        seconds: what running and fetching took.
    """

    columns: list[tuple[str, str]]
    rows: list[list[str | None]]
    more: bool
    ordered: bool
    seconds: float


async def read_rows(
    database: Database,
    sql: str,
    params: list[Any],
    *,
    offset: int,
    limit: int,
    cell_chars: int,
    total_chars: int,
    timeout_s: float | None,
) -> Rows:
    """Run one reading statement and fetch rows ``offset`` to ``offset + limit``.

    Args:
        database: where.
        sql: one SELECT, VALUES, TABLE or SHOW.
        params: JSON values for ``$1`` and so on.
        offset: how many rows to skip.
        limit: how many to return at most.
        cell_chars: at how many characters a cell is cut, one character after which shows it.
        total_chars: about how many characters all rows may have together.
        timeout_s: seconds the statement may take.
    """
    statement = parse_reading(sql)
    async with database.session(timeout_s=timeout_s, foreign=True) as session:
        if statement.kind == "show":
            return await _show(session, statement)
        await check_reading(session, statement.tree)
        bound, columns = await bind(session, statement.sql, params)
        started = time.perf_counter()
        rows, more = await _fetch(
            session, _wrap(bound, len(columns), offset, cell_chars), limit, total_chars
        )
        seconds = time.perf_counter() - started
    return Rows(columns, rows, more, statement.ordered, seconds)


async def bind(session: Session, sql: str, params: list[Any]) -> tuple[str, list[tuple[str, str]]]:
    """Put values into a checked statement; also return the names and types of its columns.

    Raises:
        ToolFailure: too few or too many values, it names what does not exist, or a value does not
            fit.
    """
    described = await describe(session, sql)
    if not described.parameters and not params:
        return sql, described.columns
    bound = bind_values(sql, described.parameters, params)
    return bound, (await describe(session, bound)).columns


async def _show(session: Session, statement: Statement) -> Rows:
    started = time.perf_counter()
    prepared = await session.connection.prepare(statement.sql)
    columns = [(a.name, a.type.name) for a in prepared.get_attributes()]
    rows: list[list[str | None]] = [[str(cell) for cell in row] for row in await prepared.fetch()]
    return Rows(columns, rows, more=False, ordered=True, seconds=time.perf_counter() - started)


def _wrap(sql: str, columns: int, offset: int, cell_chars: int) -> str:
    """Let the server write the cells as text and cut them, so that none can fill our memory."""
    names = [f"c{number}" for number in range(columns)]
    cells = ", ".join(f"left({name}::text, {cell_chars + 1})" for name in names)
    if not names:
        return sql
    return _WRAPPED.format(mark=MARK, cells=cells, sql=sql, names=", ".join(names), offset=offset)


async def _fetch(
    session: Session, sql: str, limit: int, total_chars: int
) -> tuple[list[list[str | None]], bool]:
    """Fetch until there are ``limit`` rows or ``total_chars`` characters, at least one row."""
    prepared = await session.connection.prepare(sql)
    cursor = await prepared.cursor()
    rows: list[list[str | None]] = []
    used = 0
    while True:
        wanted = min(FETCH_ROWS, limit + 1 - len(rows))
        batch = await cursor.fetch(wanted)
        for row in batch:
            cells = list(row)
            used += sum(len(cell or "") + 3 for cell in cells)
            if rows and (len(rows) >= limit or used > total_chars):
                return rows, True
            rows.append(cells)
        if len(batch) < wanted:
            return rows, False
