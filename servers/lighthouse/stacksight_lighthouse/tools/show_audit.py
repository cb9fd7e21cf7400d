"""show_audit."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.models.audits import Picture
from stacksight_lighthouse.render.drawing import take_picture
from stacksight_lighthouse.render.picture import render_picture
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.tools.arguments import AuditId


@tool(
    title="Show an audited page",
    render=render_picture,
    picture=lambda picture: picture.png,
)
async def show_audit(
    ctx: Context[Lighthouse],
    audit_id: AuditId,
    what: Annotated[
        str,
        Field(
            description="page (the worst findings), a check (color-contrast), lcp, cls, or "
            "filmstrip (how the page appeared).",
            max_length=80,
        ),
    ] = "page",
    number: Annotated[
        int | None, Field(description="Show only this box, closely.", ge=1, le=999)
    ] = None,
) -> Picture:
    """Show a picture of an audited page, with numbered boxes around the offending elements.

    Example: show_audit(audit_id="audit-3fa9c1d2", what="label", number=1)
    """
    audit = await in_thread(source_of(ctx).store.load, audit_id)
    return await in_thread(take_picture, audit_id, audit.lhr, what.strip().lower(), number)
