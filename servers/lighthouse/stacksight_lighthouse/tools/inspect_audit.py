"""inspect_audit."""

import asyncio
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.analysis.topics import look_into
from stacksight_lighthouse.models import Topic
from stacksight_lighthouse.render_topic import render_topic
from stacksight_lighthouse.source import Lighthouse
from stacksight_lighthouse.tools.arguments import AuditId, Cursor


@tool(title="Look into an audit", render=render_topic)
async def inspect_audit(
    ctx: Context[Lighthouse],
    audit_id: AuditId,
    topic: Annotated[
        str | None,
        Field(
            description="A check that run_audit named (color-contrast), a metric (lcp, cls, tbt, "
            "fcp, si), or requests, third-parties, scripts, long-tasks. Without it: all checks.",
            max_length=80,
        ),
    ] = None,
    cursor: Cursor = None,
) -> Topic:
    """Show one topic of an audit in full, from the kept result: nothing is run again.

    For a check: every distinct element with selector, snippet, cause, position and fix.

    Example: inspect_audit(audit_id="audit-3fa9c1d2", topic="color-contrast")
    """
    audit = await asyncio.to_thread(source_of(ctx).store.load, audit_id)
    return look_into(audit_id, audit, topic, cursor)
