"""Reads pg_stat_statements and the counters of tables and of the database."""

from collections.abc import Mapping
from dataclasses import dataclass

from stacksight_core.errors import ToolFailure
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import load_sql
from stacksight_postgres.source.database import Session
from stacksight_postgres.statements.model import Statement

EXTENSION = "pg_stat_statements"
MIN_VERSION_OF_INFO = 140000
HIDDEN = "<insufficient privilege>"

ERROR_NOT_INSTALLED = (
    "This needs the extension pg_stat_statements, which is not installed in this database. {how}"
)
HOW_CREATE = "Install it: CREATE EXTENSION pg_stat_statements (as a superuser)."
HOW_PRELOAD = (
    "Set shared_preload_libraries = 'pg_stat_statements' in postgresql.conf, restart the server, "
    "then CREATE EXTENSION pg_stat_statements."
)
NOTE_HIDDEN = (
    "{count} statements of other roles are hidden: GRANT pg_read_all_stats TO {role} shows them."
)


@dataclass(frozen=True)
class Reading:
    """The counters at one moment.

    Attributes:
        statements: by queryid.
        hidden: how many statements of other roles cannot be seen.
        tables: counters by table.
        database: counters of the database.
    """

    statements: Mapping[int, Statement]
    hidden: int
    tables: Mapping[str, Mapping[str, int]]
    database: Mapping[str, int]


async def read_statements(session: Session) -> tuple[dict[int, Statement], int]:
    """Return the statements of this database by queryid, and how many cannot be seen.

    Raises:
        ToolFailure: pg_stat_statements is not there.
    """
    sql = _of_extension(session, "statements")
    rows = await session.fetch(sql)
    found = {
        row["id"]: Statement(**{key: value for key, value in row.items() if key != "entries"})
        for row in rows
        if row["id"] is not None and row["query"] != HIDDEN
    }
    return found, sum(row["entries"] for row in rows if row["id"] not in found)


async def read_age(session: Session) -> tuple[float | None, int]:
    """Return the seconds since the statistics were reset, if known, and how often it evicted."""
    if session.facts.version < MIN_VERSION_OF_INFO:
        return None, 0
    row = await session.fetchrow(_of_extension(session, "statements_age"))
    return row["age_s"], row["dropped"]


async def read_counters(session: Session) -> Reading:
    """Read all counters at once.

    Raises:
        ToolFailure: pg_stat_statements is not there.
    """
    statements, hidden = await read_statements(session)
    tables = await session.fetch(load_sql("table_counters"))
    database = await session.fetchrow(load_sql("database_counters"))
    return Reading(
        statements=statements,
        hidden=hidden,
        tables={row["table"]: {k: v for k, v in row.items() if k != "table"} for row in tables},
        database=dict(database),
    )


def hidden_note(session: Session, hidden: int) -> list[str]:
    """Say how many statements cannot be seen, if any."""
    return [NOTE_HIDDEN.format(count=hidden, role=quote_name(session.facts.role))] if hidden else []


def _of_extension(session: Session, name: str) -> str:
    facts = session.facts
    if EXTENSION not in facts.extensions:
        preloaded = EXTENSION in facts.preloaded
        raise ToolFailure(ERROR_NOT_INSTALLED.format(how=HOW_CREATE if preloaded else HOW_PRELOAD))
    return load_sql(name).replace("{schema}", quote_name(facts.extensions[EXTENSION]))
