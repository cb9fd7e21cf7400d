"""Finds what harms others: blockers, transactions left open, sessions near their limit."""

from collections.abc import Iterator, Mapping, Sequence

from stacksight_core.layout import render_tree
from stacksight_core.units import format_count, format_duration, plural
from stacksight_postgres.activity.model import Problem, SessionInfo
from stacksight_postgres.statements.ranking import one_line

IDLE_IN_TRANSACTION_S = 60.0
LONG_TRANSACTION_S = 300.0
LONG_QUERY_S = 60.0
MANY_CONNECTIONS = 0.8
QUERY_CHARS = 160

_Path = tuple[int, ...]  # pids from a root blocker to a session that waits

IDLE = "idle in transaction"
FIX_CANCEL = "SELECT pg_cancel_backend({pid}) ends its statement, pg_terminate_backend the session"
FIX_IDLE = (
    "Commit in the application, or set idle_in_transaction_session_timeout; "
    "SELECT pg_terminate_backend({pid}) ends it now"
)
FIX_CONNECTIONS = "Use a pool (PgBouncer, or the application's), or end sessions that are idle"
PREPARED = "A transaction prepared for two-phase commit"
FIX_PREPARED = "SELECT * FROM pg_prepared_xacts; then COMMIT PREPARED or ROLLBACK PREPARED"


def find_problems(
    sessions: Sequence[SessionInfo], used: int, most: int, prepared: int
) -> list[Problem]:
    """Return what harms others, blockers first.

    Args:
        sessions: of this database, and those that block it.
        used: connections in use, of all databases.
        most: max_connections.
        prepared: transactions prepared for two-phase commit and left.
    """
    return [
        *_blockers(sessions),
        *_left_open(sessions),
        *_long(sessions),
        *_limits(used, most, prepared),
    ]


def blocking_tree(sessions: Sequence[SessionInfo]) -> list[str]:
    """Return the lines of the trees of who waits for whom, root blockers at the top."""
    by_pid = {session.pid: session for session in sessions}
    waiting = _waiting(sessions)
    lines: list[str] = []
    for root in _roots(waiting):
        path: _Path = (root,)
        lines += render_tree(
            path,
            lambda path: _label(by_pid.get(path[-1]), path[-1]),
            lambda path: [(*path, pid) for pid in waiting.get(path[-1], ()) if pid not in path],
        ).split("\n")
    return lines


def _waiting(sessions: Sequence[SessionInfo]) -> Mapping[int, list[int]]:
    """Return who waits for each blocker."""
    found: dict[int, list[int]] = {}
    for session in sessions:
        for blocker in session.blocked_by:
            found.setdefault(blocker, []).append(session.pid)
    return found


def _roots(waiting: Mapping[int, list[int]]) -> list[int]:
    blocked = {pid for pids in waiting.values() for pid in pids}
    return sorted(set(waiting) - blocked) or sorted(waiting)[:1]


def _label(session: SessionInfo | None, pid: int) -> str:
    if session is None:
        return PREPARED if pid == 0 else f"{pid}: a session that cannot be seen"
    since = format_duration(session.state_s or 0.0)
    doing = f"{session.state or 'unknown state'} for {since}"
    if session.blocked_by:
        doing = f"waits {format_duration(session.query_s or 0.0)}"
        doing += f" for {session.wanted_lock}" if session.wanted_lock else ""
    who = session.application or session.role or "unknown"
    return f"{pid} ({who}): {doing}: {one_line(session.query or '', QUERY_CHARS)}"


def _blockers(sessions: Sequence[SessionInfo]) -> Iterator[Problem]:
    by_pid = {session.pid: session for session in sessions}
    waiting = _waiting(sessions)
    for pid in _roots(waiting):
        count = len(_below(pid, waiting) - {pid})
        blocker = by_pid.get(pid)
        state = "" if blocker is None else f", {blocker.state or 'unknown state'}"
        idle = blocker is not None and (blocker.state or "").startswith(IDLE)
        if pid == 0:  # no session: so PostgreSQL calls a transaction that was prepared and left
            title = f"{PREPARED} blocks {plural(count, 'session')}"
            yield Problem(kind="blocking", title=title, fix=FIX_PREPARED)
            continue
        yield Problem(
            kind="blocking",
            title=f"{pid}{state}, blocks {plural(count, 'session')}: "
            f"{one_line(blocker.query or '', QUERY_CHARS) if blocker else 'not to be seen'}",
            pid=pid,
            fix=(FIX_IDLE if idle else FIX_CANCEL).format(pid=pid),
        )


def _below(pid: int, waiting: Mapping[int, list[int]]) -> set[int]:
    found: set[int] = set()
    pending = [pid]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            pending += waiting.get(current, [])
    return found


def _left_open(sessions: Sequence[SessionInfo]) -> Iterator[Problem]:
    for session in sessions:
        idle = (session.state or "").startswith(IDLE)
        if not idle or (session.state_s or 0.0) < IDLE_IN_TRANSACTION_S:
            continue
        yield Problem(
            kind="idle_in_transaction",
            title=f"{session.pid} has done nothing for {format_duration(session.state_s or 0.0)} "
            f"in an open transaction{_held(session)}; its last statement: "
            f"{one_line(session.query or '', QUERY_CHARS)}",
            pid=session.pid,
            fix=FIX_IDLE.format(pid=session.pid),
        )


def _held(session: SessionInfo) -> str:
    if not session.holds_back:
        return ""
    count = format_count(session.holds_back)
    return f", and keeps VACUUM from cleaning up after {count} transactions"


def _long(sessions: Sequence[SessionInfo]) -> Iterator[Problem]:
    for session in sessions:
        if session.state != "active":
            continue
        running, transaction = session.query_s or 0.0, session.transaction_s or 0.0
        if running < LONG_QUERY_S and transaction < LONG_TRANSACTION_S:
            continue
        yield Problem(
            kind="long_running",
            title=f"{session.pid} has run one statement for {format_duration(running)}, in a "
            f"transaction of {format_duration(transaction)}{_held(session)}: "
            f"{one_line(session.query or '', QUERY_CHARS)}",
            pid=session.pid,
            fix=FIX_CANCEL.format(pid=session.pid),
        )


def _limits(used: int, most: int, prepared: int) -> Iterator[Problem]:
    if used >= most * MANY_CONNECTIONS:
        yield Problem(
            kind="connections",
            title=f"{used} of {most} connections are in use.",
            fix=FIX_CONNECTIONS,
        )
    if prepared:
        yield Problem(
            kind="prepared_transactions",
            title=f"{plural(prepared, 'prepared transaction')}: locks are held, and VACUUM is held "
            "back.",
            fix=FIX_PREPARED,
        )
