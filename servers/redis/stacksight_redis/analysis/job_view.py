"""How a message is shown: arguments redacted, on one line, bounded. Pure."""

import json
import re
from typing import Any

from stacksight_core.redact import redact_assignments, redact_value
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.jobs import Job
from stacksight_redis.analysis.tracebacks import LIBRARY

_FRAMES = re.compile(r"^(?=  File )", re.M)

SHOWN_ARGUMENTS = 160
SHOWN_ERROR = 160
SEARCHED_CHARS = 20_000


def show_arguments(job: Job, limit: int = SHOWN_ARGUMENTS) -> str:
    """Arguments as in the call: ``(12, "en", email="a@b.c")``, secrets masked."""
    positional = [_json(value) for value in redact_value(job.args)]
    named = [f"{name}={_json(value)}" for name, value in redact_value(job.kwargs).items()]
    return inline(f"({', '.join(positional + named)})", limit)


def show_error(job: Job, limit: int = SHOWN_ERROR) -> str | None:
    """The exception in the stored traceback, on one line."""
    if job.error is None:
        return None
    kind, message = job.error
    return inline(redact_assignments(f"{kind}: {message}" if message else kind), limit)


def compact_traceback(text: str) -> str:
    """A traceback without the frames of libraries, which are counted; whole if it has no others."""
    frames = _FRAMES.split(text)
    own = [frame for frame in frames[1:] if not LIBRARY.search(frame.split("\n", 1)[0])]
    hidden = len(frames) - 1 - len(own)
    if not own or not hidden:
        return text
    # The error's line follows the last frame, whoever's it is.
    *_, last = frames
    end = (
        ""
        if last is own[-1]
        else "".join(line for line in last.splitlines(True) if line[:1] != " ")
    )
    return f"{frames[0]}  [{hidden} frames of libraries are not shown]\n{''.join(own)}{end}"


def show_value(value: Any, limit: int) -> str:
    """Any JSON-like value on one line, secrets masked."""
    return inline(_json(redact_value(value)), limit)


def matches(job: Job, actor: str | None, text: str | None) -> bool:
    """Whether a message is of this actor and shows this text, ignoring case.

    The text is looked for in what would be shown: ids, actor, redacted arguments, error.
    """
    if actor is not None and job.actor != actor:
        return False
    if text is None:
        return True
    wanted = text.casefold()
    cheap = (job.redis_id, job.message_id or "", job.actor)
    if any(wanted in shown.casefold() for shown in cheap):
        return True
    return (
        wanted in show_arguments(job, SEARCHED_CHARS).casefold()
        or wanted in (show_error(job, SEARCHED_CHARS) or "").casefold()
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
