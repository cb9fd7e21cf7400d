"""Keeps workers warm between audits: one audit at a time each, as many as may overlap."""

import asyncio
from collections.abc import Iterable, Sequence

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline
from stacksight_lighthouse.engine.complaint import ask_chrome
from stacksight_lighthouse.engine.install import Engine
from stacksight_lighthouse.engine.process import (
    AuditFailed,
    Worker,
    WorkerDied,
    finish,
    sandboxed,
    start_worker,
)

IDLE_SECONDS = 300.0
"""After this long without an audit a worker ends; it holds some 600 MB."""
SPARE_IDLE_SECONDS = 20.0
"""Likewise for one that is not the only one."""

ERROR_NO_START = (
    "Chrome ({chrome}) does not start: {reason} To see more, run it by hand with "
    "{flags} --dump-dom about:blank; CHROME_PATH names another one."
)


class WorkerPool:
    """Warm workers.

    Args:
        refused_networks: the networks that no page may reach, in CIDR notation.
    """

    def __init__(self, refused_networks: Sequence[str]) -> None:
        self._refused = refused_networks
        self._idle: dict[Worker, asyncio.Task[None]] = {}

    async def take(self, engine: Engine, *, bound_cookies: bool) -> Worker:
        """Return a warm worker, or a new one; it is the caller's until it is put back or closed.

        Raises:
            ToolFailure: Chrome or Node does not start.
        """
        while self._idle:
            worker, retiring = self._idle.popitem()
            retiring.cancel()
            if worker.usable and worker.bound_cookies == bound_cookies:
                return worker
            await finish(worker.close())
        try:
            return await start_worker(engine, self._refused, bound_cookies=bound_cookies)
        except (AuditFailed, WorkerDied, TimeoutError) as error:
            flags = ["--headless=new", *([] if sandboxed() else ["--no-sandbox"])]
            said = await ask_chrome(engine.chrome, flags)
            reason = said or f"{inline(str(error) or type(error).__name__, 300)}."
            text = ERROR_NO_START.format(chrome=engine.chrome, reason=reason, flags=" ".join(flags))
            raise ToolFailure(text) from error

    def put(self, worker: Worker) -> None:
        """Keep a worker for the next audit, or for a while."""
        patience = SPARE_IDLE_SECONDS if self._idle else IDLE_SECONDS
        self._idle[worker] = asyncio.create_task(self._retire(worker, patience))

    async def close(self) -> None:
        """End all workers that are not in use, at once; those in use end with their audits."""
        idle, self._idle = self._idle, {}
        for retiring in idle.values():
            retiring.cancel()
        await finish(_kill(idle))

    async def _retire(self, worker: Worker, patience: float) -> None:
        await asyncio.sleep(patience)
        del self._idle[worker]
        await finish(worker.close())


async def _kill(workers: Iterable[Worker]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(worker.kill())
