"""What completes an argument: the audits that are kept, and the pages that they are of."""

from stacksight_core.threads import in_thread
from stacksight_lighthouse.source.lighthouse import Lighthouse


async def audit_names(source: Lighthouse, _: str) -> list[str]:
    """Return the handles of the kept audits, newest first."""
    return await in_thread(source.store.handles)


async def page_names(source: Lighthouse, _: str) -> list[str]:
    """Return the addresses of the audited pages, newest first."""
    entries = await in_thread(source.store.entries)
    return [entry.url for entry in entries]
