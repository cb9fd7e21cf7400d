"""The tools top_queries and capture_queries."""

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.tools import source_of, tool
from stacksight_postgres.render.statements import render_captured, render_top
from stacksight_postgres.source.capturing import report_capture, start_capture
from stacksight_postgres.source.state import Source
from stacksight_postgres.source.statements import hidden_note, read_age, read_statements
from stacksight_postgres.statements.answers import Captured, Ranking, TopQueries
from stacksight_postgres.statements.ranking import MAX_QUERY, rank_statements

WHOLE_QUERY = 15_000

ERROR_NO_QUERY = (
    "No statement with query_id {query_id} is known for this database; it may have been evicted. "
    "Call top_queries without query_id."
)


@tool(title="Show the top queries", render=render_top)
async def top_queries(
    ctx: Context[Source],
    *,
    by: Annotated[Ranking, Field(description="What to rank by.")] = "total_time",
    limit: Annotated[int, Field(ge=1, le=50, description="Most statements to return.")] = 10,
    match: Annotated[
        str | None, Field(max_length=200, description="Only texts that contain this.")
    ] = None,
    query_id: Annotated[
        str | None, Field(max_length=24, description="Only this one, its text in full.")
    ] = None,
) -> TopQueries:
    """See which statements cost this database most, each with its share of the whole.

    From pg_stat_statements, of this database only. Then explain_query says why.

    Example: top_queries(by="mean_time", limit=5)
    """
    async with source_of(ctx).database.session() as session:
        found, hidden = await read_statements(session)
        age, dropped = await read_age(session)
        notes = hidden_note(session, hidden)
    known = list(found.values())
    shown = [s for s in known if match is None or match.casefold() in s.query.casefold()]
    if query_id is not None:
        shown = [s for s in known if str(s.id) == query_id.strip()]
        if not shown:
            raise ToolFailure(ERROR_NO_QUERY.format(query_id=query_id))
    ranked = rank_statements(
        known, by, len(known), query_chars=MAX_QUERY if query_id is None else WHOLE_QUERY
    )
    wanted = {str(s.id) for s in shown}
    return TopQueries(
        by=by,
        statements=[s for s in ranked if s.id in wanted][:limit],
        total=len(known),
        total_ms=round(sum(s.total_ms for s in known), 3),
        age_s=age,
        dropped=dropped,
        notes=notes,
    )


@tool(title="Capture queries", render=render_captured, idempotent=False)
async def capture_queries(
    ctx: Context[Source],
    *,
    action: Annotated[
        Literal["start", "read", "stop"], Field(description="read reports without ending it.")
    ],
    capture: Annotated[
        str | None, Field(max_length=60, description="Handle from start; for read and stop.")
    ] = None,
) -> Captured:
    """See what the database did while you did something: statements, N+1 suspects, tables written.

    Start, call the endpoint or run the test, stop. Needs pg_stat_statements. The last 10 captures
    are kept until the server ends.

    Example: capture_queries(action="start")
    """
    source = source_of(ctx)
    if action == "start":
        return await start_capture(source.database, source.captures)
    return await report_capture(source.captures, capture, stop=action == "stop")
