"""Prepares a caller's statement; what PostgreSQL says against it becomes a helpful sentence."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_postgres.binding import replace_parameters
from stacksight_postgres.errors import describe_error
from stacksight_postgres.guard.names import names_in
from stacksight_postgres.guard.statement import parse_statement
from stacksight_postgres.queries import load_sql, marked
from stacksight_postgres.source.database import Session

_DESCRIBED = "stacksight_described"
_PARAMETER_TYPES = marked(
    "SELECT p.parameter_types::text[] FROM pg_prepared_statements AS p WHERE p.name = $1"
)
# A join on false needs the types of the statement's rows, and reads none of them.
_COLUMN_NAMES = marked(
    "SELECT json_object_keys(row_to_json((SELECT r FROM (SELECT answer.*) AS r)))"
    " FROM (SELECT) AS one LEFT JOIN (\n{sql}\n) AS answer ON false"
)
_COLUMN_TYPES = marked(
    "SELECT {types} FROM (SELECT) AS one LEFT JOIN (\n{sql}\n) AS answer ({names}) ON false"
)

HINT_TYPE = " Hint: write its type, as in {parameter}::int or {parameter}::text."

_QUOTED = re.compile(r'"([^"]+)"')
_COLUMN = re.compile(r'column "?([^" ]+)"? does not exist')
_FUNCTION = re.compile(r"function (?:\w+\.)?(\w+)\(")
_PARAMETER = re.compile(r"\$\d+")


@dataclass(frozen=True)
class Described:
    """What the server says about a statement without running it.

    Attributes:
        parameters: types as SQL writes them, in order.
        columns: names and types of its rows.
    """

    parameters: list[str]
    columns: list[tuple[str, str]]


async def describe(session: Session, sql: str) -> Described:
    """Have the server parse a statement, without running it.

    Raises:
        ToolFailure: it names what does not exist or does not fit; with position and near names.
    """
    async with explained(session, sql):
        try:
            prepared = await session.connection.prepare(sql)
        except asyncpg.InternalClientError:
            return await _describe_by_sql(session, sql)
    return Described(
        [type_name(p.schema, p.name) for p in prepared.get_parameters()],
        [(a.name, a.type.name) for a in prepared.get_attributes()],
    )


async def _describe_by_sql(session: Session, sql: str) -> Described:
    """Describe a statement with types that the driver does not know: anyarray, as in pg_stats."""
    await session.connection.execute(f"PREPARE {_DESCRIBED} AS {sql}")
    types = await session.fetchval(_PARAMETER_TYPES, _DESCRIBED)
    await session.connection.execute(f"DEALLOCATE {_DESCRIBED}")
    nulls = {number: f"CAST(NULL AS {type_})" for number, type_ in enumerate(types, 1)}
    bound = replace_parameters(sql, nulls)
    names = [row[0] for row in await session.fetch(_COLUMN_NAMES.format(sql=bound))]
    numbered = [f"c{number}" for number in range(len(names))]
    row = await session.fetchrow(
        _COLUMN_TYPES.format(
            types=", ".join(f"pg_typeof({name})::text AS {name}" for name in numbered),
            sql=bound,
            names=", ".join(numbered),
        )
    )
    return Described(types, list(zip(names, row.values(), strict=True)))


def type_name(schema: str, name: str) -> str:
    """Write a type as SQL does, from the driver's names; an array's ends in ``[]``."""
    brackets = "[]" * name.count("[]")
    plain = name.removesuffix(brackets).replace('"', '""')
    return f'"{schema}"."{plain}"{brackets}' if schema else f'"{plain}"{brackets}'


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
