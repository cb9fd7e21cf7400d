"""Dead letters grouped by what killed them. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.job_view import show_error
from stacksight_redis.analysis.jobs import Job

NO_TRACEBACK = (
    "no error is stored: Dramatiq stores none when the first attempt was the last (max_retries=0), "
    "for an exception in `throws`, for a message over its age limit, and for an unknown actor"
)
STALE_TRACEBACK = (
    "a dead letter's traceback is that of the attempt before the last one; the last error is only "
    "in the worker's log, and in the result if the actor stores results"
)

KINDS_SHOWN = 8

_VARIABLE = re.compile(r"0x[0-9a-fA-F]+|\d+|'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True)
class Dead:
    """A dead message and the time of its death, Unix time in ms."""

    job: Job
    died_ms: float


@dataclass(frozen=True)
class DeadGroup:
    """Dead messages of one actor with one error at one place.

    Attributes:
        error: of the newest; None when no traceback is stored.
        frame: the last frame in the project's own code.
        first_ms, last_ms: Unix times in ms of the oldest and the newest death.
        newest: the newest of them.
    """

    actor: str
    error: str | None
    frame: str | None
    count: int
    first_ms: float
    last_ms: float
    newest: Job


def describe_kinds(dead: Sequence[Dead], groups_shown: int) -> str | None:
    """The exceptions of dead letters with their numbers, where not every group of them is shown."""
    more = len(group_dead(dead)) - groups_shown
    if more <= 0:
        return None
    kinds = Counter((letter.job.error or ("no error stored", ""))[0] for letter in dead)
    shown = [f"{inline(kind, 80)} {count}" for kind, count in kinds.most_common(KINDS_SHOWN)]
    if len(kinds) > KINDS_SHOWN:
        shown.append(f"{len(kinds) - KINDS_SHOWN} others")
    return f"{plural(more, 'more cause')}; all by exception: {', '.join(shown)}"


def group_dead(dead: Sequence[Dead]) -> list[DeadGroup]:
    """Group by actor, exception, place and message without its numbers and quoted parts."""
    groups: dict[tuple[str | None, ...], list[Dead]] = {}
    for letter in dead:
        error = letter.job.error
        kind, message = error or (None, "")
        key = (letter.job.actor, kind, letter.job.frame, _VARIABLE.sub("…", message))
        groups.setdefault(key, []).append(letter)
    found = []
    for letters in groups.values():
        newest = max(letters, key=lambda letter: letter.died_ms)
        found.append(
            DeadGroup(
                actor=newest.job.actor,
                error=show_error(newest.job),
                frame=newest.job.frame,
                count=len(letters),
                first_ms=min(letter.died_ms for letter in letters),
                last_ms=newest.died_ms,
                newest=newest.job,
            )
        )
    return sorted(found, key=lambda group: (-group.count, -group.last_ms))
