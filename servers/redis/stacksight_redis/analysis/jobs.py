"""Dramatiq messages, decoded from what is stored; whatever is stored, decoding never fails."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from stacksight_redis.analysis.pickles import PickleRefusedError, is_pickle, read_pickle
from stacksight_redis.analysis.tracebacks import error_of, frame_of

PROBLEM_MISSING = "no payload is stored for this id"
PROBLEM_LARGE = "the payload has {size:,} bytes and was not read"
PROBLEM_NOT_JSON = "the payload is not JSON"
PROBLEM_NOT_MESSAGE = "the payload is JSON, but not a Dramatiq message"


@dataclass(frozen=True)
class Job:
    """One stored message.

    Attributes:
        redis_id: its id in Redis, new at every enqueue and retry.
        size: bytes as stored, None when nothing is.
        encoding: ``json`` or ``pickle``.
        problem: why it could not be decoded, None when it was.
        message_id: its id for life, as ``send()`` returned it.
        created_ms: when it was first made, Unix time in ms.
    """

    redis_id: str
    size: int | None
    encoding: str = "json"
    problem: str | None = None
    message_id: str | None = None
    queue: str = ""
    actor: str = "?"
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    created_ms: float | None = None

    @property
    def undecodable(self) -> bool:
        """Whether a worker could not decode it either; it would fail with its whole batch."""
        return self.problem in (PROBLEM_MISSING, PROBLEM_NOT_JSON, PROBLEM_NOT_MESSAGE)

    @property
    def retries(self) -> int:
        """How many attempts have failed, as stored before the latest attempt."""
        return int(number(self.options.get("retries")) or 0)

    @property
    def eta_ms(self) -> float | None:
        """When a delayed message is due, Unix time in ms."""
        return number(self.options.get("eta"))

    @property
    def since_ms(self) -> float | None:
        """Since when it has been waiting for this attempt, as far as it tells."""
        return number(self.options.get("requeue_timestamp")) or self.created_ms

    @cached_property
    def traceback(self) -> str | None:
        """The traceback stored with it, which is that of the attempt before the latest."""
        text = self.options.get("traceback")
        return text if isinstance(text, str) and text.strip() else None

    @cached_property
    def error(self) -> tuple[str, str] | None:
        """Exception type and message out of the traceback."""
        return None if self.traceback is None else error_of(self.traceback)

    @cached_property
    def frame(self) -> str | None:
        """The last frame of the traceback in the project's own code: ``file.py:12 in name``."""
        return None if self.traceback is None else frame_of(self.traceback)


def decode_job(redis_id: str, payload: bytes | None, size: int | None = None) -> Job:
    """Decode a stored message.

    Args:
        redis_id: the key it is stored under.
        payload: what is stored; None when there is nothing or it was not read.
        size: bytes stored, where the payload was too large to read.
    """
    if payload is None:
        problem = PROBLEM_LARGE.format(size=size) if size else PROBLEM_MISSING
        return Job(redis_id, size or None, problem=problem)
    encoding = "pickle" if is_pickle(payload) else "json"
    try:
        message = read_pickle(payload) if encoding == "pickle" else json.loads(payload)
    except PickleRefusedError as error:
        return Job(redis_id, len(payload), encoding, str(error))
    except (ValueError, RecursionError):
        return Job(redis_id, len(payload), encoding, PROBLEM_NOT_JSON)
    if not isinstance(message, dict) or not isinstance(message.get("actor_name"), str):
        return Job(redis_id, len(payload), encoding, PROBLEM_NOT_MESSAGE)
    return Job(
        redis_id=redis_id,
        size=len(payload),
        encoding=encoding,
        message_id=str(message.get("message_id") or "") or None,
        queue=str(message.get("queue_name") or ""),
        actor=message["actor_name"],
        args=_list(message.get("args")),
        kwargs=_dict(message.get("kwargs")),
        options=_dict(message.get("options")),
        created_ms=number(message.get("message_timestamp")),
    )


def number(value: Any) -> float | None:
    """A JSON number as a float; None for anything else."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
