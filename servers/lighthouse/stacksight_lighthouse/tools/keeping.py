"""Keeps what the source found, for later calls."""

import asyncio

from stacksight_lighthouse.analysis.figures import figures_of
from stacksight_lighthouse.analysis.history import entry_of
from stacksight_lighthouse.analysis.metrics import timings_of
from stacksight_lighthouse.analysis.report import busy_runs, representative_run
from stacksight_lighthouse.models.audits import StoredAudit
from stacksight_lighthouse.models.orders import Order
from stacksight_lighthouse.source.lighthouse import Lighthouse, Outcome


async def keep(source: Lighthouse, order: Order, outcome: Outcome) -> tuple[str, StoredAudit]:
    """Store the outcome of an order and return its handle and what was stored."""
    audit = StoredAudit(
        requested_url=order.shown_url,
        device=order.device,
        lhr=representative_run(outcome.results),
        runs=[timings_of(lhr) for lhr in outcome.results],
        best_index=outcome.best_index,
        notes=[*outcome.notes, *busy_runs(outcome.results, outcome.best_index)],
        figures=[figures_of(lhr) for lhr in outcome.results],
    )
    return await asyncio.to_thread(source.store.save, audit, entry_of), audit
