"""The questions that the user is asked before something is changed. Pure."""

import json
from collections import Counter
from collections.abc import Sequence

from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.job_view import show_arguments, show_error, show_value
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.facts.queues import QueueFacts

ACTORS_SHOWN = 5
SHOWN = 300
CALL_SHOWN = 1_000
STEP_NOTE = "in steps of {step}, each of which happens as a whole or not at all"


def ask_requeue(facts: QueueFacts, jobs: Sequence[Job], step: int) -> str:
    """Ask whether dead letters are to be moved back.

    Args:
        facts: of the queue.
        jobs: what would be moved.
        step: how many one step moves.
    """
    text = (
        f"Requeue {_how_many(jobs, facts.dead, 'dead letter')} of `{facts.queue.label}`? "
        f"{_what(jobs)} They go to the tail of the queue, {STEP_NOTE.format(step=step)}; each gets "
        "a fresh redis_message_id and all its retries again, and keeps message_id, arguments and "
        "time of creation (one that died of its age limit dies again)."
    )
    if any(job.encoding == "pickle" for job in jobs):
        text += (
            " They are pickled: one with objects inside cannot be changed without running code, so "
            "it moves as it is, with its old id and without new retries."
        )
    return f"{text} {describe_takers(facts)}"


def ask_delete(facts: QueueFacts, state: str, jobs: Sequence[Job], total: int, step: int) -> str:
    """Ask whether messages are to be deleted."""
    return (
        f"DELETE {_how_many(jobs, total, f'{state} message')} of `{facts.queue.label}` for good? "
        f"{_what(jobs)} This cannot be undone. It is done {STEP_NOTE.format(step=step)}; what a "
        "worker fetches meanwhile is left alone."
    )


def ask_enqueue(facts: QueueFacts, job: Job, warnings: str, delay_s: float | None) -> str:
    """Ask whether a new message is to be enqueued."""
    when = "now" if delay_s is None else f"in {format_duration(delay_s)}"
    call = f"{inline(job.actor, 100)}{show_arguments(job, CALL_SHOWN)}"
    where = f"`{facts.queue.label}`"
    return f"Enqueue {call} on {where}, to run {when}? {describe_takers(facts)}{warnings}"


def ask_publish(channel: str, payload: str, receivers: str) -> str:
    """Ask whether a message is to be published."""
    try:
        shown = show_value(json.loads(payload), SHOWN)
    except (ValueError, RecursionError):
        shown = inline(payload, SHOWN)
    size = plural(len(payload.encode()), "byte")
    return f"Publish {size} to the channel `{inline(channel, 200)}`: {shown}? {receivers}"


def describe_takers(facts: QueueFacts) -> str:
    """Say who would run what is enqueued."""
    takers = len(facts.held_by_live)
    if takers:
        return f"{plural(takers, 'live process', 'live processes')} hold messages of this queue."
    return "No live process holds messages of this queue; an idle worker cannot be told from none."


def _how_many(jobs: Sequence[Job], total: int, noun: str) -> str:
    of = "all" if len(jobs) >= total else f"of {total:,}"
    return f"{plural(len(jobs), noun)} ({of})"


def _what(jobs: Sequence[Job]) -> str:
    actors = Counter(job.actor for job in jobs).most_common()
    told = ", ".join(f"{inline(actor, 80)} {count}" for actor, count in actors[:ACTORS_SHOWN])
    more = f" and {len(actors) - ACTORS_SHOWN} more" if len(actors) > ACTORS_SHOWN else ""
    errors = Counter(error for job in jobs if (error := show_error(job)))
    worst = f"; most often {errors.most_common(1)[0][0]}" if errors else ""
    return f"By actor: {told}{more}{worst}."
