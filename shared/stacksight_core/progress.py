"""Tells the client, while a call takes its time, that it is still being worked on."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.mcpserver import Context

from stacksight_core.units import format_duration

SILENCE_SECONDS = 1.0
"""A call that has said nothing for so long says that it goes on."""

_LEAST_STEP = 1e-3

GOES_ON = "{what}: {elapsed} so far"


class ReportingContext(Context[Any, Any]):
    """The context of a call, whose progress only grows, as the protocol demands.

    A tool reports what it knows, in steps of its own; where it says nothing for a while, its last
    message is sent again, with the time that has passed.

    Args:
        context: the call's.
        title: the tool's; what is said before the tool itself says anything.
    """

    _what: str
    _began: float
    _spoke: float
    _reached: float
    _total: float | None

    def __init__(self, context: Context[Any, Any], title: str) -> None:
        super().__init__(
            request_context=context._request_context,  # noqa: SLF001
            mcp_server=context._mcp_server,  # noqa: SLF001
            input_params=context._input_params,  # noqa: SLF001
            subscriptions=context._subscriptions,  # noqa: SLF001
        )
        self._what = title
        self._began = self._spoke = time.monotonic()
        self._reached = -_LEAST_STEP
        self._total = None

    async def report_progress(
        self, progress: float, total: float | None = None, message: str | None = None
    ) -> None:
        """Report how far the call has come."""
        self._reached = max(progress, self._reached + _LEAST_STEP)
        self._what, self._total = message or self._what, total
        self._spoke = time.monotonic()
        await super().report_progress(self._reached, total, message)

    async def keep_reporting(self) -> None:
        """Break the silence of the call, until cancelled."""
        while True:
            silent = time.monotonic() - self._spoke
            if silent < SILENCE_SECONDS:
                await asyncio.sleep(SILENCE_SECONDS - silent)
                continue
            self._spoke = time.monotonic()
            self._reached += _LEAST_STEP
            elapsed = format_duration(self._spoke - self._began)
            message = GOES_ON.format(what=self._what, elapsed=elapsed)
            await super().report_progress(self._reached, self._total, message)


@asynccontextmanager
async def reporting(context: Context[Any, Any], title: str) -> AsyncIterator[ReportingContext]:
    """Report the progress of a call, at least every second or so, until the block ends.

    Args:
        context: the call's.
        title: the tool's; what is said before the tool itself says anything.
    """
    reported = ReportingContext(context, title)
    keeper = asyncio.create_task(reported.keep_reporting())
    try:
        yield reported
    finally:
        keeper.cancel()
