"""run_audit."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.analysis.report import summarize
from stacksight_lighthouse.models import CATEGORIES, AuditReport, Category, Device
from stacksight_lighthouse.render import render_report
from stacksight_lighthouse.source import Lighthouse, Order
from stacksight_lighthouse.tools.arguments import SECONDS_PER_RUN
from stacksight_lighthouse.tools.keeping import keep
from stacksight_lighthouse.tools.progress import Progress


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
    audit_id, audit = await keep(source, order, await source.audit(order, Progress(ctx)))
    return summarize(audit_id, audit)
