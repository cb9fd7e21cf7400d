"""The only room that talks to real systems: the page's server, Lighthouse in Chrome, the files."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.addresses import refused_networks
from stacksight_lighthouse.engine.install import Engine, Say, ensure_engine
from stacksight_lighthouse.engine.locks import locked
from stacksight_lighthouse.engine.process import (
    AuditFailed,
    Worker,
    WorkerDied,
    finish,
    sandboxed,
    start_worker,
)
from stacksight_lighthouse.failures import explain_failure, explain_runtime_error
from stacksight_lighthouse.models import Category, Device
from stacksight_lighthouse.preflight import Look, look_at
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.store import Store, project_folder

FIRST_LOOK_SECONDS = 30.0
IDLE_SECONDS = 300.0
"""After this long without an audit the worker ends; it holds some 600 MB."""
MAX_WAIT_SECONDS = 45.0
"""Lighthouse's own limit for a page to load, after which it audits what is there."""
AUDIT_SECONDS = 25.0
"""What is kept of a deadline for the audit itself, after the load."""
REMEMBERED_INDEXES = 30

ERROR_OVERDUE = (
    "The audit of `{url}` was stopped after {seconds}, while: {step}. The page answered at first; "
    "a script that never ends or a request that never finishes may hold it up. A larger "
    "`deadline_s` allows more."
)
ERROR_NO_START = (
    "Chrome ({chrome}) does not start: {reason}. Run it by hand with --headless=new --version, or "
    "set CHROME_PATH to another one."
)
ERROR_FILE = (
    "`{path}` cannot be used: {reason}. Set STACKSIGHT_CACHE_DIR to a folder that this user may "
    "write to."
)
NOTE_FEWER_RUNS = "{done} of {runs} runs were done within {seconds}; these are their figures."
NOTE_NO_SANDBOX = "Chrome ran without its sandbox, because this server runs as root."


@dataclass(frozen=True)
class Order:
    """What to audit, and how.

    Attributes:
        url: http or https.
        device: whose preset.
        categories: at least one.
        runs: how many times, one after the other.
        deadline_s: for all runs, from the moment when it is their turn.
    """

    url: str
    device: Device
    categories: Sequence[Category]
    runs: int
    deadline_s: float


@dataclass(frozen=True)
class Outcome:
    """What the runs of an order gave.

    Attributes:
        look: the page at first sight.
        results: an LHR per run.
        best_index: the best benchmarkIndex of this machine's recent runs.
        notes: what the reader has to know about how it was done.
    """

    look: Look
    results: list[dict[str, Any]]
    best_index: float
    notes: list[str]


