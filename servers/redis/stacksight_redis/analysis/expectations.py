"""Whether a recorded message is the expected one, and if not, why. Pure."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from stacksight_core.redact import MASK, is_secret_name
from stacksight_redis.analysis.job_view import show_value
from stacksight_redis.models.channels import Expectation
from stacksight_redis.recording.ring import Kept

MAX_MISMATCHES = 3
SHOWN = 80
_ABSENT = object()

# A part of a path: a name between dots, [0], or ['a name'] with dots in it.
_PART = re.compile(r"""\[\s*['"](.*?)['"]\s*\]|\[\s*(\d+)\s*\]|([^.\[\]]+)""")


@dataclass
class Verdict:
    """What has been compared so far.

    Attributes:
        matched: numbers of the messages that fit.
        compared: messages on the right channel.
        dropped: messages that were no longer kept when they were to be compared.
        undecided: of those that did not fit, how many were cut and may fit as a whole.
        mismatches: why the first of the others did not fit.
    """

    matched: list[int] = field(default_factory=list)
    compared: int = 0
    dropped: int = 0
    undecided: int = 0
    mismatches: list[str] = field(default_factory=list)


def compare(expected: Expectation, message: Kept, verdict: Verdict) -> None:
    """Compare one message with what is expected, and note the outcome in the verdict."""
    if expected.channel is not None and message.channel != expected.channel.encode():
        return
    verdict.compared += 1
    reason = _mismatch(expected, message)
    if reason is None:
        verdict.matched.append(message.seq)
        return
    verdict.undecided += message.size > len(message.data)
    if len(verdict.mismatches) < MAX_MISMATCHES:
        verdict.mismatches.append(f"message {message.seq}: {reason}")


def is_met(expected: Expectation, verdict: Verdict) -> bool:
    """Whether as many messages as expected fit; with ``exactly`` neither more."""
    found = len(verdict.matched)
    return found == expected.count if expected.exactly else found >= expected.count


def _mismatch(expected: Expectation, message: Kept) -> str | None:
    if expected.contains is not None and not _contains(message.data, expected.contains):
        if message.size > len(message.data):
            return f"has {message.size:,} bytes and was cut; the text is not in what was kept"
        return f"does not contain {show_value(expected.contains, SHOWN)}"
    return None if expected.path is None else _path_mismatch(expected, expected.path, message)


def _contains(data: bytes, text: str) -> bool:
    """Whether the text is in a payload, also where JSON has escaped it."""
    escaped = json.dumps(text)[1:-1]
    return text.encode() in data or escaped.encode() in data


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
    if not expected.compares or _same(found, expected.equals):
        return None
    name = path.rpartition(".")[2]
    shown = MASK if is_secret_name(name) else show_value(found, SHOWN)
    return f"{path} is {shown}, not {show_value(expected.equals, SHOWN)}"


def _same(found: Any, expected: Any) -> bool:
    """Equal as JSON: true is not 1, in lists and objects neither; 1 is 1.0."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(_same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            _same(value, expected[key]) for key, value in found.items()
        )
    return bool(found == expected)


def _at(value: Any, path: str) -> Any:
    """The value at a path like ``user.id``, ``items.0.name``, ``$.items[0]['odd.name']``."""
    for part in _PART.findall(path.removeprefix("$")):
        name = next(filter(None, part), "")
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return _ABSENT
    return value
