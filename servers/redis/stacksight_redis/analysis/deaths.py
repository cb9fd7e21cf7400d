"""Why a message died, as far as it can be told from what is stored. Pure."""

from collections.abc import Iterable

from stacksight_core.names import nearest
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.dead_letters import NO_TRACEBACK
from stacksight_redis.analysis.jobs import Job, number

# What Dramatiq itself raises, and what that means (dramatiq/middleware, dramatiq/rate_limits).
_MEANINGS = {
    "TimeLimitExceeded": (
        "It ran longer than its time_limit, 10 minutes unless the actor sets another: raise it, or "
        "split the work."
    ),
    "Shutdown": (
        "Its worker was stopped while it ran: nothing is wrong with the message; make the actor "
        "shorter, or give workers longer to stop."
    ),
    "RateLimitExceeded": (
        "A rate limiter had no room: wait in the actor, or allow more retries with a longer "
        "min_backoff."
    ),
    "SkipMessage": (
        "A middleware dropped it before it ran; AgeLimit does so to a message older than max_age: "
        "raise that, or add workers, and enqueue again what is still needed."
    ),
    "ActorNotFound": "The worker does not know the actor: import its module, compare the names.",
}
NO_MEANING = "Mend the cause; Dramatiq does not run dead letters again by itself."
NO_ERROR = (
    "The worker's log has the error, if there was one. An actor that the worker does not know, and "
    "a message over its age limit, come here without one."
)


def meaning_of(error: str | None) -> str:
    """What to do about an exception (``module.Type: message``); None where none is stored."""
    if error is None:
        return NO_ERROR
    kind = error.split(":", 1)[0].strip().rpartition(".")[2]
    return _MEANINGS.get(kind, NO_MEANING)


def describe_attempts(job: Job, died_ms: float | None, last_error: str | None) -> str:
    """How often a dead message ran: once more than it failed, unless it was dropped before that.

    Args:
        job: the message, with the retries that were counted before its end.
        died_ms: when it died, Unix time in ms.
        last_error: in its result, which tells a dropped one; None where there is none.
    """
    failed = job.retries
    if last_error is not None:
        return plural(failed + (not is_dropped(last_error)), "attempt")
    if is_over_age(job, died_ms):
        return f"{failed} or {failed + 1} attempts (it was over its age limit, max_age)"
    return plural(failed + 1, "attempt")


def is_dropped(error: str) -> bool:
    """Whether the error of a result is that of a message dropped before it ran, by AgeLimit."""
    return error.split(":", 1)[0].rpartition(".")[2] == "SkipMessage"


def is_over_age(job: Job, died_ms: float | None) -> bool:
    """Whether a message was over the age limit in its own options when it died."""
    max_age = number(job.options.get("max_age"))
    return bool(max_age and job.created_ms and died_ms and died_ms - job.created_ms >= max_age)


def why_no_error(job: Job, died_ms: float | None, actors: Iterable[str]) -> str:
    """Say why a dead message has no error stored, or what it can be.

    Args:
        job: the message.
        died_ms: when it died, Unix time in ms.
        actors: names of actors of which messages were seen.
    """
    max_age = number(job.options.get("max_age"))
    if is_over_age(job, died_ms) and max_age and job.created_ms and died_ms:
        age = format_duration((died_ms - job.created_ms) / 1000)
        limit = format_duration(max_age / 1000)
        return (
            f"it was {age} old when it died, over its age limit of {limit} (max_age): dropped "
            "before it ran, unless it had begun in time and failed"
        )
    if job.options.get("max_retries") == 0:
        return (
            "its first attempt was its last (max_retries=0), so the error is only in the worker's "
            "log, and in the result if the actor stores results"
        )
    near = nearest(job.actor, {actor for actor in actors if actor != job.actor}, 1)
    if not near:
        return NO_TRACEBACK
    return f"{NO_TRACEBACK}; mind that there is also an actor `{inline(near[0], 80)}`"
