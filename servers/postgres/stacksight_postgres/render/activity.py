"""What goes on in a database, as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_count, format_duration, plural
from stacksight_core.untrusted import fence, inline
from stacksight_postgres.activity.model import Activity, Problem, Progress, SessionInfo

NO_PROBLEMS = "Nobody blocks anybody, and no transaction is open for long."


def render_activity(activity: Activity) -> str:
    """Write the problems first, then who waits for whom, then the sessions."""
    counts = ", ".join(f"{count} {state}" for state, count in activity.counts.items())
    lines = [
        f"{plural(len(activity.problems), 'problem')}. Sessions of this database: "
        f"{counts or 'none but this one'}; {activity.used_connections} of "
        f"{activity.max_connections} connections in use."
    ]
    lines += [_problem(number, p) for number, p in enumerate(activity.problems, 1)]
    if not activity.problems:
        lines.append(NO_PROBLEMS)
    if activity.blocking:
        lines.append("Who waits for whom:")
        lines.append(fence("\n".join(inline(line, 400) for line in activity.blocking), "sessions"))
    if activity.progress:
        lines += [_progress(progress) for progress in activity.progress]
    if activity.sessions:
        lines.append(fence(_sessions(activity.sessions), "sessions"))
    if activity.hidden_sessions:
        lines.append(f"{plural(activity.hidden_sessions, 'more session')} left out.")
    return "\n".join([*lines, *(f"Note: {note}" for note in activity.notes)])


def _problem(number: int, problem: Problem) -> str:
    text = f"{number}. {problem.kind}: {inline(problem.title, 500)}"
    return f"{text}\n   Fix: {problem.fix}." if problem.fix else text


def _progress(progress: Progress) -> str:
    share = f"{progress.done / progress.total:.0%} of " if progress.total else ""
    amount = format_count(progress.total or progress.done)
    return (
        f"Under way: {progress.command} of {inline(progress.table, 100)} (pid {progress.pid}): "
        f"{progress.phase}, {share}{amount} {progress.unit}."
    )


def _sessions(sessions: list[SessionInfo]) -> str:
    return render_table(
        ["pid", "role", "application", "client", "state", "for", "transaction", "waits", "query"],
        (
            (
                s.pid,
                s.role,
                s.application,
                s.client,
                s.state or "cannot be seen",
                None if s.state_s is None else format_duration(s.state_s),
                None if s.transaction_s is None else format_duration(s.transaction_s),
                _waits(s),
                s.query,
            )
            for s in sessions
        ),
    )


def _waits(session: SessionInfo) -> str | None:
    if session.blocked_by:
        return "for " + ", ".join(map(str, session.blocked_by))
    return session.waits_for
