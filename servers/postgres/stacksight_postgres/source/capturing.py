"""Starts captures, and tells what the database did since."""

import time

from stacksight_core.errors import ToolFailure
from stacksight_core.handles import Handles
from stacksight_postgres.source.captures import Capture
from stacksight_postgres.source.database import Database, Session
from stacksight_postgres.source.statements import Reading, hidden_note, read_counters
from stacksight_postgres.statements.answers import Captured, NPlusOne, TableWork
from stacksight_postgres.statements.model import since
from stacksight_postgres.statements.ranking import one_line, rank_statements
from stacksight_postgres.statements.suspects import Suspect, find_suspects

MAX_SUSPECTS = 5
MAX_STATEMENTS = 12
MAX_TABLES = 15
MAX_QUERY = 220

FIX_JOIN = (
    "Fetch all rows at once: add the columns to the parent with a JOIN, or run this one once with "
    "{column} = ANY($1) for all keys of the parent"
)
FIX_ONCE = "Fetch all rows at once: run it once with {column} = ANY($1) for all keys"
NOTE_NOTHING = (
    "No statement of this database ended during the capture. Was the right thing done, and against "
    "this database ({database})?"
)
NOTE_TABLES_LAG = "Counters of tables may lag behind by a second; those of statements do not."
ERROR_NEEDS_HANDLE = 'action="{action}" needs `capture`, the handle that action="start" returned.'


async def start_capture(database: Database, captures: Handles[Capture]) -> Captured:
    """Read the counters and keep them under a handle."""
    async with database.session() as session:
        reading = await read_counters(session)
        notes = hidden_note(session, reading.hidden)
    captures.make_room(lambda kept: kept.told is not None)
    handle = captures.add(Capture(database, time.monotonic(), reading, database.rolled_back))
    return Captured(capture=handle, running=True, calls=0, total_ms=0.0, notes=notes)


async def report_capture(captures: Handles[Capture], handle: str | None, *, stop: bool) -> Captured:
    """Read the counters again and tell what happened; what is stopped tells the same again.

    Raises:
        ToolFailure: there is no such capture.
    """
    if handle is None:
        raise ToolFailure(ERROR_NEEDS_HANDLE.format(action="stop" if stop else "read"))
    capture = captures.get(handle)
    if capture.told is not None:
        return capture.told
    database = capture.database
    async with database.session() as session:
        now = await read_counters(session)
        report = _report(session, capture, now, database.rolled_back - capture.rolled_back)
    seconds = round(time.monotonic() - capture.started, 3)
    told = report.model_copy(update={"capture": handle, "running": not stop, "seconds": seconds})
    capture.told = told if stop else None
    return told


def _report(session: Session, capture: Capture, now: Reading, own: int) -> Captured:
    before = capture.reading
    done = since(before.statements, now.statements)
    suspects = find_suspects(done)
    tables = _tables(before, now)
    counters = {name: now.database[name] - value for name, value in before.database.items()}
    notes = hidden_note(session, now.hidden)
    if not done:
        notes.append(NOTE_NOTHING.format(database=session.facts.database))
    elif tables:
        notes.append(NOTE_TABLES_LAG)
    return Captured(
        capture="",
        running=True,
        calls=sum(s.calls for s in done),
        total_ms=round(sum(s.total_ms for s in done), 3),
        suspects=[_suspect(s) for s in suspects[:MAX_SUSPECTS]],
        statements=rank_statements(done, "total_time", MAX_STATEMENTS, query_chars=MAX_QUERY),
        new=[str(s.id) for s in done if s.id not in before.statements],
        hidden_statements=max(len(done) - MAX_STATEMENTS, 0),
        tables=tables[:MAX_TABLES],
        rollbacks=max(counters["rollbacks"] - own, 0),
        deadlocks=counters["deadlocks"],
        temp_bytes=counters["temp_bytes"],
        notes=notes,
    )


def _suspect(suspect: Suspect) -> NPlusOne:
    statement, parent = suspect.statement, suspect.parent
    fix = FIX_ONCE if parent is None else FIX_JOIN
    return NPlusOne(
        query=one_line(statement.query),
        calls=statement.calls,
        total_ms=round(statement.total_ms, 3),
        rows_per_call=round(statement.rows_per_call, 2),
        parent=one_line(parent.query) if parent else None,
        parent_calls=parent.calls if parent else None,
        parent_rows=parent.rows if parent else None,
        fix=fix.format(column=suspect.column),
    )


def _tables(before: Reading, now: Reading) -> list[TableWork]:
    worked = []
    for table, counters in now.tables.items():
        was = before.tables.get(table, {})
        change = {name: value - was.get(name, 0) for name, value in counters.items()}
        written = change["inserted"] + change["updated"] + change["deleted"]
        if written > 0 or change["seq_scan"] > 0:
            worked.append((written + change["seq_tup_read"], _work(table, change)))
    return [work for _, work in sorted(worked, key=lambda pair: (-pair[0], pair[1].table))]


def _work(table: str, change: dict[str, int]) -> TableWork:
    return TableWork(
        table=table,
        inserted=change["inserted"],
        updated=change["updated"],
        deleted=change["deleted"],
        sequential_scans=change["seq_scan"],
        rows_read_sequentially=change["seq_tup_read"],
    )
