"""The shape of a record: what stays the same when it is said again."""

import re

from stacksight_docker.logs.records import SKELETON_CHARS, Record
from stacksight_docker.logs.traces import trace_of

MAX_SHAPE_CHARS = 240

_VARIABLE = re.compile(
    r"(?P<time>\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[ ]?[+-]\d\d:?\d\d)?)?"
    r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}|\b\d\d:\d\d:\d\d(?:[.,]\d+)?)"
    r"|(?P<id>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|\b0x[0-9a-fA-F]+\b|\b(?=[a-f]*\d)[0-9a-f]{8,}\b)"
    r"|(?P<ip>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b)"
    r"|(?P<email>\b[\w.+-]+@[\w-]+\.[\w.]+\b)"
    r"|(?P<kept>(?<=HTTP/)[\d.]+\"? [1-5]\d\d\b)"
    r"|(?P<quoted>\"(?![A-Z]{3,7} /)[^\"\n]{16,}\"|'[^'\n]{16,}')"
    r"|(?P<number>(?<![A-Za-z_])-?\d+(?:\.\d+)?)"
)
_MARKS = {
    "time": "<time>",
    "id": "<id>",
    "ip": "<ip>",
    "email": "<email>",
    "quoted": "<text>",
    "number": "<n>",
}


def mask(text: str) -> str:
    """Replace what varies (times, ids, addresses, numbers, long quoted texts) by its kind."""
    return _VARIABLE.sub(_mark, text[:SKELETON_CHARS])[:MAX_SHAPE_CHARS]


def _mark(match: re.Match[str]) -> str:
    if match.lastgroup == "kept":
        return match[0]
    return _MARKS[match.lastgroup or "number"]


def shape(record: Record) -> str:
    """Return what is the same in all records of this kind.

    A traceback's shape is its exception and the last frame of the program's own code; a JSON
    record's its message and keys; any other's its masked first line.
    """
    trace = trace_of(record)
    if trace is not None:
        return f"{mask(trace.exception)} at {trace.file}:{trace.function}"
    if record.fields:
        return f"{mask(record.message)} {{{', '.join(sorted(record.fields))[:120]}}}"
    return mask(record.message)
