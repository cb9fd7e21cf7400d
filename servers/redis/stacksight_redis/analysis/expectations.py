"""Whether a recorded message is the expected one, and if not, why. Pure."""

import json
from dataclasses import dataclass, field
from typing import Any

from stacksight_core.redact import MASK, is_secret_name
from stacksight_redis.analysis.job_view import show_value
from stacksight_redis.models.channels import Expectation
from stacksight_redis.recording.ring import Kept

MAX_MISMATCHES = 3
SHOWN = 80
_ABSENT = object()


@dataclass
class Verdict:
    """What has been compared so far.

    Attributes:
        matched: numbers of the messages that fit.
        compared: messages on the right channel.
        mismatches: why the first of the others did not fit.
    """

    matched: list[int] = field(default_factory=list)
    compared: int = 0
    mismatches: list[str] = field(default_factory=list)


def compare(expected: Expectation, message: Kept, verdict: Verdict) -> None:
    """Compare one message with what is expected, and note the outcome in the verdict."""
    if expected.channel is not None and message.channel != expected.channel.encode():
        return
    verdict.compared += 1
    reason = _mismatch(expected, message)
    if reason is None:
        verdict.matched.append(message.seq)
    elif len(verdict.mismatches) < MAX_MISMATCHES:
        verdict.mismatches.append(f"message {message.seq}: {reason}")


def _mismatch(expected: Expectation, message: Kept) -> str | None:
    if expected.contains is not None and expected.contains.encode() not in message.data:
        return f"does not contain {show_value(expected.contains, SHOWN)}"
    return None if expected.path is None else _path_mismatch(expected, expected.path, message)


def _path_mismatch(expected: Expectation, path: str, message: Kept) -> str | None:
    if message.size > len(message.data):
        return f"has {message.size:,} bytes and was cut, so its JSON cannot be compared"
    try:
        payload = json.loads(message.data)
    except (ValueError, RecursionError):
        return "is not JSON"
    found = _at(payload, path)
    if found is _ABSENT:
        return f"has nothing at {path}"
    if expected.equals is None or found == expected.equals:
        return None
    name = path.rpartition(".")[2]
    shown = MASK if is_secret_name(name) else show_value(found, SHOWN)
    return f"{path} is {shown}, not {show_value(expected.equals, SHOWN)}"


def _at(value: Any, path: str) -> Any:
    for part in path.removeprefix("$").strip(".").split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _ABSENT
    return value
