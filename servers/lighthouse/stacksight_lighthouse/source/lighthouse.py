"""The only room that talks to real systems: the page's server, Lighthouse in Chrome, the files."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.addresses import refused_networks
from stacksight_lighthouse.engine.install import Engine, Say, ensure_engine
from stacksight_lighthouse.engine.pool import WorkerPool
from stacksight_lighthouse.engine.process import AuditFailed, WorkerDied, finish, sandboxed
from stacksight_lighthouse.failures import explain_failure, explain_runtime_error
from stacksight_lighthouse.models.orders import Order
from stacksight_lighthouse.secrets import mask_result
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source.preflight import Look, look_at
from stacksight_lighthouse.source.store import Store, project_folder
from stacksight_lighthouse.source.turns import Turns

FIRST_LOOK_SECONDS = 30.0
MAX_WAIT_SECONDS = 45.0
"""Lighthouse's own limit for a page to load, after which it audits what is there."""
AUDIT_SECONDS = 25.0
"""What is kept of a deadline for the audit itself, after the load."""
REMEMBERED_INDEXES = 30

Enough = Callable[[Sequence[Sequence[Mapping[str, Any]]]], Awaitable[bool]]

ERROR_OVERDUE = (
    "The audit of `{url}` was stopped after {seconds}, while: {step}. The page answered at first; "
    "a script that never ends or a request that never finishes may hold it up. A larger "
    "`deadline_s` allows more."
)
ERROR_FILE = (
    "`{path}` cannot be used: {reason}. Set STACKSIGHT_CACHE_DIR to a folder that this user may "
    "write to."
)
NOTE_FEWER_RUNS = "{done} of {runs} runs were done within {seconds}; these are their figures."
NOTE_NO_SANDBOX = "Chrome ran without its sandbox, because this server runs as root."


@dataclass(frozen=True)
class Outcome:
    """What the runs of an order gave.

    Attributes:
        look: the page at first sight.
        results: an LHR per run, without the secrets that opened the page.
        best_index: the best benchmarkIndex of this machine's recent runs.
        notes: what the reader has to know about how it was done.
    """

    look: Look
    results: list[dict[str, Any]]
    best_index: float | None
    notes: list[str]


