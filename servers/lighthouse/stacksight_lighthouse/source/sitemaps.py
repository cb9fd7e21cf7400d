"""Fetches sitemaps, following the ones that they name."""

import gzip
import io
from collections.abc import Sequence

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.sitemaps import NotASitemap, at_origin_of, read_sitemap
from stacksight_lighthouse.source.visit import fetch

MAX_BYTES = 10_000_000
MAX_SITEMAPS = 10
TIMEOUT_SECONDS = 15.0

ERROR_NOT_A_SITEMAP = (
    "`{url}` is no sitemap: {reason}. Give the address of a sitemap.xml, or the pages themselves "
    "as `urls`."
)
ERROR_EMPTY = "The sitemap `{url}` lists no pages."
NOTE_MOVED = (
    "The sitemap names its pages at another host; they were looked for beside the sitemap itself."
)


async def pages_of(
    sitemap: str, wanted: int, *, private_allowed: bool
) -> tuple[list[str], int, list[str]]:
    """Return the first pages of a sitemap, how many it lists as far as was read, and notes.

    Args:
        sitemap: its address.
        wanted: how many pages are enough; further sitemaps of an index are then not fetched.
        private_allowed: whether private networks may be reached.

    Raises:
        ToolFailure: there is no sitemap, or it lists no pages.
    """
    waiting, pages = [sitemap], list[str]()
    seen = set[str]()
    moved = False
    while waiting and len(pages) < wanted and len(seen) < MAX_SITEMAPS:
        url = waiting.pop(0)
        if url in seen:
            continue
        seen.add(url)
        listed, further = await _read(url, private_allowed=private_allowed)
        for known, found in ((pages, listed), (waiting, further)):
            here, elsewhere = at_origin_of(sitemap, found)
            known.extend(here)
            moved = moved or elsewhere
    pages = list(dict.fromkeys(pages))
    if not pages:
        raise ToolFailure(ERROR_EMPTY.format(url=inline(sitemap)))
    return pages[:wanted], len(pages), [NOTE_MOVED] if moved else []


async def _read(url: str, *, private_allowed: bool) -> tuple[Sequence[str], Sequence[str]]:
    content = await fetch(
        url, timeout_s=TIMEOUT_SECONDS, private_allowed=private_allowed, limit=MAX_BYTES
    )
    try:
        if content[:2] == b"\x1f\x8b":
            with gzip.open(io.BytesIO(content)) as packed:
                content = packed.read(MAX_BYTES)
        return read_sitemap(content)
    except (NotASitemap, OSError, EOFError) as error:
        reason = inline(str(error), 200)
        raise ToolFailure(ERROR_NOT_A_SITEMAP.format(url=inline(url), reason=reason)) from error
