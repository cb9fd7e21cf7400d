"""Whose turn it is: what is timed runs alone on the machine, everything else side by side."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from stacksight_lighthouse.engine.locks import locked

AT_ONCE = min(4, os.cpu_count() or 1)
"""So many audits of this server overlap; each takes a core for much of its time."""

WAITING_FOR_PLACE = "waiting for other audits of this server"
WAITING_FOR_MACHINE = "waiting for other audits on this machine"


class Turns:
    """Locks in a folder that all servers of a user share.

    Args:
        folder: where the locks are.
    """

    def __init__(self, folder: Path) -> None:
        self._gate = folder / "turnstile.lock"
        self._machine = folder / "performance.lock"
        self._places = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def turn(
        self, say: Callable[[str], Awaitable[None]], *, alone: bool
    ) -> AsyncIterator[None]:
        """Hold a turn; ``alone``: while no other audit on this machine has one.

        Everyone passes the same gate, so that those who need the machine alone get it although
        others, who can share it, keep coming.
        """

        async def wait() -> None:
            await say(WAITING_FOR_MACHINE)

        if self._places.locked():
            await say(WAITING_FOR_PLACE)
        async with self._places, AsyncExitStack() as stack:
            async with locked(self._gate, wait):
                await stack.enter_async_context(locked(self._machine, wait, shared=not alone))
            yield