class Lighthouse:
    """Runs audits on workers that are kept warm between them.

    Attributes:
        store: the audits of the project that the server was started in.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        audits = settings.audits_dir or settings.cache_dir / "audits"
        self.store = Store(project_folder(audits, Path.cwd()))
        self._turns = Turns(settings.cache_dir)
        self._engine: Engine | None = None
        self._workers = WorkerPool(refused_networks(private_allowed=settings.private_network))

    @property
    def private_allowed(self) -> bool:
        """Tell whether pages in private networks may be reached."""
        return self._settings.private_network

    @property
    def settings(self) -> Settings:
        """Return what the server was told."""
        return self._settings

    async def report_assets(self) -> tuple[str, str]:
        """Return the template and the script of Lighthouse's own report.

        Raises:
            ToolFailure: Lighthouse is not installed and cannot be.
        """
        self._engine = self._engine or await ensure_engine(self._settings, _quietly)
        lighthouse = self._engine.worker.parents[1] / "node_modules" / "lighthouse"
        files = ("report/assets/standalone-template.html", "dist/report/standalone.js")
        template, script = [
            await in_thread((lighthouse / name).read_text, "utf-8") for name in files
        ]
        return template, script

    async def audit(self, order: Order, say: Say) -> Outcome:
        """Look at the page, then audit it as often as ordered.

        Raises:
            ToolFailure: there is no page, it could not be audited, or not in time.
        """
        [outcome] = await self.audit_in_turns([order], say)
        return outcome

    async def audit_in_turns(
        self, orders: Sequence[Order], say: Say, enough: Enough | None = None
    ) -> list[Outcome]:
        """Audit several pages, a run of each in turn, so that all meet the same machine.

        Args:
            orders: alike but for the address; the first one's deadline is for all.
            say: is told of every step.
            enough: tells after a round, from an LHR per order of each, whether it may be the last.

        Raises:
            ToolFailure: one of them is no page, could not be audited, or not in time.
        """
        orders = [order.with_login_as_header() for order in orders]
        deadline = asyncio.get_running_loop().time() + orders[0].deadline_s
        looks = [await self._look(order, deadline) for order in orders]
        left_s = deadline - asyncio.get_running_loop().time()
        self._engine = self._engine or await ensure_engine(self._settings, say)
        async with self._turns.turn(say, alone=orders[0].timed):
            rounds, notes = await self._all_rounds(orders, looks, left_s, say, enough)
            indexes = [lhr["environment"]["benchmarkIndex"] for lhrs in rounds for lhr in lhrs]
            best = await asyncio.to_thread(self._remember, indexes) if orders[0].timed else None
        if not sandboxed():
            notes.append(NOTE_NO_SANDBOX)
        return [
            Outcome(
                look,
                [lhrs[place] for lhrs in rounds],
                best,
                [*notes, *order.notes(), *([look.note] if look.note else [])],
            )
            for place, (order, look) in enumerate(zip(orders, looks, strict=True))
        ]

    async def close(self) -> None:
        """End Chrome and Node, if they run."""
        await self._workers.close()

    async def _look(self, order: Order, deadline: float) -> Look:
        left_s = deadline - asyncio.get_running_loop().time()
        return await look_at(
            order.url,
            timeout_s=max(1.0, min(left_s, FIRST_LOOK_SECONDS)),
            private_allowed=self._settings.private_network,
            access=order.access,
        )

    async def _all_rounds(
        self,
        orders: Sequence[Order],
        looks: Sequence[Look],
        limit_s: float,
        say: Say,
        enough: Enough | None,
    ) -> tuple[list[list[dict[str, Any]]], list[str]]:
        """Return the complete rounds, each with an LHR per order, and notes on what is missing."""
        runs = orders[0].runs
        deadline = asyncio.get_running_loop().time() + limit_s
        rounds: list[list[dict[str, Any]]] = []
        step = "starting Chrome"

        async def report(text: str) -> None:
            nonlocal step
            step = text
            await say(f"run {len(rounds) + 1} of {runs}: {text}" if runs > 1 else text)

        pages = list(zip(orders, looks, strict=True))
        while len(rounds) < runs:
            backwards = len(rounds) % 2 == 1  # so that a steady drift hits all alike
            try:
                async with asyncio.timeout_at(deadline):
                    lhrs = [
                        await self._run(order, look, limit_s, report)
                        for order, look in (reversed(pages) if backwards else pages)
                    ]
            except TimeoutError:
                seconds = format_duration(orders[0].deadline_s)
                if rounds:
                    note = NOTE_FEWER_RUNS.format(done=len(rounds), runs=runs, seconds=seconds)
                    return rounds, [note]
                url = inline(orders[0].shown_url)
                raise ToolFailure(
                    ERROR_OVERDUE.format(url=url, seconds=seconds, step=inline(step, 100))
                ) from None
            rounds.append(lhrs[::-1] if backwards else lhrs)
            if enough and await enough(rounds):
                break
        return rounds, []

    async def _run(self, order: Order, look: Look, limit_s: float, report: Say) -> dict[str, Any]:
        assert self._engine is not None
        secrets = order.secrets()
        worker = await self._workers.take(self._engine, bound_cookies=bool(order.access.cookies))
        message = order.for_worker(max_wait_s=_patience(limit_s), trusting=look.untrusted)
        try:
            lhr = await worker.audit(message, report)
        except BaseException as error:  # also a cancellation: what was interrupted is not reused
            await finish(worker.kill())
            if isinstance(error, WorkerDied | AuditFailed):
                raise explain_failure(order.shown_url, error, secrets) from error
            raise
        self._workers.put(worker)
        lhr = await in_thread(mask_result, lhr, secrets) if secrets else lhr
        if failure := explain_runtime_error(order.shown_url, lhr):
            raise failure
        return lhr

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


def _patience(limit_s: float) -> float:
    """Return how long to wait for a page to load, so that time is left to audit what is there."""
    return min(MAX_WAIT_SECONDS, max(limit_s - AUDIT_SECONDS, limit_s / 4))


async def _quietly(_: str) -> None:
    """Tell nobody: a resource is read without progress."""


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
