"""What completes an argument: the audits that are kept, and the pages that they are of."""

import asyncio

from stacksight_lighthouse.source.lighthouse import Lighthouse


async def audit_names(source: Lighthouse, _: str) -> list[str]:
    """Return the handles of the kept audits, newest first."""
    return await asyncio.to_thread(source.store.handles)


async def page_names(source: Lighthouse, _: str) -> list[str]:
    """Return the addresses of the audited pages, newest first."""
    entries = await asyncio.to_thread(source.store.entries)
    return [entry.url for entry in entries]
