"""Statements and what they did, as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, format_count, format_duration, plural
from stacksight_core.untrusted import fence, inline
from stacksight_postgres.statements.answers import (
    Captured,
    NPlusOne,
    RankedStatement,
    TableWork,
    TopQueries,
)

LABELS = {
    "total_time": "total time",
    "mean_time": "mean time",
    "calls": "calls",
    "rows": "rows",
    "io": "blocks read",
    "temp": "temporary blocks",
    "wal": "write-ahead log",
}
NEXT_START = 'Now do the thing, then: capture_queries(action="stop", capture="{capture}").'
NEXT_EXPLAIN = "explain_query takes these texts as they are, with $1."


def render_top(top: TopQueries) -> str:
    """Write what is ranked, how old the statistics are, then the statements."""
    age = "" if top.age_s is None else f" of the last {format_duration(top.age_s)}"
    head = (
        f"{plural(top.total, 'statement')}{age}, "
        f"{format_duration(top.total_ms / 1000)} of execution in all, by {LABELS[top.by]}."
    )
    lines = [head]
    if top.dropped:
        lines.append(
            f"Entries were evicted {format_count(top.dropped)} times: raise pg_stat_statements.max."
        )
    if top.statements:
        lines.append(fence(_statements(top.statements), "statements"))
        lines.append(NEXT_EXPLAIN)
    return "\n".join([*lines, *(f"Note: {note}" for note in top.notes)])


def _statements(statements: list[RankedStatement], new: frozenset[str] = frozenset()) -> str:
    return render_table(
        [
            "share",
            "total",
            "mean",
            "calls",
            "rows",
            "cache",
            "temp",
            "wal",
            "query_id",
            "query",
        ],
        (
            (
                f"{s.share:.1%}",
                format_duration(s.total_ms / 1000),
                format_duration(s.mean_ms / 1000),
                format_count(s.calls),
                format_count(s.rows),
                _cache(s),
                format_bytes(s.temp_blocks * 8192) if s.temp_blocks else None,
                format_bytes(s.wal_bytes) if s.wal_bytes else None,
                s.id + (" new" if s.id in new else ""),
                s.query,
            )
            for s in statements
        ),
        cell_limit=20_000,
    )


def _cache(statement: RankedStatement) -> str | None:
    if statement.hit_share is None:
        return None
    read = f", {format_count(statement.read_blocks)} read" if statement.read_blocks else ""
    return f"{statement.hit_share:.0%}{read}"


def render_captured(captured: Captured) -> str:
    """Write the suspects of a capture first, then its statements and the rest."""
    if captured.seconds is None:
        lines = [f"Capture {captured.capture} runs. " + NEXT_START.format(capture=captured.capture)]
        return "\n".join([*lines, *(f"Note: {note}" for note in captured.notes)])
    state = "so far" if captured.running else "ended"
    lines = [
        f"{captured.capture}, {state}, {format_duration(captured.seconds)}: "
        f"{plural(captured.calls, 'call')} took {format_duration(captured.total_ms / 1000)}; "
        f"{plural(len(captured.suspects), 'N+1 suspect')}.",
    ]
    for number, suspect in enumerate(captured.suspects, 1):
        lines.append(_suspect(number, suspect))
    if captured.deadlocks:
        lines.append(f"{plural(captured.deadlocks, 'deadlock')} occurred.")
    if captured.temp_bytes:
        lines.append(f"{format_bytes(captured.temp_bytes)} went to temporary files.")
    if captured.rollbacks:
        lines.append(f"Transactions rolled back: {captured.rollbacks}.")
    if captured.statements:
        lines.append(fence(_statements(captured.statements, frozenset(captured.new)), "statements"))
    if captured.hidden_statements:
        lines.append(f"{plural(captured.hidden_statements, 'statement')} with less time left out.")
    if captured.tables:
        lines.append(fence(_tables(captured.tables), "tables"))
    return "\n".join([*lines, *(f"Note: {note}" for note in captured.notes)])


def _suspect(number: int, suspect: NPlusOne) -> str:
    lines = [
        f"{number}. N+1: run {format_count(suspect.calls)} times for {suspect.rows_per_call:g} "
        f"{'row' if suspect.rows_per_call == 1 else 'rows'} each, "
        f"{format_duration(suspect.total_ms / 1000)} in all: {inline(suspect.query, 420)}",
    ]
    if suspect.parent is not None:
        lines.append(
            f"   Once for each of the {format_count(suspect.parent_rows or 0)} rows of "
            f"({plural(suspect.parent_calls or 0, 'call')}): {inline(suspect.parent, 420)}"
        )
    lines.append(f"   Fix: {inline(suspect.fix, 400)}.")
    return "\n".join(lines)


def _tables(tables: list[TableWork]) -> str:
    return render_table(
        ["table", "inserted", "updated", "deleted", "sequential scans", "rows read by them"],
        (
            (
                t.table,
                t.inserted or None,
                t.updated or None,
                t.deleted or None,
                t.sequential_scans or None,
                format_count(t.rows_read_sequentially) if t.rows_read_sequentially else None,
            )
            for t in tables
        ),
    )
