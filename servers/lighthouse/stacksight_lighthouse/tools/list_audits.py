"""list_audits."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.analysis.history import list_entries
from stacksight_lighthouse.models.audits import AuditList
from stacksight_lighthouse.render.charts import draw_trend
from stacksight_lighthouse.render.listing import render_list
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.tools.arguments import Cursor


@tool(title="List kept audits", render=render_list, picture=lambda audits: audits.chart or None)
async def list_audits(
    ctx: Context[Lighthouse],
    match: Annotated[
        str | None, Field(description="A page's address or a part of it.", max_length=2000)
    ] = None,
    cursor: Cursor = None,
) -> AuditList:
    """List this project's kept audits, newest first, with scores and metrics.

    For a page that was audited more than once, also how its figures went, with a chart.

    Example: list_audits(match="/checkout")
    """
    entries = await in_thread(source_of(ctx).store.entries)
    audits = list_entries(entries, match, cursor)
    trend = audits.trends[0] if len(audits.trends) == 1 else None
    if trend is None or not trend.scores or cursor:
        return audits
    chart = await in_thread(draw_trend, trend.scores, trend.first, trend.last)
    return audits.model_copy(update={"chart": chart})
