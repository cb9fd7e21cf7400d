"""From lines to records: tracebacks and other continued lines belong to the line they follow."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from stacksight_core.untrusted import clean
from stacksight_docker.facts import LogLine
from stacksight_docker.logs.levels import Level, guess_level, level_of_fields

MAX_RECORD_LINES = 200
MAX_PARSED_CHARS = 16_384
MAX_REMEMBERED = 20_000
SKELETON_CHARS = 600
_DIGITS = re.compile(r"\d+")
_STATUS = re.compile(r"HTTP/[\d.]+\"? ([1-5]\d\d)\b")
_CONTINUES = re.compile(
    r"\s+\S|(?:Caused by|Suppressed|During handling|The above exception|Traceback \(most recent)"
    r"|\[signal SIG|Stack trace:$|#\d+ "
    r"|\.\.\. \d+ more|goroutine \d+ \[|note: run with|stack backtrace:"
    r"|[\w./$*()-]+\(0x|\}$|\)$|\]$"
)
_GO_CALL = re.compile(r"[\w./*()\[\]-]+\([^)]*\)$|created by |exit status \d+$")
_FIELD_PATH = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_MESSAGE_KEYS = ("msg", "message", "event", "@m", "@mt", "error", "log")
_STACK_KEYS = ("stack", "exception", "traceback", "exc_info", "stack_trace", "err", "error")


@dataclass
class Record:
    """One thing that a program said.

    Attributes:
        time: the engine's time stamp of its first line.
        stream: ``out`` or ``err``.
        lines: as written, cleaned; at most MAX_RECORD_LINES.
        level: how serious it is; None when nothing says so.
        fields: of a JSON record.
        message: what it says; of a JSON record its message, else its first line.
        skeleton: the message with every number alike; records that share it share their shape.
        left_out: lines beyond the most that a record keeps.
    """

    time: str
    stream: str
    lines: list[str]
    level: Level | None
    message: str
    skeleton: str
    fields: dict[str, Any] = field(default_factory=dict)
    left_out: int = 0

    @property
    def text(self) -> str:
        """The whole record."""
        return "\n".join(self.lines)


class LevelMemory:
    """Guesses levels, once for all lines that differ in their numbers only."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, str], Level | None] = {}

    def guess(self, text: str, stream: str) -> tuple[Level | None, str]:
        """Return a line's level and its skeleton."""
        skeleton = to_skeleton(text)
        key = (stream, skeleton)
        if key not in self._levels:
            if len(self._levels) >= MAX_REMEMBERED:
                return guess_level(text, stream), skeleton
            self._levels[key] = guess_level(text, stream)
        return self._levels[key], skeleton


def to_records(lines: Iterable[LogLine]) -> list[Record]:
    """Group one container's lines into records, in order.

    A line continues the record before it in the same stream when it is indented or otherwise looks
    like a part of a stack trace; a traceback takes the line with the exception too, and belongs to
    the error that was logged right before it.
    """
    records: list[Record] = []
    last: dict[str, Record] = {}
    memory = LevelMemory()
    for line in lines:
        text = clean(line.text)
        previous = last.get(line.stream)
        if previous is not None and _belongs(text, previous):
            _append(previous, text)
            continue
        record = _start(line, text, memory)
        records.append(record)
        last[line.stream] = record
    return records


def _belongs(text: str, previous: Record) -> bool:
    if not text.strip():
        return True
    if text.isidentifier() or _FIELD_PATH.fullmatch(text):
        return _lists_fields(previous)
    first = text[0]
    if not (first.isspace() or first in "CSDT.gns}])[#") and "(0x" not in text:
        return _ends_traceback(previous) or _in_goroutine(text, previous)
    if text.startswith("Traceback (most recent"):
        chained = previous.lines[-1].startswith(("The above exception", "During handling"))
        return chained or (previous.level == "error" and not _in_traceback(previous))
    return (
        bool(_CONTINUES.match(text)) or _ends_traceback(previous) or _in_goroutine(text, previous)
    )


def _lists_fields(record: Record) -> bool:
    """Tell whether the next line names a field of the validation error above it (pydantic)."""
    last = record.lines[-1]
    if "validation error" in last:
        return True
    return last[:1].isspace() and any("validation error" in line for line in record.lines)


def _in_goroutine(text: str, previous: Record) -> bool:
    """Tell whether a line is a call in the trace of a Go program's panic."""
    if len(previous.lines) < 2 or not _GO_CALL.match(text):
        return False
    return any(line.startswith("goroutine ") for line in previous.lines[:50])


def _in_traceback(record: Record) -> bool:
    return any(line.startswith("Traceback (most recent") for line in record.lines[:50])


def _ends_traceback(record: Record) -> bool:
    """Tell whether the next line, not indented, is the exception of the traceback above it."""
    last = record.lines[-1]
    if last.endswith(":") and " panicked at " in last:
        return True  # Rust says on the next line what it panicked about
    return last[:1].isspace() and _in_traceback(record)


def _append(record: Record, text: str) -> None:
    if len(record.lines) >= MAX_RECORD_LINES:
        record.left_out += 1
    elif text.strip():
        record.lines.append(text)
        if text.startswith("Traceback (most recent"):
            record.level = "error"


def _start(line: LogLine, text: str, memory: LevelMemory) -> Record:
    fields = _json_fields(text)
    if fields:
        return _structured(line, text, fields)
    level, skeleton = memory.guess(text, line.stream)
    return Record(line.time, line.stream, [text], level, text, skeleton)


def to_skeleton(text: str) -> str:
    """Return the start of a text with every number alike, but for the status in an access log."""
    head = text[:SKELETON_CHARS]
    skeleton = _DIGITS.sub("0", head)
    status = _STATUS.search(head) if "HTTP/" in head else None
    return f"{skeleton} {status[1]}" if status else skeleton


def _structured(line: LogLine, text: str, fields: dict[str, Any]) -> Record:
    level = level_of_fields(fields)
    message = _first_text(fields, _MESSAGE_KEYS) or text
    stack = _first_text(fields, _STACK_KEYS, nested=True)
    lines = [message, *stack.splitlines()[:MAX_RECORD_LINES]] if stack else [text]
    if level is None and stack:
        level = "error"
    skeleton = f"{to_skeleton(message)} {{{', '.join(fields)}}}"
    return Record(line.time, line.stream, lines, level, message, skeleton, fields)


def _json_fields(text: str) -> dict[str, Any] | None:
    if not text.startswith("{") or len(text) > MAX_PARSED_CHARS:
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _first_text(fields: dict[str, Any], keys: Sequence[str], *, nested: bool = False) -> str:
    for key in keys:
        value = fields.get(key)
        if nested and isinstance(value, dict):
            value = value.get("stack") or value.get("message")
        if isinstance(value, str) and value and (not nested or "\n" in value):
            return value
    return ""
