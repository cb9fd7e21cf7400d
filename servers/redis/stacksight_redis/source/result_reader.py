"""Reads the stored result of a message. Source room: I/O, no judgement."""

import json

from stacksight_redis.analysis.pickles import PickleRefusedError, is_pickle, read_pickle
from stacksight_redis.facts.messages import StoredResult
from stacksight_redis.facts.names import result_keys
from stacksight_redis.source.commands import MAX_TEXT
from stacksight_redis.source.connection import Source

UNREADABLE = "a result of {size:,} bytes, not read"
NOT_JSON = "a result that is not JSON"

_WRAPPED = "dramatiq.results.Result"


async def read_result(
    source: Source, queue: str, actor: str, message_id: str
) -> StoredResult | None:
    """Return the stored result of a message, None when there is none (any more).

    Only results under the namespaces of the settings can be found: the key is a hash.
    """
    names = [name.strip() for name in source.settings.result_namespaces.split(",")]
    for key in (k for name in names for k in result_keys(name, queue, actor, message_id)):
        size, expires_ms = await source.run_all([("MEMORY", "USAGE", key), ("PTTL", key)])
        if not isinstance(size, int):
            continue
        expires_s = expires_ms / 1000 if expires_ms >= 0 else None
        if size > MAX_TEXT:
            return StoredResult(problem=UNREADABLE.format(size=size), expires_s=expires_s)
        stored = (await source.run_all([("LINDEX", key, 0)]))[0]
        if isinstance(stored, bytes):
            return _decode(stored, expires_s)
    return None


def _decode(stored: bytes, expires_s: float | None) -> StoredResult:
    try:
        value = read_pickle(stored) if is_pickle(stored) else json.loads(stored)
    except PickleRefusedError as refused:
        return StoredResult(problem=str(refused), expires_s=expires_s)
    except (ValueError, RecursionError):
        return StoredResult(problem=NOT_JSON, expires_s=expires_s)
    if isinstance(value, dict) and value.get("__t") == _WRAPPED:
        exception = value.get("exn")
        if isinstance(exception, dict):
            error = f"{exception.get('type')}: {exception.get('msg')}".rstrip(": ")
            return StoredResult(error=error, expires_s=expires_s)
    return StoredResult(value=value, expires_s=expires_s)