class Lighthouse:
    """Runs audits, one at a time, on a worker that is kept warm between them.

    Attributes:
        store: the audits of the project that the server was started in.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        audits = settings.audits_dir or settings.cache_dir / "audits"
        self.store = Store(project_folder(audits, Path.cwd()))
        self._turn = asyncio.Lock()
        self._engine: Engine | None = None
        self._worker: Worker | None = None
        self._retiring: asyncio.Task[None] | None = None

    @property
    def private_allowed(self) -> bool:
        """Tell whether pages in private networks may be reached."""
        return self._settings.private_network

    @property
    def settings(self) -> Settings:
        """Return what the server was told."""
        return self._settings

    async def audit(self, order: Order, say: Say) -> Outcome:
        """Look at the page, then audit it as often as ordered.

        Raises:
            ToolFailure: there is no page, it could not be audited, or not in time.
        """
        [outcome] = await self.audit_in_turns([order], say)
        return outcome

    async def audit_in_turns(self, orders: Sequence[Order], say: Say) -> list[Outcome]:
        """Audit several pages, a run of each in turn, so that all meet the same machine.

        Args:
            orders: alike but for the address; the first one's deadline is for all.
            say: is told of every step.

        Raises:
            ToolFailure: one of them is no page, could not be audited, or not in time.
        """
        looks = [
            await look_at(
                order.url,
                timeout_s=min(order.deadline_s, FIRST_LOOK_SECONDS),
                private_allowed=self._settings.private_network,
            )
            for order in orders
        ]
        self._engine = self._engine or await ensure_engine(self._settings, say)
        async with self._turn_of(orders[0], say):
            rounds, notes = await self._all_rounds(self._engine, orders, say)
            indexes = [lhr["environment"]["benchmarkIndex"] for lhrs in rounds for lhr in lhrs]
            best = self._remember(indexes)
        if not sandboxed():
            notes.append(NOTE_NO_SANDBOX)
        return [
            Outcome(look, [lhrs[place] for lhrs in rounds], best, notes + _note_of(look))
            for place, look in enumerate(looks)
        ]

    async def close(self) -> None:
        """End Chrome and Node, if they run."""
        if self._retiring:
            self._retiring.cancel()
        worker, self._worker = self._worker, None
        if worker:
            await finish(worker.close())

    @asynccontextmanager
    async def _turn_of(self, order: Order, say: Say) -> AsyncIterator[None]:
        """Wait for what may not overlap: Lighthouse in one process, timings on one machine."""
        if self._turn.locked():
            await say("waiting for another audit of this server")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._turn)
            if "performance" in order.categories:
                lock = locked(
                    self._settings.cache_dir / "performance.lock",
                    lambda: say("waiting for another performance audit on this machine"),
                )
                await stack.enter_async_context(lock)
            yield

    async def _all_rounds(
        self, engine: Engine, orders: Sequence[Order], say: Say
    ) -> tuple[list[list[dict[str, Any]]], list[str]]:
        """Return the complete rounds, each with an LHR per order, and notes on what is missing."""
        runs, limit_s = orders[0].runs, orders[0].deadline_s
        deadline = asyncio.get_running_loop().time() + limit_s
        rounds: list[list[dict[str, Any]]] = []
        step = "starting Chrome"

        async def report(text: str) -> None:
            nonlocal step
            step = text
            await say(f"run {len(rounds) + 1} of {runs}: {text}" if runs > 1 else text)

        while len(rounds) < runs:
            try:
                async with asyncio.timeout_at(deadline):
                    rounds.append([await self._run(engine, order, report) for order in orders])
            except TimeoutError:
                seconds = format_duration(limit_s)
                if rounds:
                    note = NOTE_FEWER_RUNS.format(done=len(rounds), runs=runs, seconds=seconds)
                    return rounds, [note]
                url = inline(orders[0].url)
                raise ToolFailure(
                    ERROR_OVERDUE.format(url=url, seconds=seconds, step=inline(step, 100))
                ) from None
        return rounds, []

    async def _run(self, engine: Engine, order: Order, report: Say) -> dict[str, Any]:
        worker = await self._take_worker(engine)
        try:
            lhr = await worker.audit(
                {
                    "url": order.url,
                    "device": order.device,
                    "categories": list(order.categories),
                    "maxWaitMs": int(1000 * _patience(order.deadline_s)),
                },
                report,
            )
        except BaseException as error:  # also a cancellation: what was interrupted is not reused
            await finish(worker.close())
            if isinstance(error, WorkerDied | AuditFailed):
                raise explain_failure(order.url, error) from error
            raise
        self._worker = worker
        self._retiring = asyncio.create_task(self._retire())
        if failure := explain_runtime_error(order.url, lhr):
            raise failure
        return lhr

    async def _take_worker(self, engine: Engine) -> Worker:
        """Return the warm worker, or a new one; it is the caller's until it is put back."""
        if self._retiring:
            self._retiring.cancel()
        worker, self._worker = self._worker, None
        if worker and worker.usable:
            return worker
        if worker:
            await finish(worker.close())
        refused = refused_networks(private_allowed=self._settings.private_network)
        try:
            return await start_worker(engine, refused)
        except (AuditFailed, WorkerDied, TimeoutError) as error:
            raise ToolFailure(
                ERROR_NO_START.format(chrome=engine.chrome, reason=inline(str(error), 300))
            ) from error

    async def _retire(self) -> None:
        await asyncio.sleep(IDLE_SECONDS)
        worker, self._worker = self._worker, None
        if worker:
            await finish(worker.close())

    def _remember(self, indexes: Sequence[float]) -> float:
        """Add to this machine's recent benchmark indexes and return the best of them."""
        path = self._settings.cache_dir / "benchmark-indexes.json"
        try:
            known = [float(index) for index in json.loads(path.read_text())]
        except (OSError, ValueError, TypeError):
            known = []
        recent = [*known, *indexes][-REMEMBERED_INDEXES:]
        path.write_text(json.dumps(recent))
        return max(recent)


def _patience(deadline_s: float) -> float:
    """Return how long to wait for a page to load, so that time is left to audit what is there."""
    return min(MAX_WAIT_SECONDS, max(deadline_s - AUDIT_SECONDS, deadline_s / 4))


def _note_of(look: Look) -> list[str]:
    return [look.note] if look.note else []


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Lighthouse]:
    """Yield the source; Node and Chrome start at the first audit."""
    source = Lighthouse(settings)
    try:
        yield source
    finally:
        await source.close()


def translate(error: Exception) -> ToolFailure | None:
    """Turn what the file system says into an answer."""
    if isinstance(error, OSError) and error.filename:
        return ToolFailure(ERROR_FILE.format(path=error.filename, reason=error.strerror))
    return None
