"""From what was found about one message to what is answered. Pure."""

import itertools
from collections.abc import Collection, Sequence
from typing import Any

from stacksight_core.redact import redact_assignments, redact_value
from stacksight_core.units import format_count, format_duration, plural
from stacksight_core.untrusted import clean, inline
from stacksight_redis.analysis.dead_letters import STALE_TRACEBACK
from stacksight_redis.analysis.deaths import (
    NO_MEANING,
    describe_attempts,
    meaning_of,
    why_no_error,
)
from stacksight_redis.analysis.job_view import (
    compact_traceback,
    show_arguments,
    show_error,
    show_value,
)
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.relations import chain_of, relation_to
from stacksight_redis.facts.messages import Search, Sighting, StoredResult
from stacksight_redis.facts.names import DELAYED
from stacksight_redis.facts.queues import OVERDUE_AFTER_MS
from stacksight_redis.models.messages import Group, MessageView, Place, Result, Step

ARGUMENTS_SHOWN = 2_000
TRACEBACK_SHOWN = 4_000
VALUE_SHOWN = 1_000
STEPS_SHOWN = 10
PLACES_SHOWN = 8
UNREAD_SHOWN = 5
TOLD_ELSEWHERE = frozenset(
    "redis_message_id eta retries traceback requeue_timestamp pipe_target group_completion_uuid "
    "group_completion_callbacks".split()
)

RAN_TWICE = (
    "Redis keeps no count of deliveries. Dramatiq delivers at least once: a message runs again "
    "after a retry, and after its process was silent for longer than the heartbeat timeout."
)
NOT_FOUND = (
    "It has either finished (its result, if the actor stores results, is found with `queue` and "
    "`actor`), was deleted, or belongs to another Redis, database or namespace"
)


def answer_message(
    asked: str,
    search: Search,
    result: StoredResult | None,
    group: Group | None,
    now_ms: float,
    actors: Collection[str] = (),
    last_seen: str | None = None,
    *,
    late_s: float,
) -> MessageView:
    """The answer of inspect_message.

    Args:
        asked: the id that was asked for.
        search: where it was found, and where it was looked for.
        result: its stored result, if any.
        group: the group it belongs to, if any.
        now_ms: Redis's clock.
        actors: names of the actors of which messages were seen.
        last_seen: what an earlier call has seen of it.
        late_s: after how many silent seconds a live worker is late.
    """
    own = [s for s in search.sightings if not s.mentions]
    mentions = [s for s in search.sightings if s.mentions]
    view = MessageView(
        conclusion=(
            f"{_where(own[0], now_ms, actors, result, late_s)}."
            if own
            else _conclude_absent(asked, mentions, result, complete=search.complete)
        ),
        message_id=own[0].job.message_id or asked if own else asked,
        places=[_place(sighting, now_ms) for sighting in own],
        result=None if result is None else _result(result),
        group=group,
        mentioned_by=[_mention(sighting) for sighting in mentions[:5]],
        searched=searched(search) if not own or not search.complete else [],
    )
    if own:
        _describe(view, own[0].job, now_ms)
    if len(own) > 1:
        view.notes.append(
            f"{len(own)} copies of this message exist: it was enqueued twice, or Dramatiq crashed "
            "between enqueueing a due message and removing the delayed one; it runs more than once."
        )
    elif not own and last_seen is not None:
        view.notes.append(f"This server has seen it before: {last_seen}.")
    view.notes.append(RAN_TWICE)
    return view


def _describe(view: MessageView, job: Job, now_ms: float) -> None:
    view.actor = inline(job.actor, 100)
    view.queue = job.queue.removesuffix(DELAYED)
    view.arguments = job.problem or show_arguments(job, ARGUMENTS_SHOWN)
    view.age_s = None if job.created_ms is None else max(0.0, (now_ms - job.created_ms) / 1000)
    view.retries = job.retries
    view.options = {
        name: show_value(value, 200)
        for name, value in redact_value(job.options).items()
        if name not in TOLD_ELSEWHERE
    }
    if job.traceback is not None:
        shown = compact_traceback(clean(job.traceback))
        view.traceback = redact_assignments(shown)[-TRACEBACK_SHOWN:]
    view.pipeline = steps_of(job.options.get("pipe_target"))


