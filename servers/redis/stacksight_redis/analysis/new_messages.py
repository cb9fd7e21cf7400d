"""Messages as Dramatiq encodes them, to be stored. Pure."""

import json
import pickle
from collections.abc import Sequence
from typing import Any

from stacksight_redis.analysis.pickles import PickleRefusedError, is_pickle, load_plain
from stacksight_redis.facts.names import DELAYED

STARTED_OVER = ("retries", "traceback", "requeue_timestamp", "eta")
"""Options that tell of earlier attempts; without them a message has all its retries again."""


def renew(payload: bytes, redis_id: str) -> bytes | None:
    """A dead letter's payload with a new id in Redis and all its retries.

    Returns:
        The payload in its own encoding; None when it cannot be changed without running code (a
        pickle that holds objects) or is no message.
    """
    pickled = is_pickle(payload)
    try:
        message = load_plain(payload) if pickled else json.loads(payload)
    except (PickleRefusedError, ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or not isinstance(message.get("options"), dict):
        return None
    options = {k: v for k, v in message["options"].items() if k not in STARTED_OVER}
    queue = str(message.get("queue_name") or "").removesuffix(DELAYED)
    renewed = message | {
        "queue_name": queue,
        "options": options | {"redis_message_id": redis_id},
    }
    return encode(renewed, pickled=pickled)


def new_message(
    queue: str,
    actor: str,
    args: Sequence[Any],
    kwargs: dict[str, Any],
    *,
    message_id: str,
    redis_id: str,
    now_ms: int,
    eta_ms: int | None,
) -> dict[str, Any]:
    """A message as ``actor.send()`` makes it; ``eta_ms`` (Unix time) makes it a delayed one."""
    due = {} if eta_ms is None else {"eta": eta_ms}
    return {
        "queue_name": queue if eta_ms is None else queue + DELAYED,
        "actor_name": actor,
        "args": tuple(args),
        "kwargs": kwargs,
        "options": {"redis_message_id": redis_id, **due},
        "message_id": message_id,
        "message_timestamp": now_ms,
    }


def encode(message: dict[str, Any], *, pickled: bool) -> bytes:
    """Encode as Dramatiq's JSONEncoder or PickleEncoder; a pickle of plain data is harmless."""
    if pickled:
        return pickle.dumps(message)
    return json.dumps(message, separators=(",", ":")).encode()
