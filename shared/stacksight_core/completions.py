"""Completes names (tables, queues, containers, audits) while a person types an argument."""

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
from mcp_types import Completion

from stacksight_core.redact import redact_text
from stacksight_core.untrusted import clean

logger = logging.getLogger(__name__)

MAX_VALUES = 100
"""As many as the protocol allows in one answer."""
MAX_SECONDS = 2.0
"""Nobody waits longer for a suggestion."""

Names = Callable[[Any, str], Awaitable[Iterable[str]]]
"""An async function of the server's source and what was typed so far. It returns names that may
continue it, best first; it need not filter them, and need not return all."""

NOTHING = Completion(values=[], total=0, has_more=False)


async def complete(names: Names, source: Any, typed: str) -> Completion:
    """Return the names that begin with what was typed, then those that contain it.

    Never fails: a system that is down or slow has nothing to suggest.
    """
    try:
        with anyio.fail_after(MAX_SECONDS):
            known = await names(source, typed)
    except Exception as error:  # noqa: BLE001
        logger.info("no names to complete with: %s", error)
        return NOTHING
    wanted = typed.casefold()
    shown = dict.fromkeys(redact_text(clean(name)) for name in known)
    found = [name for name in shown if wanted in name.casefold()]
    found.sort(key=lambda name: not name.casefold().startswith(wanted))
    return Completion(values=found[:MAX_VALUES], total=len(found), has_more=len(found) > MAX_VALUES)
