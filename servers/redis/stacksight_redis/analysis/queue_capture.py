"""From a followed queue to what capture_messages answers. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_core.units import format_count, format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.channel_answers import clock
from stacksight_redis.analysis.job_history import Followed, JobHistory
from stacksight_redis.models.channels import ActorChanges, CaptureView, Expectation, JobSeen

NOTE_LOOKS = (
    "The queues were looked at every {pause} at most. A message that came and ended between two "
    "looks is not counted, so counts are at least these"
)
NOTE_EXACT = (
    "Nothing was missed: Redis itself counts as many stored messages (HSET) in this time as were "
    "seen here, {count}."
)
NOTE_MORE_WRITES = (
    "Redis counts {count} more HSET commands in this time, of any client and to any key: at most "
    "so many messages of these queues were enqueued or died unseen."
)
NOTE_UNREAD = "{count} more were seen but ended before they could be read."
NOTE_INTERRUPTED = (
    "Redis was away meanwhile ({count} looks failed); what happened then is not counted."
)


@dataclass(frozen=True)
class FollowedQueues:
    """A queue capture's state at one moment, as the answer needs it."""

    handle: str
    running: bool
    end_reason: str | None
    queues: Sequence[str]
    started_at: float
    recorded_s: float
    longest_pause_s: float
    interrupted: int
    unexplained_writes: int | None
    history: JobHistory


def reached(history: JobHistory, expected: Expectation) -> int:
    """How many of the new messages have reached the expected state in time."""
    return len(history.reached(expected.state, expected.actor, expected.within_s))


def is_reached(history: JobHistory, expected: Expectation) -> bool:
    """Whether so many new messages as expected have got there.

    With ``exactly``, no other message of the actor may have come, and none may be open unless
    nothing but its coming was expected.
    """
    count = reached(history, expected)
    if not expected.exactly:
        return count >= expected.count
    new = history.new(expected.actor)
    drained = expected.state == "enqueued" or all(f.ending is not None for f in new)
    return count == expected.count == len(new) and drained


def is_exceeded(history: JobHistory, expected: Expectation) -> bool:
    """Whether waiting is of no use: more came than were to come."""
    return expected.exactly and len(history.new(expected.actor)) > expected.count


def answer_queue_capture(
    followed: FollowedQueues, expected: Expectation | None, limit: int
) -> CaptureView:
    """What a call of capture_messages answers about queues."""
    history = followed.history
    met = None if expected is None else is_reached(history, expected)
    new = history.new()
    shown = [f for f in history.messages.values() if not f.before or f.ending][-limit:]
    return CaptureView(
        conclusion=_conclude(followed, expected, met=met),
        capture=followed.handle,
        running=followed.running,
        listens_to=list(followed.queues),
        started_at=clock(followed.started_at),
        recorded_s=round(followed.recorded_s, 3),
        total=len(new),
        met=met,
        matched=None if expected is None else reached(history, expected),
        actors=actor_changes(history),
        jobs=[_seen(f) for f in shown] if limit else [],
        notes=_notes(followed),
    )


def _notes(followed: FollowedQueues) -> list[str]:
    history, more = followed.history, followed.unexplained_writes
    notes = []
    if more == 0 and not history.unread:
        notes.append(NOTE_EXACT.format(count=format_count(history.writes)))
    else:
        notes.append(f"{NOTE_LOOKS.format(pause=format_duration(followed.longest_pause_s))}.")
    if more:
        notes.append(NOTE_MORE_WRITES.format(count=format_count(more)))
    if history.unread:
        notes.append(NOTE_UNREAD.format(count=history.unread))
    if followed.interrupted:
        notes.append(NOTE_INTERRUPTED.format(count=followed.interrupted))
    return notes


def actor_changes(history: JobHistory) -> list[ActorChanges]:
    """What happened, by queue and actor."""
    changes: dict[tuple[str, str], ActorChanges] = {}
    for followed in history.messages.values():
        key = (followed.queue, followed.actor)
        change = changes.setdefault(
            key, ActorChanges(queue=followed.queue, actor=inline(followed.actor, 100))
        )
        change.enqueued += not followed.before
        change.finished += followed.ending == "finished"
        change.died += followed.ending == "died"
        change.open += followed.ending is None
        change.failures += followed.failures
    return [changes[key] for key in sorted(changes)]


def _seen(followed: Followed) -> JobSeen:
    return JobSeen(
        message_id=inline(followed.message_id, 60),
        actor=inline(followed.actor, 100),
        arguments=followed.arguments,
        enqueued_after_s=None if followed.before else round(followed.since_s, 3),
        state=followed.ending or "open",
        ended_after_s=None if followed.ended_s is None else round(followed.ended_s, 3),
    )


def _conclude(followed: FollowedQueues, expected: Expectation | None, *, met: bool | None) -> str:
    history = followed.history
    new = history.new()
    still_open = [f for f in history.messages.values() if f.ending is None]
    ended = [f.ended_s for f in history.messages.values() if f.ended_s is not None]
    told = (
        f"{len(new)} enqueued, {len(history.ended('finished'))} finished, "
        f"{len(history.ended('died'))} died, {len(still_open)} open"
    )
    if ended and not still_open:
        told += f"; drained {format_duration(max(ended))} after the start"
    seconds = format_duration(followed.recorded_s)
    state = "recording" if followed.running else f"ended ({followed.end_reason})"
    if expected is None:
        return f"{followed.handle} is {state}: {told} in {seconds}."
    count = reached(history, expected)
    who = "" if expected.actor is None else f" of {inline(expected.actor, 80)}"
    in_time = "" if expected.within_s is None else f" within {format_duration(expected.within_s)}"
    exactly = "exactly " if expected.exactly else ""
    what = (
        f"{plural(count, 'new message')}{who} {expected.state}{in_time}, "
        f"{exactly}{expected.count} waited for"
    )
    return f"{'Met' if met else 'Not met'}: {what} ({told} in {seconds})."
