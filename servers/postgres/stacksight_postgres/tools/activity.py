"""The tool show_activity."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_postgres.activity.model import Activity
from stacksight_postgres.render.activity import render_activity
from stacksight_postgres.source.activity import read_activity
from stacksight_postgres.source.state import Source


@tool(title="Show activity", render=render_activity)
async def show_activity(
    ctx: Context[Source],
    *,
    include_idle: Annotated[
        bool, Field(description="Also list sessions that do nothing at the moment.")
    ] = False,
    limit: Annotated[int, Field(ge=1, le=100, description="Most sessions to list.")] = 20,
) -> Activity:
    """See what runs now, who blocks whom, and which transactions were left open.

    Use it when statements hang or time out, or a migration does not get its lock. Also the progress
    of VACUUM, CREATE INDEX, ANALYZE, CLUSTER and COPY.

    Example: show_activity()
    """
    return await read_activity(source_of(ctx).database, include_idle=include_idle, limit=limit)
