"""compare_audits."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.analysis.compare import LEAST_RUNS, compare, is_settled
from stacksight_lighthouse.analysis.metrics import timings_of
from stacksight_lighthouse.models.audits import CATEGORIES, Comparison, Device
from stacksight_lighthouse.models.orders import Order
from stacksight_lighthouse.render.comparison import render_comparison
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.tools.arguments import SECONDS_PER_RUN, Address
from stacksight_lighthouse.tools.keeping import keep
from stacksight_lighthouse.tools.progress import Progress

ERROR_MIXED = (
    "`before` and `after` have to be two audit_ids or two addresses: an old audit and a new run "
    "met different machines. Compare both addresses, or audit the page now and compare audit_ids."
)


@tool(title="Compare two audits", render=render_comparison, idempotent=False, open_world=True)
async def compare_audits(
    ctx: Context[Lighthouse],
    before: Annotated[Address, Field(description="An audit_id, or an address.", max_length=2000)],
    after: Annotated[Address, Field(description="The same kind as `before`.", max_length=2000)],
    *,
    device: Annotated[Device, Field(description="For addresses: the preset.")] = "mobile",
    runs: Annotated[
        int,
        Field(description="For addresses: the most runs of each; six if clear then.", ge=6, le=12),
    ] = 10,
    deadline_s: Annotated[
        int | None,
        Field(description="For addresses: seconds for all; 60 per run by default.", ge=5, le=1800),
    ] = None,
) -> Comparison:
    """Tell whether a page got better or worse, or whether nothing can be said.

    Two addresses (the old and the new deployment) are run in turns, which takes a minute or more
    and is the surest. Two audit_ids compare what is kept; made with runs=6, their speed too.

    Example: compare_audits(before="audit-3fa9c1d2", after="audit-77b0e4aa")
    """
    source = source_of(ctx)
    addresses = [name for name in (before, after) if "://" in name]
    if len(addresses) == 1:
        raise ToolFailure(ERROR_MIXED)
    if not addresses:
        load = source.store.load
        pair = [(name, await in_thread(load, name)) for name in (before, after)]
        return await in_thread(partial(compare, *pair, interleaved=False))
    limit_s = deadline_s or 2 * SECONDS_PER_RUN * runs
    orders = [Order(url, device, CATEGORIES, runs, limit_s) for url in addresses]
    outcomes = await source.audit_in_turns(orders, Progress(ctx), _settled)
    pair = [await keep(source, *done) for done in zip(orders, outcomes, strict=True)]
    return await in_thread(partial(compare, *pair, interleaved=True))


async def _settled(rounds: Sequence[Sequence[Mapping[str, Any]]]) -> bool:
    """Look once, after the fewest runs that can tell anything: each look costs some certainty."""
    if len(rounds) != LEAST_RUNS:
        return False
    before, after = [[timings_of(lhr) for lhr in page] for page in zip(*rounds, strict=True)]
    return await in_thread(is_settled, before, after)
