"""The shape of a record: what stays the same when it is said again."""

import re

from stacksight_docker.logs.records import SKELETON_CHARS, Record

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
_FRAMES = (
    re.compile(r'File "(?P<file>[^"]+)", line \d+, in (?P<function>\S+)'),
    re.compile(r"at (?P<function>[\w.$<>\[\] ]+?) ?\((?P<file>[^():]+)(?::\d+)*\)"),
)
_LIBRARIES = (
    "site-packages/",
    "dist-packages/",
    "node_modules/",
    "lib/python",
    "node:",
    "internal/",
    "<frozen",
    "/usr/local/go/",
    "java.base",
)
_EXCEPTION = re.compile(
    r"^(?P<name>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|Warning|Timeout)?)(?::|$)"
)


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
    trace = exception_of(record)
    if trace is not None:
        return trace
    if record.fields:
        return f"{mask(record.message)} {{{', '.join(sorted(record.fields))[:120]}}}"
    return mask(record.message)


def exception_of(record: Record) -> str | None:
    """Write a traceback's exception and where in the program's own code it came from."""
    if len(record.lines) < 2:
        return None
    frames = [frame for line in record.lines if (frame := _frame(line))]
    if not frames:
        return None
    own = [f for f in frames if not any(library in f[0] for library in _LIBRARIES)]
    # Python puts the innermost frame last, the others first.
    python = 'File "' in record.text
    file, function = (own or frames)[-1 if python else 0]
    return f"{mask(_exception_line(record, python=python))} at {file}:{function}"


def _frame(line: str) -> tuple[str, str] | None:
    for pattern in _FRAMES:
        if match := pattern.search(line):
            return match["file"], match["function"].strip()
    return None


def _exception_line(record: Record, *, python: bool) -> str:
    unindented = [line for line in record.lines if line[:1].strip()]
    if not unindented:
        return record.message
    if python:
        return unindented[-1]
    named = [line for line in unindented if _EXCEPTION.match(line)]
    return named[0] if named else unindented[0]
