"""Reads sessions, locks and the progress of long commands."""

from collections import Counter

from stacksight_postgres.activity.analysis import QUERY_CHARS, blocking_tree, find_problems
from stacksight_postgres.activity.model import Activity, Progress, SessionInfo
from stacksight_postgres.plans.facts import quote_name
from stacksight_postgres.queries import MARK, load_sql
from stacksight_postgres.source.database import Database, Session
from stacksight_postgres.statements.ranking import one_line

MIN_VERSION_OF_COPY = 140000
MAX_PROBLEMS = 15
MAX_TREE_LINES = 40

NOTE_NO_RIGHTS = (
    "What other roles' sessions do cannot be seen: GRANT pg_read_all_stats TO {role} shows it."
)


async def read_activity(database: Database, *, include_idle: bool, limit: int) -> Activity:
    """Read what goes on now.

    Args:
        database: where.
        include_idle: also list sessions that do nothing outside a transaction.
        limit: how many sessions to list.
    """
    async with database.session() as session:
        rows = await session.fetch(load_sql("activity"))
        connections = await session.fetchrow(load_sql("connections"))
        progress = await _progress(session)
        facts = session.facts
    here = [row for row in rows if row["here"]]
    sessions = [SessionInfo(**{k: v for k, v in row.items() if k != "here"}) for row in rows]
    problems = find_problems(
        sessions, connections["used"], connections["most"], connections["prepared"]
    )
    listed = [s for s in sessions if include_idle or s.state not in ("idle", None)]
    return Activity(
        used_connections=connections["used"],
        max_connections=connections["most"],
        counts=dict(Counter(row["state"] or "not to be seen" for row in here).most_common()),
        problems=problems[:MAX_PROBLEMS],
        blocking=blocking_tree(sessions)[:MAX_TREE_LINES],
        sessions=[_shortened(s) for s in listed[:limit]],
        hidden_sessions=max(len(listed) - limit, 0),
        progress=progress,
        notes=[] if facts.monitor else [NOTE_NO_RIGHTS.format(role=quote_name(facts.role))],
    )


async def _progress(session: Session) -> list[Progress]:
    rows = await session.fetch(load_sql("progress"))
    if session.facts.version >= MIN_VERSION_OF_COPY:
        rows += await session.fetch(load_sql("progress_copy"))
    return [Progress(**row) for row in rows]


def _shortened(session: SessionInfo) -> SessionInfo:
    query = one_line((session.query or "").replace(MARK, ""), QUERY_CHARS)
    return session.model_copy(update={"query": query or None})
