"""The tool that records: capture_messages, of pub/sub channels and of queues."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field
from redis.exceptions import ResponseError

from stacksight_core.errors import ToolFailure
from stacksight_core.names import nearest
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.channel_answers import Recorded, answer_capture, show_name
from stacksight_redis.analysis.expectations import Verdict, compare, is_met
from stacksight_redis.analysis.queue_capture import (
    FollowedQueues,
    answer_queue_capture,
    is_exceeded,
    is_reached,
)
from stacksight_redis.facts.info import parse_info
from stacksight_redis.facts.names import parse_queue
from stacksight_redis.models.channels import CaptureView, Expectation
from stacksight_redis.recording.recorder import Recorder
from stacksight_redis.recording.ring import Kept
from stacksight_redis.recording.wire import Subscription, WireError
from stacksight_redis.render.channels import render_capture
from stacksight_redis.source.connection import Source
from stacksight_redis.source.queue_watcher import QueueWatcher
from stacksight_redis.tools.channels import GLOB, MAX_CHANNELS

MAX_SEQ = 10**9
MAX_SHOWN = 50

ERROR_SUBSCRIBE = "The subscription at {where} was not made: {reason}."
ERROR_NO_SUBJECT = (
    'Either `channels` or `queues` is required for action="start", e.g. channels=["captions:*"].'
)
ERROR_NO_CAPTURE = '`capture` is required for action="{action}": the handle that "start" returned.'
ERROR_OF_QUEUES = (
    "This capture follows queues: `wait_for` takes actor, state, within_s, count and exactly."
)
ERROR_OF_CHANNELS = (
    "This capture records channels: `wait_for` takes channel, path, equals, contains, count and "
    "exactly."
)
NOTE_KEY_EVENTS = (
    "Key events are published only where the server's notify-keyspace-events is set; its default "
    "is off."
)


@tool(title="Capture messages", render=render_capture, idempotent=False)
async def capture_messages(
    ctx: Context[Source],
    *,
    action: Annotated[
        Literal["start", "read", "stop"],
        Field(description="what to do"),
    ],
    channels: Annotated[
        list[Annotated[str, Field(max_length=500)]] | None,
        Field(description="start: channels or patterns", max_length=50),
    ] = None,
    queues: Annotated[
        list[Annotated[str, Field(max_length=200)]] | None,
        Field(description="start: or queues to follow", max_length=5),
    ] = None,
    sharded: Annotated[bool, Field(description="start: sharded channels")] = False,
    max_seconds: Annotated[float, Field(description="start: ends by itself", gt=0, le=3600)] = 600,
    capture: Annotated[str | None, Field(description="handle from start", max_length=60)] = None,
    after_seq: Annotated[
        int | None,
        Field(description="only what came after it", ge=0, le=MAX_SEQ),
    ] = None,
    limit: Annotated[int, Field(description="messages shown", ge=0, le=MAX_SHOWN)] = 10,
    wait_for: Annotated[
        Expectation | None,
        Field(description="answer as soon as this has come"),
    ] = None,
    timeout_s: Annotated[float, Field(description="for wait_for", ge=0, le=120)] = 10,
) -> CaptureView:
    """Record pub/sub messages or queues while something happens, and prove what was (not) sent.

    start, do the thing, then read or stop. Four at most; they live as long as this server.
    Example: capture_messages(action="start", channels=["user:*"]), later
    (action="stop", capture="capture-…", wait_for={"contains": "done"})
    """
    source = source_of(ctx)
    if action == "start":
        if bool(channels) == bool(queues):
            raise ToolFailure(ERROR_NO_SUBJECT)
        if queues:
            return await _follow(source, queues, max_seconds)
        return await _start(source, channels or [], max_seconds, sharded=sharded)
    if capture is None:
        raise ToolFailure(ERROR_NO_CAPTURE.format(action=action))
    kept = source.captures.get(capture)
    if isinstance(kept, QueueWatcher):
        return await _read_queues(capture, kept, action, limit, wait_for, timeout_s)
    if wait_for is not None and (wait_for.actor is not None or wait_for.within_s is not None):
        raise ToolFailure(ERROR_OF_CHANNELS)
    assert isinstance(kept, Recorder)
    return await _read(
        source, capture, kept, action=action, after_seq=after_seq, limit=limit,
        wait_for=wait_for, timeout_s=timeout_s,
    )  # fmt: skip


async def tell_capture(source: Source, capture: str) -> CaptureView:
    """Return what a capture has recorded, with the newest messages.

    Raises:
        ToolFailure: there is no such capture.
    """
    kept = source.captures.get(capture)
    if isinstance(kept, QueueWatcher):
        return await _read_queues(capture, kept, "read", MAX_SHOWN, None, 0)
    assert isinstance(kept, Recorder)
    return await _read(
        source, capture, kept, action="read", after_seq=None, limit=MAX_SHOWN, wait_for=None,
        timeout_s=0,
    )  # fmt: skip


async def _read(
    source: Source,
    capture: str,
    recorder: Recorder,
    *,
    action: str,
    after_seq: int | None,
    limit: int,
    wait_for: Expectation | None,
    timeout_s: float,
) -> CaptureView:
    met, verdict = None, None
    if wait_for is None:
        await recorder.settle()
    else:
        met, verdict = await _await_expected(recorder, wait_for, after_seq or 0, timeout_s)
    if action == "stop":
        await recorder.stop()
    shown = recorder.ring.newest(limit)
    if after_seq is not None:
        shown = recorder.ring.after(after_seq, limit)
    elif verdict is not None and verdict.matched:
        shown = _by_number(recorder, verdict.matched[-limit:] if limit else [])
    exactly = wait_for is not None and wait_for.exactly
    view = answer_capture(_state(capture, recorder), shown, verdict, met, exactly=exactly)
    if recorder.ring.total == 0 or met is False:
        view.notes += await _who_else(source, recorder.subscription)
    return view


async def _read_queues(
    handle: str,
    watcher: QueueWatcher,
    action: str,
    limit: int,
    wait_for: Expectation | None,
    timeout_s: float,
) -> CaptureView:
    if wait_for is not None and (wait_for.channel or wait_for.path or wait_for.contains):
        raise ToolFailure(ERROR_OF_QUEUES)
    if wait_for is not None:
        await _await_jobs(watcher, wait_for, timeout_s)
    if action == "stop":
        await watcher.stop()
    await watcher.count_writes()
    return answer_queue_capture(_state_of_queues(handle, watcher), wait_for, limit)


async def _follow(source: Source, names: Sequence[str], max_seconds: float) -> CaptureView:
    source.captures.make_room()
    watcher = QueueWatcher(source, [parse_queue(name) for name in names], max_seconds)
    await watcher.start()
    handle = source.captures.add(watcher)
    view = answer_queue_capture(_state_of_queues(handle, watcher), None, 0)
    view.next = ["do the thing that enqueues", _stop_call(handle)]
    view.notes = [f"It ends by itself in {max_seconds:g} s."]
    return view


async def _await_jobs(watcher: QueueWatcher, expected: Expectation, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while not is_reached(watcher.history, expected):
        left = deadline - time.monotonic()
        if left <= 0 or not watcher.running or is_exceeded(watcher.history, expected):
            return False
        await watcher.wait_changed(left)
    return True


def _state_of_queues(handle: str, watcher: QueueWatcher) -> FollowedQueues:
    return FollowedQueues(
        handle=handle,
        running=watcher.running,
        end_reason=watcher.end_reason,
        queues=watcher.subjects,
        started_at=watcher.started_at,
        recorded_s=(watcher.ended_at or time.time()) - watcher.started_at,
        longest_pause_s=watcher.longest_pause_s,
        interrupted=watcher.interrupted,
        unexplained_writes=watcher.unexplained_writes,
        history=watcher.history,
    )


def _stop_call(handle: str) -> str:
    return f'capture_messages(action="stop", capture="{handle}")'


async def _start(
    source: Source, channels: list[str], max_seconds: float, *, sharded: bool
) -> CaptureView:
    patterns = tuple(name for name in channels if GLOB & set(name) and not sharded)
    plain = tuple(name for name in channels if name not in patterns)
    subscription = Subscription(
        channels=() if sharded else plain, patterns=patterns, sharded=plain if sharded else ()
    )
    try:
        handle, recorder = await source.captures.start(subscription, max_seconds)
    except WireError as error:
        await source.run("PING")  # says it better where Redis is down
        raise ToolFailure(
            ERROR_SUBSCRIBE.format(where=source.where, reason=inline(str(error)).rstrip("."))
        ) from error
    view = answer_capture(_state(handle, recorder), [], None, None)
    view.next = ["do the thing that publishes", _stop_call(handle)]
    view.notes = [f"Redis has confirmed the subscription. It ends by itself in {max_seconds:g} s."]
    if any(name.startswith("__key") for name in channels):
        view.notes.append(NOTE_KEY_EVENTS)
    return view


async def _await_expected(
    recorder: Recorder, expected: Expectation, after_seq: int, timeout_s: float
) -> tuple[bool, Verdict]:
    """Compare what is recorded and what arrives until it is enough or time is up.

    An exact number is judged by all that is recorded when it is reached, not by the first ones.
    """
    verdict, seen = Verdict(), after_seq
    deadline = time.monotonic() + timeout_s
    await recorder.settle()
    while True:
        verdict.dropped += max(0, recorder.ring.oldest_kept - seen - 1)
        seen = max(seen, recorder.ring.oldest_kept - 1)
        batch = recorder.ring.after(seen, 1_000)
        for message in batch:
            compare(expected, message, verdict)
            seen = message.seq
            if not expected.exactly and is_met(expected, verdict):
                return True, verdict
        if batch:
            await asyncio.sleep(0)  # others may go on between two batches
            continue
        left = deadline - time.monotonic()
        enough = len(verdict.matched) >= expected.count
        if enough or left <= 0 or not await recorder.wait_beyond(seen, left):
            return is_met(expected, verdict), verdict


def _by_number(recorder: Recorder, numbers: list[int]) -> list[Kept]:
    return [kept for seq in numbers for kept in recorder.ring.after(seq - 1, 1) if kept.seq == seq]


def _state(handle: str, recorder: Recorder) -> Recorded:
    ring = recorder.ring
    return Recorded(
        handle=handle,
        running=recorder.running,
        end_reason=recorder.end_reason,
        listens_to=recorder.subjects,
        started_at=recorder.started_at,
        recorded_s=(recorder.ended_at or time.time()) - recorder.started_at,
        total=ring.total,
        dropped=ring.dropped,
        truncated=ring.truncated,
        gap_count=recorder.gap_count,
        gaps=recorder.gaps,
        channels=ring.channels(),
    )


async def _who_else(source: Source, subscription: Subscription) -> list[str]:
    """Channels that others listen to and whose names are like ours: a mistyped name shows here."""
    in_use = int(parse_info(await source.run("INFO", "stats")).get("pubsub_channels", 0))
    if in_use > MAX_CHANNELS:
        return []
    answers: list[Any] = await source.run_all([("PUBSUB", "CHANNELS", "*"), ("PUBSUB", "NUMPAT")])
    if isinstance(answers[0], ResponseError):
        return []
    others = [
        show_name(name)
        for name in answers[0]
        if name.decode(errors="replace") not in subscription.names
    ]
    near = sorted(
        {name for ours in subscription.names for name in nearest(ours.strip("*?"), others)}
    )
    listening = f"{len(others)} other channels have direct subscribers"
    similar = f"; similar names: {', '.join(near)}" if near else ""
    return [f"{listening}{similar}. Pattern subscriptions: {answers[1]}."]
