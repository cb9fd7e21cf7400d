"""The tools about pub/sub: list_channels, capture_messages."""

import asyncio
import time
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field
from redis.exceptions import ResponseError

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.names import nearest
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import inline
from stacksight_redis.capture_recorder import Recorder
from stacksight_redis.capture_ring import Kept
from stacksight_redis.capture_wire import Subscription, WireError
from stacksight_redis.channel_answers import (
    Recorded,
    answer_capture,
    channels_of,
    listeners_of,
    show_name,
)
from stacksight_redis.channel_models import CaptureView, ChannelList, Expectation
from stacksight_redis.expectations import Verdict, compare
from stacksight_redis.info import parse_info
from stacksight_redis.render_channels import render_capture, render_channel_list
from stacksight_redis.source import NotPermittedError, Source

CHANNELS_A_PAGE = 50
MAX_CHANNELS = 20_000
MAX_CLIENTS = 5_000
LISTENERS_SHOWN = 20
GLOB = frozenset("*?[")

ERROR_MANY_CHANNELS = (
    '{count} channels are in use, too many to list. Give `match`, for example match="user:*".'
)
ERROR_SUBSCRIBE = "The subscription at {where} was not made: {reason}."
ERROR_NO_CHANNELS = '`channels` is required for action="start", e.g. channels=["captions:*"].'
ERROR_NO_CAPTURE = '`capture` is required for action="{action}": the handle that "start" returned.'
NOTE_PATTERNS = (
    "Redis counts pattern subscriptions but does not tell the patterns; any of them may match a "
    "channel without direct subscribers. Counts are of this node."
)
NOTE_KEY_EVENTS = (
    "Key events are published only where the server's notify-keyspace-events is set; its default "
    "is off."
)


@tool(title="List channels", render=render_channel_list)
async def list_channels(
    ctx: Context[Source],
    match: Annotated[
        str | None,
        Field(description="A channel, or a pattern with * ? [ ]", max_length=200),
    ] = None,
    cursor: Annotated[
        str | None, Field(description="Where the next page begins", max_length=500)
    ] = None,
) -> ChannelList:
    """Say who listens to pub/sub right now: channels, direct subscribers, pattern subscribers.

    Answers at once whether anybody would receive a message, without capturing.
    Example: list_channels(match="captions:user:*")
    """
    source = source_of(ctx)
    stats = parse_info(await source.run("INFO", "stats"))
    in_use = int(stats.get("pubsub_channels", 0))
    if match is None and in_use > MAX_CHANNELS:
        raise ToolFailure(ERROR_MANY_CHANNELS.format(count=f"{in_use:,}"))
    names = sorted(await source.run("PUBSUB", "CHANNELS", match or "*"))
    scope = {"tool": "list_channels", "match": match}
    start = decode_cursor(cursor, **scope) if cursor else 0
    page = names[start : start + CHANNELS_A_PAGE]
    patterns = int(await source.run("PUBSUB", "NUMPAT"))
    answer = ChannelList(
        conclusion=_conclude(match, len(names), patterns),
        channels=channels_of(page, await _count_subscribers(source, page)),
        patterns=patterns,
        notes=[NOTE_PATTERNS] if patterns or not names else [],
    )
    if len(names) > start + CHANNELS_A_PAGE:
        answer.next_cursor = encode_cursor(start + CHANNELS_A_PAGE, **scope)
    if match is not None and not names:
        answer.near = await _near(source, match, in_use)
    await _add_listeners(source, answer)
    return answer


def _conclude(match: str | None, channels: int, patterns: int) -> str:
    what = "channels have" if channels != 1 else "channel has"
    which = "" if match is None else f" that matches {inline(match, 80)!r}"
    if not channels:
        direct = f"No channel{which} has a direct subscriber"
    else:
        direct = f"{channels:,} {what} direct subscribers" + (
            "" if match is None else f" and match {inline(match, 80)!r}"
        )
    return f"{direct}; pattern subscriptions: {patterns:,}."


async def _count_subscribers(source: Source, names: list[bytes]) -> list[int]:
    if not names:
        return []
    answer = await source.run("PUBSUB", "NUMSUB", *names)
    return [int(count) for count in answer[1::2]]


async def _near(source: Source, match: str, in_use: int) -> list[str]:
    if in_use > MAX_CHANNELS:
        return []
    names = [show_name(name) for name in await source.run("PUBSUB", "CHANNELS", "*")]
    return nearest(match.strip("*?"), names)


