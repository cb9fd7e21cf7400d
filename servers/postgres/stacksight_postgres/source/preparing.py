"""Prepares a caller's statement; what PostgreSQL says against it becomes a helpful sentence."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_postgres.errors import describe_error
from stacksight_postgres.guard.names import names_in
from stacksight_postgres.guard.statement import parse_statement
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

HINT_TYPE = " Hint: write its type, as in {parameter}::int or {parameter}::text."

_QUOTED = re.compile(r'"([^"]+)"')
_COLUMN = re.compile(r'column "?([^" ]+)"? does not exist')
_FUNCTION = re.compile(r"function (?:\w+\.)?(\w+)\(")
_PARAMETER = re.compile(r"\$\d+")


async def prepare(session: Session, sql: str) -> "PreparedStatement[Any]":
    """Have the server parse a statement, without running it.

    Raises:
        ToolFailure: it names what does not exist or does not fit; with position and near names.
    """
    async with explained(session, sql):
        prepared: PreparedStatement[Any] = await session.connection.prepare(sql)
    return prepared


@asynccontextmanager
async def explained(session: Session, sql: str) -> AsyncIterator[None]:
    """Explain an error in a caller's SQL with its position and near names.

    Raises:
        ToolFailure: PostgreSQL refused what was done inside, for a reason in the SQL.
    """
    try:
        async with session.savepoint():
            yield
    except (asyncpg.SyntaxOrAccessError, asyncpg.DataError) as error:
        if isinstance(error, asyncpg.InsufficientPrivilegeError):
            raise
        near = await _near(session, sql, error)
        raise ToolFailure(describe_error(error, sql, near)) from error


async def _near(session: Session, sql: str, error: asyncpg.PostgresError) -> str:
    message = str(error)
    match error:
        case asyncpg.UndefinedTableError() if found := _QUOTED.search(message):
            rows = await session.fetch(load_sql("near_relations"))
            return did_you_mean(found[1], [row[0] for row in rows])
        case asyncpg.UndefinedColumnError() if found := _COLUMN.search(message):
            tree = parse_statement(sql).tree
            relations = [name.name for name in names_in(tree).relations]
            rows = await session.fetch(load_sql("near_columns"), relations)
            return did_you_mean(found[1].rpartition(".")[2], [row[0] for row in rows])
        case asyncpg.UndefinedFunctionError() if found := _FUNCTION.search(message):
            rows = await session.fetch(load_sql("near_functions"), found[1])
            names = {row[0] for row in rows}
            return "" if found[1] in names else did_you_mean(found[1], names)
        case asyncpg.IndeterminateDatatypeError() if parameter := _PARAMETER.search(message):
            return HINT_TYPE.format(parameter=parameter[0])
        case _:
            return ""
