"""What an agent sees of this server."""

import asyncio
import time
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.server import ServerSpec
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.analysis.compare import compare
from stacksight_lighthouse.analysis.history import entry_of, list_entries
from stacksight_lighthouse.analysis.metrics import values_of
from stacksight_lighthouse.analysis.report import representative_run, summarize
from stacksight_lighthouse.analysis.topics import look_into
from stacksight_lighthouse.models import (
    CATEGORIES,
    AuditList,
    AuditReport,
    Category,
    Comparison,
    Device,
    Picture,
    StoredAudit,
    Topic,
)
from stacksight_lighthouse.pictures import take_picture
from stacksight_lighthouse.render import render_report
from stacksight_lighthouse.render_comparison import render_comparison
from stacksight_lighthouse.render_list import render_list
from stacksight_lighthouse.render_picture import render_picture
from stacksight_lighthouse.render_topic import render_topic
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source import Lighthouse, Order, Outcome, connect, translate

ERROR_MIXED = (
    "`before` and `after` have to be two audit_ids or two addresses: an old audit and a new run "
    "met different machines. Compare both addresses, or audit the page now and compare audit_ids."
)
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
    audit_id, audit = await _keep(source, order, await source.audit(order, _Progress(ctx)))
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


@tool(title="Compare two audits", render=render_comparison, idempotent=False, open_world=True)
async def compare_audits(
    ctx: Context[Lighthouse],
    before: Annotated[str, Field(description="An audit_id, or an address.", max_length=2000)],
    after: Annotated[str, Field(description="The same kind as `before`.", max_length=2000)],
    *,
    device: Annotated[Device, Field(description="For addresses: the preset.")] = "mobile",
    runs: Annotated[
        int, Field(description="For addresses: runs of each, in turns.", ge=5, le=9)
    ] = 5,
    deadline_s: Annotated[
        int | None,
        Field(description="For addresses: seconds for all; 60 per run by default.", ge=5, le=1800),
    ] = None,
) -> Comparison:
    """Tell whether a page got better or worse, or whether nothing can be said.

    Two addresses (the old and the new deployment) are run in turns, which takes a minute or more
    and is the surest. Two audit_ids compare what is kept; made with runs=5, their speed too.

    Example: compare_audits(before="audit-3fa9c1d2", after="audit-77b0e4aa")
    """
    source = source_of(ctx)
    addresses = [name for name in (before, after) if "://" in name]
    if len(addresses) == 1:
        raise ToolFailure(ERROR_MIXED)
    if not addresses:
        load = source.store.load
        pair = [(name, await asyncio.to_thread(load, name)) for name in (before, after)]
        return await asyncio.to_thread(compare, pair[0], pair[1], interleaved=False)
    limit_s = deadline_s or 2 * SECONDS_PER_RUN * runs
    orders = [Order(url, device, CATEGORIES, runs, limit_s) for url in addresses]
    outcomes = await source.audit_in_turns(orders, _Progress(ctx))
    pair = [await _keep(source, *done) for done in zip(orders, outcomes, strict=True)]
    return await asyncio.to_thread(compare, pair[0], pair[1], interleaved=True)


@tool(title="List kept audits", render=render_list)
async def list_audits(
    ctx: Context[Lighthouse],
    match: Annotated[
        str | None, Field(description="Only pages whose address holds this.", max_length=300)
    ] = None,
    cursor: Annotated[
        str | None, Field(description="From the previous page.", max_length=500)
    ] = None,
) -> AuditList:
    """List this project's kept audits, newest first, with scores, metrics and their trend.

    Example: list_audits(match="/checkout")
    """
    entries = await asyncio.to_thread(source_of(ctx).store.entries)
    return list_entries(entries, match, cursor)


async def _keep(source: Lighthouse, order: Order, outcome: Outcome) -> tuple[str, StoredAudit]:
    audit = StoredAudit(
        requested_url=order.url,
        device=order.device,
        lhr=representative_run(outcome.results),
        runs=[values_of(lhr) for lhr in outcome.results],
        best_index=outcome.best_index,
        notes=outcome.notes,
    )
    return await asyncio.to_thread(source.store.save, audit, entry_of), audit


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


SERVER = ServerSpec(
    ABOUT,
    Settings,
    (run_audit, inspect_audit, show_audit, compare_audits, list_audits),
    connect,
    translate,
)