async def _add_listeners(source: Source, answer: ChannelList) -> None:
    """Add the connections that listen, where the ACL and their number allow it."""
    clients = parse_info(await source.run("INFO", "clients"))
    if int(clients.get("connected_clients", 0)) > MAX_CLIENTS:
        answer.notes.append("Too many connections to list the subscribers.")
        return
    try:
        listing = await source.run("CLIENT", "LIST", "TYPE", "pubsub")
    except NotPermittedError as refused:
        answer.notes.append(f"The subscribers are not named: {refused}")
        return
    listeners = listeners_of(listing)
    answer.listeners = listeners[:LISTENERS_SHOWN]
    if len(listeners) > LISTENERS_SHOWN:
        answer.notes.append(f"{len(listeners) - LISTENERS_SHOWN} more subscribers are not shown.")


@tool(title="Capture pub/sub messages", render=render_capture, idempotent=False)
async def capture_messages(
    ctx: Context[Source],
    *,
    action: Annotated[
        Literal["start", "read", "stop"],
        Field(description="start a recording, read it while it runs, stop it"),
    ],
    channels: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=500)]] | None,
        Field(description="start: channels, or patterns with * ? [ ]", min_length=1, max_length=50),
    ] = None,
    sharded: Annotated[bool, Field(description="start: the channels are sharded ones")] = False,
    max_seconds: Annotated[
        float, Field(description="start: it ends by itself after this", gt=0, le=3600)
    ] = 600,
    capture: Annotated[
        str | None, Field(description="read, stop: the handle from start", max_length=60)
    ] = None,
    after_seq: Annotated[
        int | None,
        Field(description="read, stop: messages after this number; else the newest", ge=0),
    ] = None,
    limit: Annotated[int, Field(description="read, stop: messages shown", ge=0, le=50)] = 10,
    wait_for: Annotated[
        Expectation | None,
        Field(description="read, stop: answer as soon as this has arrived, also before the call"),
    ] = None,
    timeout_s: Annotated[
        float, Field(description="read, stop: how long to wait for it", ge=0, le=120)
    ] = 10,
) -> CaptureView:
    """Record pub/sub messages while something happens, and prove what was (not) published.

    start, do the thing, then read or stop. Counts are exact; the newest messages are kept, four
    recordings at most; they live as long as this server.
    Example: capture_messages(action="start", channels=["captions:user:*"]), later
    capture_messages(action="stop", capture="capture-3fa9c1d2",
    wait_for={"path": "event", "equals": "captioned"})
    """
    source = source_of(ctx)
    if action == "start":
        return await _start(source, channels, max_seconds, sharded=sharded)
    if capture is None:
        raise ToolFailure(ERROR_NO_CAPTURE.format(action=action))
    recorder = source.captures.get(capture)
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
    view = answer_capture(_state(capture, recorder), shown, verdict, met)
    if recorder.ring.total == 0 or met is False:
        view.notes += await _who_else(source, recorder.subscription)
    return view


async def _start(
    source: Source, channels: list[str] | None, max_seconds: float, *, sharded: bool
) -> CaptureView:
    if not channels:
        raise ToolFailure(ERROR_NO_CHANNELS)
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
    view.next = [
        "do the thing that publishes",
        f'capture_messages(action="stop", capture="{handle}")',
    ]
    view.notes = [f"Redis has confirmed the subscription. It ends by itself in {max_seconds:g} s."]
    if any(name.startswith("__key") for name in channels):
        view.notes.append(NOTE_KEY_EVENTS)
    return view


async def _await_expected(
    recorder: Recorder, expected: Expectation, after_seq: int, timeout_s: float
) -> tuple[bool, Verdict]:
    """Compare what is recorded and what arrives until it is enough or time is up."""
    verdict, seen = Verdict(), after_seq
    deadline = time.monotonic() + timeout_s
    await recorder.settle()
    while True:
        batch = recorder.ring.after(seen, 1_000)
        for message in batch:
            compare(expected, message, verdict)
            seen = message.seq
            if len(verdict.matched) >= expected.count:
                return True, verdict
        if batch:
            await asyncio.sleep(0)  # others may go on between two batches
            continue
        left = deadline - time.monotonic()
        if left <= 0 or not await recorder.wait_beyond(seen, left):
            return False, verdict


def _by_number(recorder: Recorder, numbers: list[int]) -> list[Kept]:
    return [kept for seq in numbers for kept in recorder.ring.after(seq - 1, 1) if kept.seq == seq]


def _state(handle: str, recorder: Recorder) -> Recorded:
    ring = recorder.ring
    return Recorded(
        handle=handle,
        running=recorder.running,
        end_reason=recorder.end_reason,
        listens_to=recorder.subscription.names,
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
