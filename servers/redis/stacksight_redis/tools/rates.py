"""The tool that measures rates: watch_queues."""

import asyncio
import time
from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import BaseModel, Field

from stacksight_core.layout import render_table
from stacksight_core.tools import source_of, tool
from stacksight_core.units import format_count, format_duration, plural
from stacksight_redis.analysis.queue_status import GROWTH
from stacksight_redis.analysis.rates import Flow, Mark, join, measure
from stacksight_redis.facts.names import Queue
from stacksight_redis.source.connection import Source
from stacksight_redis.source.discovery import discover
from stacksight_redis.source.rate_reader import Writes, read_marks, read_writes
from stacksight_redis.tools.queues import resolve_queue

TICK_S = 0.5
MAX_QUEUES = 50
NOTE_AT_LEAST = (
    "≥: the list was emptied between two looks, so messages that came and went at once are not "
    "counted; or over 10,000 came between two looks."
)
NOTE_AT_MOST = (
    "By Redis's own count, all queues together took in at most {stored} ({stored_per_s}/s: HSET, "
    "once for every enqueue, retry and death) and let go of at most {removed} ({removed_per_s}/s: "
    "HDEL); those of other programs count too."
)
NOTE_COUNTED = (
    "in counts what was put into the list (new, retried and reclaimed messages), out what workers "
    "fetched from it; Redis keeps no count of what succeeded."
)


class Rate(BaseModel):
    """One queue during the watch; rates in messages a second."""

    queue: str
    enqueued: int
    fetched: int
    died: int
    exact: bool
    in_per_s: float
    out_per_s: float
    waiting_before: int
    waiting: int
    in_flight: int
    delayed: int
    drained_in_s: float | None = None
    verdict: str


class Rates(BaseModel):
    """All queues during the watch."""

    conclusion: str
    seconds: float
    queues: list[Rate]
    notes: list[str] = Field(default_factory=list)


def render_rates(answer: Rates) -> str:
    """The text of watch_queues."""
    rows = [
        (
            rate.queue,
            rate.verdict,
            f"{_least(rate)}{format_count(rate.enqueued)} ({rate.in_per_s:.1f}/s)",
            f"{_least(rate)}{format_count(rate.fetched)} ({rate.out_per_s:.1f}/s)",
            rate.died,
            f"{format_count(rate.waiting_before)} → {format_count(rate.waiting)}",
            format_count(rate.in_flight),
            format_count(rate.delayed),
            None if rate.drained_in_s is None else format_duration(rate.drained_in_s),
        )
        for rate in answer.queues
    ]
    columns = (
        "queue",
        "verdict",
        "in",
        "out",
        "died",
        "waiting",
        "in flight",
        "delayed",
        "empty in",
    )
    table = ["", render_table(columns, rows)] if rows else []
    return "\n".join([answer.conclusion, *table, *answer.notes])


def _least(rate: Rate) -> str:
    return "" if rate.exact else "≥ "


@tool(title="Watch queues", render=render_rates)
async def watch_queues(
    ctx: Context[Source],
    queue: Annotated[
        str | None, Field(description="Only this queue; without it, all", max_length=200)
    ] = None,
    seconds: Annotated[float, Field(description="How long to watch", ge=1, le=60)] = 5,
) -> Rates:
    """Measure what comes into and leaves the queues: rates, growth, failures, time to drain.

    Takes as long as it watches.
    Example: watch_queues(queue="captions", seconds=10)
    """
    source = source_of(ctx)
    queues = [await resolve_queue(source, queue)] if queue else (await discover(source)).queues
    watched = queues[:MAX_QUEUES]
    began = time.monotonic()
    before = await read_writes(source)
    flows = await watch(source, watched, seconds, ctx)
    after = await read_writes(source)
    rates = [rate_of(name, flow) for name, flow in flows.items()]
    rates.sort(key=lambda rate: (-max(rate.in_per_s, rate.out_per_s), rate.queue))
    notes = [NOTE_COUNTED]
    if any(not rate.exact for rate in rates):
        notes.append(NOTE_AT_LEAST)
        notes += _at_most(before, after, time.monotonic() - began)
    if len(queues) > MAX_QUEUES:
        notes.append(f"{len(queues) - MAX_QUEUES} more queues were not watched; name one.")
    return Rates(conclusion=_conclude(rates, seconds), seconds=seconds, queues=rates, notes=notes)


def _at_most(before: Writes | None, after: Writes | None, seconds: float) -> list[str]:
    """What Redis's own counts say of all queues together, unless they were reset meanwhile."""
    if before is None or after is None:
        return []
    stored, removed = after.stored - before.stored, after.removed - before.removed
    if min(stored, removed) < 0:
        return []
    return [
        NOTE_AT_MOST.format(
            stored=format_count(stored),
            stored_per_s=f"{stored / seconds:.1f}",
            removed=format_count(removed),
            removed_per_s=f"{removed / seconds:.1f}",
        )
    ]


async def watch(
    source: Source, queues: list[Queue], seconds: float, ctx: Context[Source] | None = None
) -> dict[Queue, Flow]:
    """Watch queues, with progress for the caller where a context is given."""
    began = time.monotonic()
    marks: dict[Queue, Mark] = await read_marks(source, queues)
    flows: dict[Queue, Flow] = {}
    while (left := began + seconds - time.monotonic()) > 0:
        await asyncio.sleep(min(TICK_S, left))
        later = await read_marks(source, queues, marks)
        for queue, mark in later.items():
            if queue in marks:
                flows[queue] = join(flows.get(queue), measure(marks[queue], mark))
        marks = later
        if ctx is not None:
            passed = min(seconds, time.monotonic() - began)
            await ctx.report_progress(passed, seconds, f"watching {plural(len(queues), 'queue')}")
    return flows


def rate_of(queue: Queue, flow: Flow) -> Rate:
    """A queue's flow as it is shown."""
    return Rate(
        queue=queue.label,
        enqueued=flow.enqueued,
        fetched=flow.fetched,
        died=flow.died,
        exact=flow.exact,
        in_per_s=round(flow.in_per_s, 2),
        out_per_s=round(flow.out_per_s, 2),
        waiting_before=flow.waiting_before,
        waiting=flow.waiting,
        in_flight=flow.in_flight,
        delayed=flow.delayed,
        drained_in_s=flow.drained_in_s,
        verdict=_verdict(flow),
    )


def _verdict(flow: Flow) -> str:
    if flow.waiting and not flow.fetched:
        return "not moving" if flow.waiting_before else "growing"
    if not flow.exact and flow.waiting < GROWTH:  # emptied meanwhile: somebody takes what comes
        return "keeping up" if flow.enqueued or flow.in_flight else "quiet"
    if flow.waiting > flow.waiting_before:
        return "growing"
    if flow.waiting < flow.waiting_before:
        return "shrinking"
    return "steady" if flow.waiting or flow.fetched or flow.in_flight else "quiet"


def _conclude(rates: list[Rate], seconds: float) -> str:
    watched = f"Watched {plural(len(rates), 'queue')} for {format_duration(seconds)}"
    stuck = [rate.queue for rate in rates if rate.verdict == "not moving"]
    growing = [rate.queue for rate in rates if rate.verdict == "growing"]
    told = [f"not moving: {', '.join(stuck)}"] if stuck else []
    told += [f"growing: {', '.join(growing)}"] if growing else []
    return f"{watched}: {'; '.join(told) or 'none grows or stands still'}."