def steps_of(target: Any) -> list[Step]:
    """The first ten messages of a pipeline after this one."""
    return [
        Step(
            actor=inline(str(step.get("actor_name")), 100),
            message_id=inline(str(step.get("message_id")), 60),
        )
        for step in itertools.islice(chain_of(target), STEPS_SHOWN)
    ]


def _place(sighting: Sighting, now_ms: float) -> Place:
    job, holder = sighting.job, sighting.holder
    return Place(
        queue=sighting.facts.queue.label,
        state=sighting.state.replace("_", " "),
        redis_id=job.redis_id,
        holder=None if holder is None else holder.short,
        position=sighting.position,
        due_in_s=None if job.eta_ms is None else (job.eta_ms - now_ms) / 1000,
        died_s=None if sighting.died_ms is None else (now_ms - sighting.died_ms) / 1000,
    )


def _result(result: StoredResult) -> Result:
    shown = None
    if result.error is None and result.problem is None:
        shown = show_value(result.value, VALUE_SHOWN)
    error = None if result.error is None else inline(redact_assignments(result.error), VALUE_SHOWN)
    return Result(value=shown, error=error, problem=result.problem, expires_s=result.expires_s)


def _mention(sighting: Sighting) -> str:
    job = sighting.job
    return (
        f"{inline(job.actor, 80)} {job.message_id} ({sighting.state.replace('_', ' ')} in "
        f"{sighting.facts.queue.label})"
    )


def searched(search: Search) -> list[str]:
    """How much of each place was looked at, those first that were not read whole."""
    places = sorted(
        (search.looked_at.get(place, 0) >= total, place, total)
        for place, total in search.of.items()
        if total
    )
    parts = [
        f"{place}: {format_count(min(search.looked_at.get(place, 0), total))} of "
        f"{format_count(total)}"
        for _, place, total in places[:PLACES_SHOWN]
    ]
    if more := places[PLACES_SHOWN:]:
        how = "whole" if more[0][0] else "some in part"
        parts.append(f"{plural(len(more), 'more place')} ({how})")
    if search.unread:
        large = plural(len(search.unread), "message")
        ids = ", ".join(inline(redis_id, 60) for redis_id in search.unread[:UNREAD_SHOWN])
        parts.append(f"{large} too large to be read, stored under redis_message_id {ids}")
    return parts


def _conclude_absent(
    asked: str, mentions: Sequence[Sighting], result: StoredResult | None, *, complete: bool
) -> str:
    if result is not None:
        if result.error is not None:
            return "Failed for good: its result holds the exception."
        return "Finished: its result is stored."
    if (awaited := _awaited(asked, mentions)) is not None:
        return awaited
    if complete:
        return f"Not found: no message of any queue has the id {inline(asked, 60)}. {NOT_FOUND}."
    return (
        f"Not found in the part that was searched (id {inline(asked, 60)}); see below what was "
        f"not. Otherwise: {NOT_FOUND[0].lower()}{NOT_FOUND[1:]}."
    )


def _awaited(asked: str, mentions: Sequence[Sighting]) -> str | None:
    """Say what has to succeed before the message is enqueued, where a stored one leads to it."""
    for sighting in mentions:
        relation = relation_to(sighting.job, asked)
        if relation == "named":
            continue
        what = "in its pipeline" if relation == "pipeline" else "as the callback of its group"
        if sighting.state != "dead":
            return f"Not enqueued yet: it comes after {_mention(sighting)}, {what}."
        return (
            f"Not enqueued, and it never will be unless {_mention(sighting)} is enqueued again and "
            f"succeeds: it comes after that message {what}."
        )
    return None


def _where(
    sighting: Sighting,
    now_ms: float,
    actors: Collection[str],
    result: StoredResult | None,
    late_s: float,
) -> str:
    """One sentence on where the message is and what has to happen for it to go on."""
    match sighting.state:
        case "dead":
            return _dead(sighting, now_ms, actors, result)
        case "waiting":
            return _waiting(sighting)
        case "in_flight":
            return _in_flight(sighting, late_s)
        case "delayed":
            return _delayed(sighting, now_ms)


