"""Has the server plan a statement, and run it where that is asked for."""

import json
from collections.abc import Sequence
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_postgres.binding import bind_values, parameter_numbers
from stacksight_postgres.explained import Variant
from stacksight_postgres.guard.names import names_in
from stacksight_postgres.guard.statement import Statement, parse_statement
from stacksight_postgres.plans.model import Plan, read_plan
from stacksight_postgres.plans.values import sample_values
from stacksight_postgres.queries import MARK
from stacksight_postgres.source.database import Session
from stacksight_postgres.source.guarding import check_reading
from stacksight_postgres.source.preparing import describe, explained
from stacksight_postgres.source.tables import read_tables

ERROR_SHOW = "SHOW has no plan. Give a SELECT, INSERT, UPDATE or DELETE."
ERROR_NOT_RUN = (
    "analyze=true runs the statement, and this one writes. Call explain_query without analyze: the "
    "plan, its costs and the findings are shown without running it. A server that was started with "
    "--allow-writes can run it after asking the user, and rolls it back."
)
ERROR_NO_VALUES = (
    "analyze=true runs the statement, and it uses {parameters} for which the statistics suggest no "
    "value. Give them: params=[…]."
)

_PREPARED = "stacksight_generic"
_GENERIC = "generic"


async def check_explaining(
    session: Session, sql: str, *, analyze: bool, writing: bool = False
) -> Statement:
    """Parse a statement and look up what it names.

    Args:
        session: where.
        sql: one statement.
        analyze: whether it is to be run.
        writing: whether it may write then.

    Raises:
        ToolFailure: it cannot be explained, or not run for ANALYZE.
    """
    statement = parse_statement(sql)
    if statement.kind == "show":
        raise ToolFailure(ERROR_SHOW)
    if statement.kind == "write" and analyze and not writing:
        raise ToolFailure(ERROR_NOT_RUN)
    await check_reading(session, statement.tree)
    return statement


async def choose_values(
    session: Session, statement: Statement, params: list[Any] | None, *, analyze: bool
) -> list[Variant]:
    """Return the statement with values in it, in each way it is worth explaining.

    Args:
        session: where.
        statement: the checked statement.
        params: the caller's values, or None for values from the statistics.
        analyze: whether it will be run.

    Returns:
        One variant, or a typical and a worst one, or a generic one when nothing is known.

    Raises:
        ToolFailure: too many or too few values, or none for what is to be run.
    """
    types = (await describe(session, statement.sql)).parameters
    if params or not types:
        bound = bind_values(statement.sql, types, params or []) if types or params else None
        return [Variant(label="", sql=bound or statement.sql)]
    wanted = [("", name.name) for name in names_in(statement.tree).relations]
    tables = {facts.name: facts for facts in (await read_tables(session, wanted)).values()}
    samples = sample_values(statement.tree, tables)
    missing = [n for n in parameter_numbers(statement.sql) if n not in samples]
    if missing:
        if analyze:
            shown = ", ".join(f"${number}" for number in missing)
            raise ToolFailure(ERROR_NO_VALUES.format(parameters=shown))
        return [Variant(label=_GENERIC, sql=statement.sql, types=types)]
    numbers = range(1, len(types) + 1)
    ways = {
        "typical": [samples[n].typical for n in numbers],
        "worst": [samples[n].worst for n in numbers],
    }
    if ways["typical"] == ways["worst"]:
        del ways["worst"]
    return [
        Variant(label=label, sql=bind_values(statement.sql, types, values), values=values)
        for label, values in ways.items()
    ]


async def explain(session: Session, variant: Variant, *, analyze: bool) -> Plan:
    """Return a statement's plan; with ``analyze`` it is run.

    Raises:
        ToolFailure: the statement fails, e.g. for a value of the wrong type.
    """
    options = ["FORMAT JSON", "VERBOSE", "SETTINGS"]
    if analyze:
        options += ["ANALYZE", "BUFFERS", "WAL"]
    async with explained(session, variant.sql):
        if variant.label == _GENERIC:
            printed = await _explain_prepared(session, variant, options)
        else:
            printed = await _run(session, f"EXPLAIN {MARK}({', '.join(options)}) {variant.sql}")
    return read_plan(printed)


async def _explain_prepared(session: Session, variant: Variant, options: Sequence[str]) -> Any:
    """Get a generic plan; the option GENERIC_PLAN exists since 16 and asks for values as well."""
    nulls = ", ".join(f"CAST(NULL AS {type_})" for type_ in variant.types)
    await session.connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    await session.connection.fetch(f"PREPARE {MARK} {_PREPARED} AS {variant.sql}")
    # After a failure nothing more can be said in this transaction; the reset forgets the statement.
    printed = await _run(
        session, f"EXPLAIN {MARK}({', '.join(options)}) EXECUTE {_PREPARED} ({nulls})"
    )
    await session.connection.execute(f"DEALLOCATE {_PREPARED}")
    return printed


async def _run(session: Session, sql: str) -> Any:
    [row] = await session.connection.fetch(sql)
    return json.loads(row[0])
