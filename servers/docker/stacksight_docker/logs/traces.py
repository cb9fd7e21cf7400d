"""Stack traces: the exception, and where in the program's own code it came from."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from stacksight_docker.logs.records import Record

_PYTHON = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>\S+)')
_FRAMES = (
    _PYTHON,
    # .NET: at Function(arguments) in file:line 12
    re.compile(r"\bat (?P<function>[\w.`<>]+)\([^)]*\) in (?P<file>.+):line (?P<line>\d+)"),
    # Java, Kotlin, JavaScript: at function (file:line)
    re.compile(
        r"\bat (?P<function>[\w.$<>\[\] ]+?) ?\((?P<file>[^():]+)(?::(?P<line>\d+))?[^()]*\)"
    ),
    # Ruby: file:12:in `function'
    re.compile(r"(?P<file>[\w./-]+\.rb):(?P<line>\d+):in [`'](?P<function>[^']+)'"),
    # PHP: #0 file(12): function()
    re.compile(r"^#\d+ (?P<file>[^\s(]+\.php)\((?P<line>\d+)\): (?P<function>[^(]+)"),
    # JavaScript without a function: at file:12:5
    re.compile(
        r"^\s+at (?:async )?(?P<file>(?:file://)?[^\s():]+):(?P<line>\d+):\d+(?P<function>)$"
    ),
)
_GO_CALL = re.compile(r"^(?P<function>[\w./*()\[\]-]+)\([^)]*\)$")
_GO_PLACE = re.compile(r"^\s+(?P<file>\S+\.go):(?P<line>\d+)")
_RUST = re.compile(r"^thread '[^']*' panicked at (?:'(?P<said>.*)', )?(?P<file>\S+?):(?P<line>\d+)")
_LIBRARIES = (
    "site-packages/",
    "dist-packages/",
    "node_modules/",
    "lib/python",
    "node:",
    "internal/",
    "<frozen",
    "/usr/local/go/",
    "/go/pkg/mod/",
    "java.base",
    "/gems/",
)
# A Java frame names the class's file only; whose code it is shows in the function.
_LIBRARY_FUNCTIONS = ("java.", "javax.", "jdk.", "sun.", "org.springframework.", "kotlin.")
_EXCEPTION = re.compile(r"^(?:Exception in thread \"[^\"]*\" )?(?P<name>[A-Za-z_][\w.$]*)(?::|$)")
_CAUSED_BY = "Caused by: "
_PANIC = "panic: "


@dataclass(frozen=True)
class Trace:
    """A stack trace in short: what was thrown, and the last frame of the program's own code."""

    exception: str
    file: str
    line: str
    function: str

    @property
    def place(self) -> str:
        """``/app/main.py:42 in load``, as far as it is known."""
        line = f":{self.line}" if self.line else ""
        return f"{self.file}{line}" + (f" in {self.function}" if self.function else "")


def trace_of(record: Record) -> Trace | None:
    """Read a record as a stack trace; None when it is none.

    Of chained exceptions it is the one at the root: Java's last ``Caused by``, Python's last (the
    one that was not caught).
    """
    lines = record.lines
    if len(lines) < 2:
        return None
    rust = next((match for line in lines[:2] if (match := _RUST.search(line))), None)
    if rust is not None:
        said = rust["said"] or next((x for x in lines[1:] if not x.startswith("note:")), "")
        return Trace(f"panicked: {said}", rust["file"], rust["line"], "")
    if any(line.startswith("goroutine ") for line in lines[:10]):
        return _go(lines)
    lines = list(_from_root(lines))
    frames = [frame for line in lines if (frame := _frame(line))]
    if not frames:
        return None
    own = [frame for frame in frames if not _of_library(*frame[::2])]
    python = any(_PYTHON.search(line) for line in lines)
    # Python puts the innermost frame last, the others first.
    file, line, function = (own or frames)[-1 if python else 0]
    return Trace(_exception_line(lines, python=python), file, line, function)


def _from_root(lines: Sequence[str]) -> Sequence[str]:
    causes = [index for index, line in enumerate(lines) if line.startswith(_CAUSED_BY)]
    if not causes:
        return lines
    return [lines[causes[-1]].removeprefix(_CAUSED_BY), *lines[causes[-1] + 1 :]]


def _go(lines: Sequence[str]) -> Trace:
    said = next((line for line in lines if line.startswith((_PANIC, "fatal error: "))), lines[0])
    for call, place in itertools.pairwise(lines):
        called, where = _GO_CALL.match(call), _GO_PLACE.match(place)
        if called and where and not _of_library(where["file"], called["function"]):
            return Trace(said, where["file"], where["line"], called["function"])
    return Trace(said, "", "", "")


def _frame(line: str) -> tuple[str, str, str] | None:
    for pattern in _FRAMES:
        if match := pattern.search(line):
            return match["file"], match["line"] or "", match["function"].strip()
    return None


def _of_library(file: str, function: str) -> bool:
    in_library = any(library in file for library in _LIBRARIES)
    return in_library or function.startswith(_LIBRARY_FUNCTIONS) or function.startswith("runtime.")


def _exception_line(lines: Sequence[str], *, python: bool) -> str:
    unindented = [line for line in lines if line[:1].strip()]
    if not unindented:
        return lines[0]
    if python:
        return unindented[-1]
    named = [line for line in unindented if _EXCEPTION.match(line)]
    return named[0] if named else unindented[0]
