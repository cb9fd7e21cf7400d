"""What an agent sees of this server."""

import asyncio
import time
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.server import ServerSpec
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.analysis.metrics import values_of
from stacksight_lighthouse.analysis.report import representative_run, summarize
from stacksight_lighthouse.analysis.topics import look_into
from stacksight_lighthouse.models import (
    CATEGORIES,
    AuditReport,
    Category,
    Device,
    Picture,
    StoredAudit,
    Topic,
)
from stacksight_lighthouse.pictures import take_picture
from stacksight_lighthouse.render import render_report
from stacksight_lighthouse.render_picture import render_picture
from stacksight_lighthouse.render_topic import render_topic
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source import Lighthouse, Order, connect, translate

SECONDS_PER_RUN = 60
PROGRESS_SECONDS = 0.5

AuditId = Annotated[str, Field(description="From run_audit, e.g. audit-3fa9c1d2.", max_length=40)]


@tool(title="Audit a page", render=render_report, idempotent=False, open_world=True)
async def run_audit(
    ctx: Context[Lighthouse],
    url: Annotated[str, Field(description="http or https address of the page.", max_length=2000)],
    *,
    device: Annotated[
        Device, Field(description="Lighthouse's preset: phone on slow 4G, or desktop computer.")
    ] = "mobile",
    categories: Annotated[
        list[Category] | None,
        Field(description="Fewer are faster; all by default.", min_length=1, max_length=4),
    ] = None,
    runs: Annotated[
        int, Field(description="Repetitions, for the spread of the metrics.", ge=1, le=9)
    ] = 1,
    deadline_s: Annotated[
        int | None,
        Field(description="Seconds for all runs; 60 per run by default.", ge=5, le=900),
    ] = None,
) -> AuditReport:
    """Audit a web page: scores, metrics, and every failing check with its elements, cause and fix.

    Takes 5 to 15 s a run; a page that is down is answered at once. The audit is kept under its
    audit_id (the last 100 per project, on disk) for inspect_audit.

    Example: run_audit(url="http://localhost:3000/", device="mobile")
    """
    source = source_of(ctx)
    wanted = [name for name in CATEGORIES if categories is None or name in categories]
    if "performance" not in wanted:
        runs = 1  # the other categories give the same every time
    order = Order(url, device, wanted, runs, deadline_s or SECONDS_PER_RUN * runs)
    outcome = await source.audit(order, _Progress(ctx))
    audit = StoredAudit(
        requested_url=url,
        device=device,
        lhr=representative_run(outcome.results),
        runs=[values_of(lhr) for lhr in outcome.results],
        best_index=outcome.best_index,
        notes=outcome.notes,
    )
    audit_id = await asyncio.to_thread(source.store.save, audit)
    return summarize(audit_id, audit)


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
    cursor: Annotated[
        str | None, Field(description="From the previous page.", max_length=500)
    ] = None,
) -> Topic:
    """Show one topic of an audit in full, from the kept result: nothing is run again.

    For a check: every distinct element with selector, snippet, cause, position and fix.

    Example: inspect_audit(audit_id="audit-3fa9c1d2", topic="color-contrast")
    """
    audit = await asyncio.to_thread(source_of(ctx).store.load, audit_id)
    return look_into(audit_id, audit, topic, cursor)


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
    audit = await asyncio.to_thread(source_of(ctx).store.load, audit_id)
    return await asyncio.to_thread(take_picture, audit_id, audit.lhr, what.strip().lower(), number)


class _Progress:
    """Tells the client what is being done, no more often than it is worth reading."""

    def __init__(self, ctx: Context[Lighthouse]) -> None:
        self._ctx = ctx
        self._steps = 0
        self._last = 0.0

    async def __call__(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        self._steps += 1
        await self._ctx.report_progress(self._steps, message=text)


SERVER = ServerSpec(ABOUT, Settings, (run_audit, inspect_audit, show_audit), connect, translate)
