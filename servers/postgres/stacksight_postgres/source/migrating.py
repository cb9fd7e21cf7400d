"""Answers check_migration: joins a script with what the catalogue knows about its tables."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import asyncpg
from pglast import ast

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_postgres.explained import Variant
from stacksight_postgres.migration.judge import describe_table, judge_script
from stacksight_postgres.migration.model import Catalogue, ColumnState, Migration, TableState
from stacksight_postgres.migration.names import Named, Step, named_in
from stacksight_postgres.migration.script import read_script
from stacksight_postgres.migration.statements import created_by
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Database, Session
from stacksight_postgres.source.explaining import check_explaining, explain
from stacksight_postgres.source.squawk import Violation, by_statement, lint

MAX_STATEMENTS = 60
LONG_TRANSACTION_S = 5.0

NOTE_NO_SQUAWK = "squawk is not installed (pip install squawk-cli): its rules were not applied."
NOTE_NO_MONITOR = (
    "Sessions of other roles cannot be seen, and so not whose open transactions a lock would wait "
    "for: GRANT pg_monitor TO the role `{role}`."
)
NOTE_DURATION = (
    "Sizes and rows are estimates of the catalogue; traffic is the average since the statistics "
    "were reset. Nothing was run."
)
NOTE_NEAR = "`{name}` does not exist.{near}"

_SIZES = re.compile(r"\(([\d,\s]+)\)")


async def check_script(database: Database, sql: str) -> Migration:
    """Judge a script against the tables of a database, without running it.

    Raises:
        ToolFailure: it is not SQL.
    """
    steps = read_script(sql)
    shown = steps[:MAX_STATEMENTS]
    async with database.session() as session:
        named = named_in(shown)
        known = await _catalogue(session, named)
        violations = await lint(sql, session.facts.version)
        rows = await _rows_written(session, shown)
        made = {name for step in shown for name in created_by(step.node)}
        unknown = set(named.relations) - made - known.tables.keys() - known.index_tables.keys()
        notes = await _notes(session, sorted(unknown), violations)
        name = session.facts.database
    broken = by_statement(violations or [], steps)
    rules = {
        number: [violation.rule for violation in of_step] for number, of_step in broken.items()
    }
    judged = judge_script(shown, known, rules, rows)
    return Migration(
        database=name,
        tables=[
            describe_table(table)
            for _, table in sorted(known.tables.items())
            if any(f" on {table.name} (" in text for s in judged for text in s.effects)
        ],
        statements=judged,
        hidden=len(steps) - len(shown),
        counts=dict(Counter(statement.danger for statement in judged)),
        rules={violation.rule: violation.message for violation in violations or []},
        notes=notes,
    )


async def _catalogue(session: Session, named: Named) -> Catalogue:
    rows = await _read(session, named.relations)
    index_tables = {row["wanted"]: row["index_of"] for row in rows if row["index_of"]}
    related = {name for row in rows for name in _related(row)} - {row["wanted"] for row in rows}
    rows += await _read(session, sorted(related))
    wanted = [row["wanted"] for row in rows if not row["index_of"]]
    columns = await session.fetch(load_sql("migration_columns"), wanted)
    indexes = await session.fetch(load_sql("migration_indexes"), wanted)
    tables = {
        row["wanted"]: _table(
            row,
            [column for column in columns if column["table"] == row["wanted"]],
            [index for index in indexes if index["table"] == row["wanted"]],
        )
        for row in rows
        if not row["index_of"]
    }
    bases = {written: _SIZES.sub("", written).strip() for written in named.types}
    facts = await session.fetchrow(
        load_sql("migration_types"), sorted(set(bases.values())), named.functions
    )
    canonical = dict(pair.rsplit(">", 1) for pair in facts["types"])
    return Catalogue(
        version=session.facts.version,
        tables=tables,
        index_tables=index_tables,
        volatile=frozenset(facts["volatile"]),
        types={written: canonical[base] + _size(written) for written, base in bases.items()},
        binary_casts=frozenset(tuple(pair.split(">")) for pair in facts["binary_casts"]),
        constrained_types=frozenset(facts["constrained"]),
        utc=facts["utc"],
    )


async def _read(session: Session, names: Sequence[str]) -> list[Any]:
    return await session.fetch(load_sql("migration_tables"), list(names), LONG_TRANSACTION_S)


def _related(row: Any) -> list[str]:
    """Return the tables that a change of this one may touch as well."""
    others = [row["index_of"], row["default_partition"]]
    return [*filter(None, others), *row["referencing"], *row["referenced_by"]]


def _size(type_: str) -> str:
    found = _SIZES.search(type_)
    return found[0].replace(" ", "") if found else ""


def _table(row: Any, columns: Sequence[Any], indexes: Sequence[Any]) -> TableState:
    views: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for column in columns:
        if column["views"]:
            views[column["name"]] = tuple(column["views"])
    return TableState(
        name=row["name"],
        kind=row["kind"],
        rows=row["rows"],
        bytes=row["bytes"],
        index_bytes=row["index_bytes"],
        reads_a_minute=row["reads_a_minute"],
        writes_a_minute=row["writes_a_minute"],
        columns={
            column["name"]: ColumnState(
                type=column["type"],
                not_null=column["not_null"],
                is_not_null=column["is_not_null"],
                null_share=column["null_share"],
                distinct_share=column["distinct_share"],
            )
            for column in columns
        },
        indexes={index["name"]: index["scans"] for index in indexes},
        constraint_indexes=frozenset(index["name"] for index in indexes if index["owned"]),
        referenced_by=tuple(row["referenced_by"]),
        referencing=tuple(row["referencing"]),
        views=dict(views),
        default_partition=row["default_partition"],
        holders=tuple(row["holders"]),
        unvalidated={name: c["name"] for c in columns for name in c["unvalidated"]},
    )


async def _rows_written(session: Session, steps: Sequence[Step]) -> dict[int, float]:
    """Return how many rows the planner expects each UPDATE and DELETE to change."""
    found = {}
    for step in steps:
        if not isinstance(step.node, ast.UpdateStmt | ast.DeleteStmt):
            continue
        try:
            async with session.savepoint():
                statement = await check_explaining(session, step.sql, analyze=False)
                plan = await explain(session, Variant("", statement.sql), analyze=False)
        except (ToolFailure, asyncpg.PostgresError):
            continue  # it may be about a table that the script makes
        found[step.number] = plan.root.children[0].estimated_rows if plan.root.children else 0.0
    return found


async def _notes(
    session: Session, unknown: Sequence[str], violations: list[Violation] | None
) -> list[str]:
    notes = [NOTE_DURATION]
    if violations is None:
        notes.append(NOTE_NO_SQUAWK)
    if not session.facts.monitor:
        notes.append(NOTE_NO_MONITOR.format(role=session.facts.role))
    if unknown:
        names = [row[0] for row in await session.fetch(load_sql("near_relations"))]
        near = [(name, did_you_mean(name, names)) for name in unknown]
        notes += [NOTE_NEAR.format(name=n, near=text) for n, text in near if text][:5]
    return notes
