"""Reads statistics of tables, and the settings that a plan depends on."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from stacksight_postgres.guard.names import names_in
from stacksight_postgres.guard.statement import parse_statement
from stacksight_postgres.plans.facts import (
    ColumnFacts,
    FunctionFacts,
    IndexFacts,
    Reference,
    Surroundings,
    TableFacts,
)
from stacksight_postgres.plans.model import Plan
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

MAX_TABLES = 60

_EXPRESSIONS = ("Output", "Filter", "Join Filter", "Index Cond", "Hash Cond", "Group Key")
_LITERAL = re.compile("'(?:[^']|'')*'")
_CALLED = re.compile(r'(\w+)"?\(')


async def read_surroundings(session: Session, plan: Plan, sql: str) -> Surroundings:
    """Read what a statement's plan is judged by: tables with statistics and indexes, settings."""
    wanted = {(node.schema or "", node.relation) for node in plan.nodes if node.relation}
    settings = await session.fetch(load_sql("planner_settings"))
    return Surroundings(
        tables=await read_tables(session, sorted(wanted)[:MAX_TABLES]),
        settings={row["name"]: row["setting"] for row in settings},
        functions=await _read_functions(session, plan, sql),
        version=session.facts.version,
        extensions=frozenset(session.facts.extensions),
        available=session.facts.available,
    )


async def _read_functions(session: Session, plan: Plan, sql: str) -> tuple[FunctionFacts, ...]:
    """Look up what the plan shows, for views, and the statement, for functions that are inlined."""
    names = {function.name for function in names_in(parse_statement(sql).tree).functions}
    for node in plan.nodes:
        texts = " ".join(node.text_of(key) for key in _EXPRESSIONS)
        names |= set(_CALLED.findall(_LITERAL.sub("", texts)))
    rows = await session.fetch(load_sql("function_facts"), sorted(names))
    return tuple(FunctionFacts(**row) for row in rows)


async def read_tables(
    session: Session, names: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], TableFacts]:
    """Read tables by schema and name; the schema "" stands for the search path."""
    wanted = list(names)
    if not wanted:
        return {}
    async with session.without_jit():
        return await _read(session, wanted)


async def _read(
    session: Session, wanted: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], TableFacts]:
    tables = await session.fetch(
        load_sql("table_facts"), [schema for schema, _ in wanted], [name for _, name in wanted]
    )
    oids = [row["oid"] for row in tables]
    columns: defaultdict[int, dict[str, ColumnFacts]] = defaultdict(dict)
    for row in await session.fetch(load_sql("column_facts"), oids):
        columns[row["table"]][row["name"]] = _column(row)
    indexes: defaultdict[int, list[IndexFacts]] = defaultdict(list)
    for row in await session.fetch(load_sql("index_facts"), oids):
        facts = {key: value for key, value in row.items() if key not in ("table", "keys")}
        indexes[row["table"]].append(IndexFacts(**facts, keys=tuple(row["keys"])))
    references: defaultdict[int, list[Reference]] = defaultdict(list)
    for row in await session.fetch(load_sql("reference_facts"), oids):
        facts = {key: value for key, value in row.items() if key not in ("target", "columns")}
        references[row["target"]].append(Reference(**facts, columns=tuple(row["columns"])))
    return {
        (row["schema"], row["name"]): TableFacts(
            **{key: value for key, value in row.items() if key != "oid"},
            columns=columns[row["oid"]],
            indexes=tuple(indexes[row["oid"]]),
            unindexed_references=tuple(references[row["oid"]]),
        )
        for row in tables
    }


def _column(row: Any) -> ColumnFacts:
    return ColumnFacts(
        name=row["name"],
        type=row["type"],
        distinct=row["distinct"],
        null_share=row["null_share"],
        common=tuple(row["common"]),
        bounds=tuple(row["bounds"]),
        width=row["width"],
    )
