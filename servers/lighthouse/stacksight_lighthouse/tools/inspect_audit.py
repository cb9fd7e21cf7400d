"""inspect_audit."""

from pathlib import Path
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.sources import TOPIC as SOURCES
from stacksight_lighthouse.analysis.sources import Hunt, fix_list, wanted_of
from stacksight_lighthouse.analysis.topics import look_into
from stacksight_lighthouse.models.audits import StoredAudit, Topic
from stacksight_lighthouse.render.topic import render_topic
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.source.workspace import text_files
from stacksight_lighthouse.tools.arguments import AuditId, Cursor


@tool(title="Look into an audit", render=render_topic)
async def inspect_audit(
    ctx: Context[Lighthouse],
    audit_id: AuditId,
    topic: Annotated[
        str | None,
        Field(
            description="A check that run_audit named (color-contrast), a metric (lcp, cls, tbt, "
            "fcp, si), requests, images, third-parties, scripts, unused, long-tasks, or sources: "
            "what to fix by file of the project. Without it: all checks.",
            max_length=80,
        ),
    ] = None,
    cursor: Cursor = None,
) -> Topic:
    """Show one topic of an audit in full, from the kept result: nothing is run again.

    For a check: every distinct element with selector, snippet, cause, position and fix.

    Example: inspect_audit(audit_id="audit-3fa9c1d2", topic="color-contrast")
    """
    audit = await in_thread(source_of(ctx).store.load, audit_id)
    if topic is not None and topic.strip().lower() == SOURCES:
        return await in_thread(_by_file, audit_id, audit)
    return look_into(audit_id, audit, topic, cursor)


def _by_file(audit_id: str, audit: StoredAudit) -> Topic:
    hunt = Hunt(wanted_of(audit.lhr))
    searched = 0
    for path, text in text_files(Path.cwd()):
        hunt.look_at(path, text)
        searched += 1
    return fix_list(audit_id, inline(audit.lhr["finalDisplayedUrl"], 300), hunt, searched)
