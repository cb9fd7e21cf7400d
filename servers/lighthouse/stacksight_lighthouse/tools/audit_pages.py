"""audit_pages."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Annotated
from urllib.parse import urljoin

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.pages import PageDigest, digest, fold_pages
from stacksight_lighthouse.models.audits import CATEGORIES, Category, Device
from stacksight_lighthouse.models.orders import Order
from stacksight_lighthouse.models.pages import PagesReport
from stacksight_lighthouse.render.pages import render_pages
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.source.sitemaps import pages_of
from stacksight_lighthouse.tools.arguments import SECONDS_PER_RUN, Address
from stacksight_lighthouse.tools.keeping import keep
from stacksight_lighthouse.tools.progress import Progress

MOST_PAGES = 50
AT_ONCE = 4
"""Without performance nothing is timed, so pages may overlap as far as the source lets them."""

ERROR_WHICH = (
    "Say which pages: `urls`, or the address of a `sitemap`, or `base_url` with `routes`; one of "
    "the three."
)
NOTE_LEFT_OUT = "{left} of {total} pages were left out; `limit` allows up to 50."
REASON_TIME = "the time for all pages ({seconds}) was up"


@tool(title="Audit many pages", render=render_pages, idempotent=False, open_world=True)
async def audit_pages(
    ctx: Context[Lighthouse],
    urls: Annotated[
        list[Address] | None, Field(description="Addresses of pages.", min_length=1, max_length=50)
    ] = None,
    sitemap: Annotated[
        Address | None, Field(description="Or the address of a sitemap.xml.", max_length=2000)
    ] = None,
    base_url: Annotated[
        Address | None, Field(description="Or an address that `routes` belong to.", max_length=2000)
    ] = None,
    routes: Annotated[
        list[str] | None, Field(description='E.g. ["/", "/about"].', min_length=1, max_length=50)
    ] = None,
    *,
    device: Annotated[Device, Field(description="The preset.")] = "mobile",
    categories: Annotated[
        list[Category] | None,
        Field(
            description="Without performance it is faster; all by default.",
            min_length=1,
            max_length=4,
        ),
    ] = None,
    limit: Annotated[int, Field(description="Pages at most.", ge=1, le=MOST_PAGES)] = 10,
    deadline_s: Annotated[
        int, Field(description="Seconds for all pages; then the rest is left out.", ge=10, le=3600)
    ] = 600,
) -> PagesReport:
    """Audit many pages once each: one table, the worst first, and shared problems told once.

    Takes 5 to 15 s a page, with progress. Every page gets an audit_id for inspect_audit and
    show_audit. A page that is down does not stop the others.

    Example: audit_pages(base_url="http://localhost:3000", routes=["/", "/pricing"])
    """
    source = source_of(ctx)
    pages, total, notes = await _pages(source, urls, sitemap, base_url, routes, limit)
    if total > len(pages):
        notes.append(NOTE_LEFT_OUT.format(left=total - len(pages), total=total))
    wanted = [name for name in CATEGORIES if categories is None or name in categories]
    orders = [Order(page, device, wanted, 1, SECONDS_PER_RUN) for page in pages]
    digests, failures = await _audit_all(source, orders, deadline_s, Progress(ctx))
    return fold_pages(device, wanted, digests, failures, notes)


async def _pages(
    source: Lighthouse,
    urls: Sequence[str] | None,
    sitemap: str | None,
    base_url: str | None,
    routes: Sequence[str] | None,
    limit: int,
) -> tuple[list[str], int, list[str]]:
    """Return the pages to audit, how many there are in all, and notes."""
    ways = [urls is not None, sitemap is not None, base_url is not None and routes is not None]
    if sum(ways) != 1 or (routes is None) != (base_url is None):
        raise ToolFailure(ERROR_WHICH)
    if sitemap is not None:
        return await pages_of(sitemap, limit, private_allowed=source.private_allowed)
    found = urls or [urljoin(base_url or "", route) for route in routes or []]
    distinct = list(dict.fromkeys(found))
    return distinct[:limit], len(distinct), []


async def _audit_all(
    source: Lighthouse, orders: Sequence[Order], limit_s: float, say: Progress
) -> tuple[list[PageDigest], dict[str, str]]:
    """Audit the pages until the time is up; return what was found, and why pages are missing."""
    digests: list[PageDigest] = []
    failures: dict[str, str] = {}
    deadline = asyncio.get_running_loop().time() + limit_s
    overlapping = 1 if "performance" in orders[0].categories else AT_ONCE
    turns = asyncio.Semaphore(overlapping)

    async def audit(order: Order) -> None:
        async with turns:
            left = deadline - asyncio.get_running_loop().time()
            if left <= 1:
                failures[order.url] = REASON_TIME.format(seconds=format_duration(limit_s))
                return
            number = len(digests) + len(failures) + 1
            head = f"{number} of {plural(len(orders), 'page')}, {inline(order.url, 100)}"
            timely = replace(order, deadline_s=min(order.deadline_s, left))
            try:
                outcome = await source.audit(timely, _with_head(say, head))
                digests.append(digest(*await keep(source, order, outcome)))
            except ToolFailure as failure:
                failures[order.url] = str(failure)

    async with asyncio.TaskGroup() as group:
        for order in orders:
            group.create_task(audit(order))
    return digests, failures


def _with_head(say: Progress, head: str) -> Callable[[str], Awaitable[None]]:
    return lambda text: say(f"{head}: {text}")