def _waiting(sighting: Sighting) -> str:
    facts = sighting.facts
    ahead = "" if sighting.position is None else f", {format_count(sighting.position)} before it"
    where = f"Waiting in {facts.queue.label}{ahead}"
    takers = [held for held in facts.held_by_live if held.messages]
    if not takers:
        return f"{where}; no live process holds messages of this queue, so maybe none consumes it"
    return f"{where}; {plural(len(takers), 'live process', 'live processes')} take from this queue"


def _in_flight(sighting: Sighting, late_s: float) -> str:
    holder = sighting.holder
    assert holder is not None
    who = f"process {holder.short}, silent for {format_duration(holder.silent_s)}"
    if holder.alive:
        told = f"In flight: fetched by {who}, not acknowledged: it is running or prefetched"
        if holder.silent_s <= late_s:
            return told
        return (
            f"{told}. A worker speaks every second, so this one is blocked, suspended or killed; "
            "once it counts as dead, another runs the message (again)"
        )
    return (
        f"Held by dead {who}: it will run (again) when Dramatiq's maintenance gives it back, which "
        "happens at random in 0.1 % of the commands on this queue, so a consumer is needed: about "
        "12 min on average with one idle worker process"
    )


def _delayed(sighting: Sighting, now_ms: float) -> str:
    job, holder = sighting.job, sighting.holder
    due_ms = (job.eta_ms or now_ms) - now_ms
    why = "Delayed"
    if job.retries:
        limit = job.options.get("max_retries")
        of = f" of {limit}" if isinstance(limit, int) else ""
        failed = f" after {error}" if (error := show_error(job)) else ""
        why = f"Waits for retry {job.retries}{of}{failed}"
    if due_ms > 0:
        return f"{why}: due in {format_duration(due_ms / 1000)}"
    late = format_duration(-due_ms / 1000)
    if holder is None:
        return f"{why}: due {late} ago, and no worker has fetched it"
    if not holder.alive:
        return f"{why}: due {late} ago, but held by dead process {holder.short}"
    if -due_ms > OVERDUE_AFTER_MS:
        return (
            f"Stranded: due {late} ago in the memory of live process {holder.short}, which has "
            "lost its delay queue (Redis outage, Dramatiq issue 527): it will not run until that "
            "process restarts"
        )
    return f"{why}: due now, process {holder.short} is about to enqueue it"


def _dead(
    sighting: Sighting, now_ms: float, actors: Collection[str], result: StoredResult | None
) -> str:
    job = sighting.job
    ago = format_duration((now_ms - (sighting.died_ms or now_ms)) / 1000)
    if job.error is None and result is not None and result.error is not None:
        error = inline(redact_assignments(result.error), VALUE_SHOWN)
        meaning = meaning_of(result.error).rstrip(".")
        return f"Dead for {ago}: {error} (from its result; no traceback is stored). {meaning}"
    if job.error is None:
        return f"Dead for {ago}; {why_no_error(job, sighting.died_ms, actors)}"
    last = None if result is None else result.error
    attempts = describe_attempts(job, sighting.died_ms, last)
    if last is None:
        told = f"Dead for {ago} after {attempts}: {show_error(job)}; {STALE_TRACEBACK}"
    else:
        shown = inline(redact_assignments(last), VALUE_SHOWN)
        told = f"Dead for {ago} after {attempts}: {shown} (its last error, from its result)"
    meaning = meaning_of(last or show_error(job))
    return told if meaning == NO_MEANING else f"{told}. {meaning.rstrip('.')}"


def judge_group(remaining: int | None, *, cleared: bool, dead: int, expires_s: float | None) -> str:
    """Say what a group's barrier means; only successes count it down."""
    if cleared:
        return "complete: all members succeeded and the callbacks were enqueued"
    if remaining is None:
        return "its barrier is gone (expired, or the group has no callbacks)"
    left = "" if expires_s is None else f"; the barrier expires in {format_duration(expires_s)}"
    if dead:
        return (
            f"can never complete: {plural(dead, 'member')} dead, and only successes count; "
            f"{plural(remaining, 'success', 'successes')} missing{left}. Only a dead member that "
            "is enqueued again can change that"
        )
    return f"callbacks wait for {plural(remaining, 'more member')} to succeed{left}"
