"""The queue tools' answers as compact text. Pure."""

from collections.abc import Sequence

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, format_count, format_duration
from stacksight_core.untrusted import fence
from stacksight_redis.models.queues import (
    Actor,
    DeadLetters,
    Message,
    MessagePage,
    QueueList,
    QueueRow,
    QueueView,
)

STATE_NAMES = {
    "waiting": "Waiting, next to run first",
    "in_flight": "In flight, oldest first",
    "delayed": "Delayed, next due first",
    "dead": "Dead, newest first",
}


def render_queue_list(answer: QueueList) -> str:
    """The text of list_queues."""
    parts = [answer.conclusion]
    parts += [
        f"- {row.queue} is {row.status}: {row.reason}."
        for row in answer.queues
        if row.status not in ("idle", "flowing") and row.reason is not None
    ]
    if answer.next:
        parts.append(f"Next: {'; '.join(answer.next)}")
    if answer.queues:
        parts += ["", _rows(answer.queues)]
    parts += ["", *holders_of(answer.queues)]
    parts.append(
        f"Processes with a heartbeat: {answer.processes_alive} alive, {answer.processes_silent} "
        "silent (workers and producers alike)."
    )
    return "\n".join([*parts, *answer.notes, *next_page(answer.next_cursor)])


def _rows(rows: Sequence[QueueRow]) -> str:
    columns = (
        "queue", "status", "waiting", "oldest", "in flight", "delayed", "dead", "dead in 1 h",
        "consumers",
    )  # fmt: skip
    return render_table(
        columns,
        [
            (
                row.queue,
                _status(row),
                format_count(row.waiting),
                duration(row.oldest_waiting_s),
                format_count(row.in_flight),
                format_count(row.delayed),
                format_count(row.dead),
                format_count(row.dead_last_hour),
                row.consumers or None,
            )
            for row in rows
        ],
    )


def _status(row: QueueRow) -> str:
    """The status; its reason too where the list above does not tell it."""
    if row.reason is None or row.status not in ("idle", "flowing"):
        return row.status
    return f"{row.status}: {row.reason}"


def holders_of(rows: Sequence[QueueRow]) -> list[str]:
    """Who holds the messages of each queue."""
    return [f"{row.queue} held by {'; '.join(row.held_by)}" for row in rows if row.held_by]


def render_queue_view(answer: QueueView) -> str:
    """The text of inspect_queue."""
    parts = [answer.conclusion]
    if answer.next:
        parts.append(f"Next: {'; '.join(answer.next)}")
    parts += ["", _rows([answer.row]), *holders_of([answer.row])]
    if answer.actors:
        parts += ["", _actors(answer)]
    if answer.dead_letters:
        parts += ["", _dead_letters(answer), *answer.findings]
    for page in answer.pages:
        parts += ["", render_page(page)]
    return "\n".join([*parts, *answer.notes])


def _actors(answer: QueueView) -> str:
    if answer.actors_sample >= answer.actors_of:
        head = f"Actors of the {format_count(answer.actors_of)} waiting or in flight, counted:"
    else:
        head = (
            f"Actors of the {format_count(answer.actors_of)} waiting or in flight, estimated from "
            f"{format_count(answer.actors_sample)} at random (95 % interval):"
        )
    return f"{head} {', '.join(_actor(actor) for actor in answer.actors[:15])}"


def _actor(actor: Actor) -> str:
    if actor.low is None or actor.high is None:
        return f"{actor.actor} {format_count(actor.messages)}"
    interval = f"{format_count(actor.low)} to {format_count(actor.high)}"
    return f"{actor.actor} about {format_count(actor.messages)} ({interval})"


def _dead_letters(answer: QueueView) -> str:
    looked_at = f"the newest {format_count(answer.dead_looked_at)}"
    head = f"Dead letters by cause, among {looked_at} of {format_count(answer.row.dead)}:"
    return f"{head}\n{dead_letter_table(answer.dead_letters, answer.dead_kinds)}"


def dead_letter_table(groups: Sequence[DeadLetters], kinds: str | None) -> str:
    """Dead letters by cause, and the exceptions of all where not every cause is shown."""
    columns = (
        "count", "actor", "error stored", "where", "last error, from the result", "retries",
        "newest", "oldest", "example",
    )  # fmt: skip
    table = render_table(columns, [_dead_row(group) for group in groups])
    return fence(table if kinds is None else f"{table}\n{kinds}", "dead letters")


def _dead_row(group: DeadLetters) -> tuple[object, ...]:
    return (
        group.count,
        group.actor,
        group.error,
        group.frame,
        group.last_error,
        group.retries,
        f"{duration(group.newest_s)} ago",
        f"{duration(group.oldest_s)} ago",
        group.example,
    )


def render_page(page: MessagePage) -> str:
    """The messages of one state."""
    head = f"{STATE_NAMES[page.state]}: {len(page.messages)} of {format_count(page.total)}"
    if page.looked_at > len(page.messages):
        head += f" ({format_count(page.looked_at)} looked at)"
    if not page.messages:
        return "\n".join([f"{head}.", *next_page(page.next_cursor)])
    columns = ["message_id", "actor", "arguments", "age", "retries", "details"]
    rows = [_message_row(message) for message in page.messages]
    body = fence(render_table(columns, rows), "messages")
    return "\n".join([f"{head}:", body, *next_page(page.next_cursor)])


def _message_row(message: Message) -> tuple[object, ...]:
    details = [
        message.problem,
        f"redis_message_id {message.redis_id}" if message.redis_id else None,
        None if message.due_in_s is None else _due(message.due_in_s),
        None if message.died_s is None else f"died {duration(message.died_s)} ago",
        None if message.held_by is None else f"held by {message.held_by}",
        None if message.error is None else f"error of an earlier attempt: {message.error}",
        format_bytes(message.bytes) if message.bytes else None,
    ]
    return (
        message.message_id,
        message.actor,
        message.arguments or None,
        duration(message.age_s),
        message.retries,
        "; ".join(detail for detail in details if detail) or None,
    )


def _due(seconds: float) -> str:
    if seconds < 0:
        return f"due {format_duration(-seconds)} ago"
    return f"due in {format_duration(seconds)}"


def duration(seconds: float | None) -> str | None:
    """A duration, or nothing where none is known."""
    return None if seconds is None else format_duration(seconds)


def next_page(cursor: str | None) -> list[str]:
    """The line that says how to read on."""
    return [] if cursor is None else [f'More: repeat the call with cursor="{cursor}".']
