"""The pub/sub tools' answers as compact text. Pure."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, format_count, format_duration, plural
from stacksight_core.untrusted import fence
from stacksight_redis.models.channels import CaptureView, ChannelList
from stacksight_redis.render.queues import next_page


def render_channel_list(answer: ChannelList) -> str:
    """The text of list_channels."""
    parts = [answer.conclusion]
    if answer.near:
        parts.append(f"Channels with similar names: {', '.join(answer.near)}.")
    if answer.channels:
        table = render_table(
            ("channel", "direct subscribers"),
            [
                (f"{c.channel} (sharded)" if c.sharded else c.channel, c.subscribers)
                for c in answer.channels
            ],
        )
        parts += ["", fence(table, "channel names")]
    if answer.listeners:
        rows = [
            (
                listener.address,
                listener.name,
                listener.user,
                listener.channels,
                listener.patterns,
                format_duration(listener.connected_s),
            )
            for listener in answer.listeners
        ]
        columns = ("subscriber", "client name", "user", "channels", "patterns", "connected for")
        parts += ["", render_table(columns, rows)]
    return "\n".join([*parts, *answer.notes, *next_page(answer.next_cursor)])


def render_capture(answer: CaptureView) -> str:
    """The text of capture_messages."""
    parts = [
        answer.conclusion,
        f"capture: {answer.capture}; listens to {', '.join(answer.listens_to)} since "
        f"{answer.started_at} UTC{f'; last seq {answer.last_seq}' if answer.last_seq else ''}",
    ]
    if answer.next:
        parts.append(f"Next: {'; '.join(answer.next)}")
    if answer.mismatches:
        parts.append(fence("\n".join(answer.mismatches), "why others did not fit"))
    lost = [
        f"{format_count(answer.dropped)} dropped from memory (counted, no longer shown)",
        f"{format_count(answer.truncated)} cut",
        f"{plural(answer.gap_count, 'gap')} in the subscription",
    ]
    lost = [told for told in lost if not told.startswith("0 ")]
    if lost:
        parts.append(f"Not complete: {'; '.join(lost)}.")
    parts += [
        f"Gap from {gap.began_at} to {gap.ended_at or 'now'}: {gap.reason}" for gap in answer.gaps
    ]
    parts += [*_totals(answer), *_messages(answer), *_jobs(answer), *answer.notes]
    return "\n".join(parts)


def _totals(answer: CaptureView) -> list[str]:
    if not answer.channels:
        return []
    rows = [
        (
            total.channel,
            format_count(total.messages),
            format_bytes(total.bytes),
            total.first_at,
            total.last_at,
        )
        for total in answer.channels
    ]
    columns = ("channel", "messages", "payload", "first (UTC)", "last (UTC)")
    return ["", fence(render_table(columns, rows), "channel totals")]


def _messages(answer: CaptureView) -> list[str]:
    if not answer.messages:
        return []
    rows = [
        (
            message.seq,
            message.at,
            f"{message.channel} (by {message.pattern})" if message.pattern else message.channel,
            message.payload,
            message.bytes,
        )
        for message in answer.messages
    ]
    columns = ("seq", "at (UTC)", "channel", "payload", "bytes")
    return ["", fence(render_table(columns, rows, cell_limit=500), "messages")]


def _jobs(answer: CaptureView) -> list[str]:
    if not answer.actors:
        return []
    actors = [
        (change.queue, change.actor, change.enqueued, change.finished, change.died, change.open,
         change.failures)
        for change in answer.actors
    ]  # fmt: skip
    columns = ("queue", "actor", "enqueued", "finished", "died", "open", "failed attempts")
    parts = ["", fence(render_table(columns, actors), "actors")]
    if answer.jobs:
        jobs = [
            (
                job.message_id,
                job.actor,
                job.arguments,
                "before the start" if job.enqueued_after_s is None else _at(job.enqueued_after_s),
                job.state,
                None if job.ended_after_s is None else _at(job.ended_after_s),
            )
            for job in answer.jobs
        ]
        names = ("message_id", "actor", "arguments", "enqueued", "state", "ended")
        parts += ["", fence(render_table(names, jobs), "messages")]
    return parts


def _at(seconds: float) -> str:
    return f"after {format_duration(seconds)}"
