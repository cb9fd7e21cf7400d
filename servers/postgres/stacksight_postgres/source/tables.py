"""Reads statistics of tables, and the settings that a plan depends on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from stacksight_postgres.plans.facts import (
    ColumnFacts,
    IndexFacts,
    Reference,
    Surroundings,
    TableFacts,
)
from stacksight_postgres.plans.model import Plan
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session

MAX_TABLES = 60


async def read_surroundings(session: Session, plan: Plan) -> Surroundings:
    """Read what a plan is judged by: its tables, with statistics and indexes, and the settings."""
    wanted = {(node.schema or "", node.relation) for node in plan.nodes if node.relation}
    settings = await session.fetch(load_sql("planner_settings"))
    return Surroundings(
        tables=await read_tables(session, sorted(wanted)[:MAX_TABLES]),
        settings={row["name"]: row["setting"] for row in settings},
        version=session.facts.version,
        extensions=frozenset(session.facts.extensions),
        available=session.facts.available,
    )


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
