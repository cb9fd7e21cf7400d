"""Progress of long calls."""

import time

from mcp.server.mcpserver import Context

from stacksight_lighthouse.source.lighthouse import Lighthouse

PROGRESS_SECONDS = 0.5


class Progress:
    """Tells the client what is being done, no more often than it is worth reading."""

    def __init__(self, ctx: Context[Lighthouse]) -> None:
        self._ctx = ctx
        self._steps = 0
        self._last = 0.0

    async def __call__(self, text: str) -> None:
        """Report a step, unless the last one is too recent."""
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        self._steps += 1
        await self._ctx.report_progress(self._steps, message=text)
