"""From subscriptions and recordings to what the pub/sub tools answer. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_count, format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.expectations import Verdict
from stacksight_redis.analysis.job_view import show_value
from stacksight_redis.analysis.pickles import PickleRefusedError, is_pickle, read_pickle
from stacksight_redis.models.channels import (
    Captured,
    CaptureView,
    Channel,
    ChannelTotal,
    GapShown,
    Listener,
)
from stacksight_redis.recording.ring import ChannelCount, Gap, Kept

PAYLOAD_SHOWN = 400
CHANNELS_SHOWN = 20
GAPS_SHOWN = 5
NAME_SHOWN = 200

SILENCE_IS_PROOF = (
    "The subscription was confirmed and never interrupted, and nothing was dropped: what is not "
    "here was not published to these channels on this Redis while it was recording"
)
SILENCE_NO_PROOF = (
    "The subscription was interrupted, so what is not here may still have been published"
)
COUNTS_ARE_PROOF = (
    "The subscription was never interrupted: the counts are exact, but of the messages only the "
    "newest are here to look at"
)


@dataclass(frozen=True)
class Recorded:
    """A recording's state at one moment, as the answers need it."""

    handle: str
    running: bool
    end_reason: str | None
    listens_to: Sequence[str]
    started_at: float
    recorded_s: float
    total: int
    dropped: int
    truncated: int
    gap_count: int
    gaps: Sequence[Gap]
    channels: dict[bytes, ChannelCount]

    @property
    def worth(self) -> str:
        """What the absence of a message from the recording proves."""
        if self.gap_count:
            return SILENCE_NO_PROOF
        return COUNTS_ARE_PROOF if self.dropped else SILENCE_IS_PROOF


def answer_capture(
    recorded: Recorded,
    messages: Sequence[Kept],
    verdict: Verdict | None,
    met: bool | None,
    *,
    exactly: bool = False,
) -> CaptureView:
    """What a call of capture_messages answers.

    Args:
        recorded: the recording.
        messages: those to show.
        verdict: the outcome of an expectation, if there was one.
        met: whether it was met.
        exactly: whether an exact number was expected.
    """
    met = met and not (exactly and verdict is not None and verdict.dropped)
    busiest = sorted(recorded.channels.items(), key=lambda item: -item[1].messages)
    return CaptureView(
        conclusion=_conclude(recorded, verdict, met, exactly=exactly),
        capture=recorded.handle,
        running=recorded.running,
        listens_to=list(recorded.listens_to),
        started_at=clock(recorded.started_at),
        recorded_s=round(recorded.recorded_s, 3),
        total=recorded.total,
        dropped=recorded.dropped,
        truncated=recorded.truncated,
        gap_count=recorded.gap_count,
        gaps=[_gap(gap) for gap in recorded.gaps[:GAPS_SHOWN]],
        met=met,
        matched=None if verdict is None else len(verdict.matched),
        mismatches=[] if verdict is None else verdict.mismatches,
        channels=[_total(name, count) for name, count in busiest[:CHANNELS_SHOWN]],
        messages=[_captured(message) for message in messages],
        last_seq=messages[-1].seq if messages else recorded.total,
        notes=_notes(recorded, len(busiest)),
    )


def _conclude(
    recorded: Recorded, verdict: Verdict | None, met: bool | None, *, exactly: bool
) -> str:
    seconds = format_duration(recorded.recorded_s)
    total = f"{plural(recorded.total, 'message')} in {seconds}"
    state = "recording" if recorded.running else f"ended ({recorded.end_reason})"
    if verdict is None:
        return f"{recorded.handle} is {state}: {total}."
    fits = f"{format_count(len(verdict.matched))} fit, of {plural(verdict.compared, 'message')}"
    if met:
        if exactly:
            return f"Met: exactly {fits} on the channel ({total}; {state})."
        return f"Met: message {verdict.matched[-1]} fits what was waited for ({total})."
    conclusion = f"Not met: {fits} on the channel ({total}; {state})."
    if verdict.dropped:
        conclusion += (
            f" That is not decided: {format_count(verdict.dropped)} came and were dropped from "
            "memory before they could be compared; read sooner, or listen to fewer channels."
        )
    if verdict.undecided:
        conclusion += (
            f" {plural(verdict.undecided, 'message')} too large to keep whole may fit all the same."
        )
    return conclusion


def _notes(recorded: Recorded, channels: int) -> list[str]:
    notes = [f"{recorded.worth}."]
    if channels > CHANNELS_SHOWN:
        notes.append(f"{format_count(channels - CHANNELS_SHOWN)} more channels are not shown.")
    return notes


def _gap(gap: Gap) -> GapShown:
    ended = None if gap.ended_at is None else clock(gap.ended_at)
    return GapShown(began_at=clock(gap.began_at), ended_at=ended, reason=inline(gap.reason))


def _total(channel: bytes, count: ChannelCount) -> ChannelTotal:
    return ChannelTotal(
        channel=show_name(channel),
        messages=count.messages,
        bytes=count.bytes,
        first_at=clock(count.first_at),
        last_at=clock(count.last_at),
    )


def _captured(message: Kept) -> Captured:
    return Captured(
        seq=message.seq,
        at=clock(message.at),
        channel=show_name(message.channel),
        pattern=None if message.pattern is None else show_name(message.pattern),
        payload=show_payload(message.data),
        bytes=message.size,
    )


def show_payload(data: bytes, limit: int = PAYLOAD_SHOWN) -> str:
    """A payload on one line: JSON and text with secrets masked, pickles unexecuted, else bytes."""
    if is_pickle(data):
        try:
            return f"pickle {show_value(read_pickle(data), limit)}"
        except PickleRefusedError as refused:
            return str(refused)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return f"{len(data)} bytes that are not UTF-8: {data[:32].hex(' ')}"
    if text[:1] in ("{", "["):
        try:
            return show_value(json.loads(text), limit)
        except (ValueError, RecursionError):
            pass
    return inline(redact_assignments(text[: 4 * limit]), limit)


def listeners_of(client_list: bytes) -> list[Listener]:
    """Connections with subscriptions, out of CLIENT LIST's answer."""
    listeners = []
    for line in client_list.decode(errors="replace").splitlines():
        fields = dict(part.split("=", 1) for part in line.split(" ") if "=" in part)
        channels = int(fields.get("sub", 0)) + int(fields.get("ssub", 0))
        patterns = int(fields.get("psub", 0))
        if channels or patterns:
            listeners.append(
                Listener(
                    address=fields.get("addr", "?"),
                    name=fields.get("name") or None,
                    user=fields.get("user") or None,
                    channels=channels,
                    patterns=patterns,
                    connected_s=int(fields.get("age", 0)),
                )
            )
    return sorted(listeners, key=lambda listener: (-listener.patterns, -listener.channels))


def channels_of(
    names: Sequence[bytes], counts: Sequence[int], *, sharded: bool = False
) -> list[Channel]:
    """Channels with their subscribers."""
    return [
        Channel(channel=show_name(name), subscribers=count, sharded=sharded)
        for name, count in zip(names, counts, strict=True)
    ]


def show_name(name: bytes) -> str:
    """A channel's or pattern's name on one line."""
    return inline(name.decode(errors="backslashreplace"), NAME_SHOWN)


def clock(at: float) -> str:
    """A Unix time in seconds as UTC time of day with milliseconds."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]
