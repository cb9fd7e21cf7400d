"""list_audits."""

import asyncio
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.analysis.history import list_entries
from stacksight_lighthouse.models import AuditList
from stacksight_lighthouse.render_list import render_list
from stacksight_lighthouse.source import Lighthouse
from stacksight_lighthouse.tools.arguments import Cursor


@tool(title="List kept audits", render=render_list)
async def list_audits(
    ctx: Context[Lighthouse],
    match: Annotated[
        str | None, Field(description="Only pages whose address holds this.", max_length=300)
    ] = None,
    cursor: Cursor = None,
) -> AuditList:
    """List this project's kept audits, newest first, with scores, metrics and their trend.

    Example: list_audits(match="/checkout")
    """
    entries = await asyncio.to_thread(source_of(ctx).store.entries)
    return list_entries(entries, match, cursor)
