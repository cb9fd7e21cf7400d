"""check_budget."""

from pathlib import Path
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.analysis.budget_check import check
from stacksight_lighthouse.models.audits import CATEGORIES, Device, StoredAudit
from stacksight_lighthouse.models.budget import BudgetReport
from stacksight_lighthouse.models.orders import Order
from stacksight_lighthouse.render.budget import render_budget
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.source.workspace import read_json
from stacksight_lighthouse.tools.arguments import SECONDS_PER_RUN, Address
from stacksight_lighthouse.tools.keeping import keep
from stacksight_lighthouse.tools.progress import Progress

ERROR_WHICH = "Give either `audit_id`, of a kept audit, or `url`, of a page to audit now; not both."


@tool(title="Check a page against a budget", render=render_budget, open_world=True)
async def check_budget(
    ctx: Context[Lighthouse],
    budget: Annotated[
        Annotated[dict[str, Any], Field(max_length=200)]
        | Annotated[list[Any], Field(max_length=100)]
        | Annotated[str, Field(max_length=4096)],
        Field(
            description="budget.json (a list), lighthouse-ci's assert options (assertions, preset, "
            'assertMatrix), plain limits ({"lcp": 2500, "performance": 0.9}: ms, bytes, scores), '
            "or the path of a JSON file in the project."
        ),
    ],
    audit_id: Annotated[
        str | None, Field(description="A kept audit; its runs count.", max_length=40)
    ] = None,
    url: Annotated[
        Address | None, Field(description="Or a page to audit now.", max_length=2000)
    ] = None,
    *,
    device: Annotated[Device, Field(description="For url: the preset.")] = "mobile",
    runs: Annotated[int, Field(description="For url.", ge=1, le=9)] = 3,
    deadline_s: Annotated[
        int | None, Field(description="For url: 60 s a run by default.", ge=5, le=900)
    ] = None,
) -> BudgetReport:
    """Tell whether a page keeps its performance budget, limit by limit.

    What was not measured never passes. Aggregation over runs is lighthouse-ci's: optimistic by
    default, median for plain limits.

    Example: check_budget(budget={"lcp": 2500, "cls": 0.1}, audit_id="audit-3fa9c1d2")
    """
    source = source_of(ctx)
    if (audit_id is None) == (url is None):
        raise ToolFailure(ERROR_WHICH)
    rules = await in_thread(read_json, Path.cwd(), budget)
    if audit_id is not None:
        audit = await in_thread(source.store.load, audit_id)
        return check(audit_id, audit, rules)
    assert url is not None
    order = Order(url, device, CATEGORIES, runs, deadline_s or SECONDS_PER_RUN * runs)
    handle, audit = await _audited(source, order, ctx)
    return check(handle, audit, rules)


async def _audited(
    source: Lighthouse, order: Order, ctx: Context[Lighthouse]
) -> tuple[str, StoredAudit]:
    return await keep(source, order, await source.audit(order, Progress(ctx)))
