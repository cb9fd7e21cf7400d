"""Log lines as they are: filtered, with context, repeated ones folded."""

import time
from collections.abc import Callable, Iterable, Sequence

import regex  # type: ignore[import-untyped]
from pydantic import BaseModel

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import clean, inline
from stacksight_docker.facts import LogLine
from stacksight_docker.logs.levels import LEVELS, Level
from stacksight_docker.logs.patterns import Said
from stacksight_docker.logs.records import LevelMemory, Record

MATCH_SECONDS = 1.0
SLOW_SECONDS = 0.001
MATCHED_CHARS = 16_384
LINE_CHARS = 400
ANSWER_CHARS = 8_000

ERROR_PATTERN = (
    "`match` is not a regular expression: {reason} at character {position}. Escape special "
    "characters with a backslash to search for them as they are."
)
ERROR_SLOW_PATTERN = (
    "`match` takes too long on these lines; it was stopped after {seconds:.0f} s. Use a simpler "
    "expression, without nested repetition."
)


class LineView(BaseModel):
    """A record as it is shown; several equal ones in a row are one."""

    time: str
    container: str
    stream: str
    text: str
    level: str | None = None
    repeated: int = 1
    until: str | None = None
    matched: bool = True


Matches = Callable[[Record], bool]


def compile_filter(match: str | None, level: Level | None) -> Matches:
    """Return what tells whether a record passes.

    Args:
        match: a regular expression, searched in the whole record, case ignored.
        level: the least serious level that passes.

    Raises:
        ToolFailure: ``match`` is no regular expression; also, from the returned function, when
            matching takes longer than MATCH_SECONDS in all.
    """
    passing = None if level is None else frozenset(LEVELS[: LEVELS.index(level) + 1])
    search = None if match is None else _compile(match)

    def passes(record: Record) -> bool:
        if passing is not None and record.level not in passing:
            return False
        return search is None or search(record.text[:MATCHED_CHARS])

    return passes


def compile_line_filter(match: str | None, level: Level | None) -> Callable[[LogLine], bool]:
    """Return what tells whether a single line would pass, before lines are made into records.

    Raises:
        ToolFailure: as compile_filter.
    """
    passing = None if level is None else frozenset(LEVELS[: LEVELS.index(level) + 1])
    search = None if match is None else _compile(match)
    memory = LevelMemory()

    def passes(line: LogLine) -> bool:
        text = clean(line.text)
        if search is not None and not search(text):
            return False
        return passing is None or memory.guess(text, line.stream)[0] in passing

    return passes


def _compile(match: str) -> Callable[[str], bool]:
    try:
        # Hardly any comes twice, and the module would keep 500.
        expression = regex.compile(match, regex.IGNORECASE, cache_pattern=False)
    except regex.error as error:
        reason = ERROR_PATTERN.format(reason=error.msg, position=error.pos)
        raise ToolFailure(reason) from error
    spent = 0.0

    def search(text: str) -> bool:
        nonlocal spent
        started = time.monotonic()
        try:
            found = expression.search(text, timeout=max(0.001, MATCH_SECONDS - spent))
        except TimeoutError as error:
            raise ToolFailure(ERROR_SLOW_PATTERN.format(seconds=MATCH_SECONDS)) from error
        took = time.monotonic() - started
        if took > SLOW_SECONDS:  # many quick ones are limited by how much is read
            spent += took
        return found is not None

    return search


def choose(
    said: Sequence[Said], passes: Matches, *, limit: int, context: int, newest: bool = True
) -> tuple[list[LineView], int]:
    """Choose the records that pass and those around them.

    Args:
        said: all that were read, in time order.
        passes: tells which are wanted.
        limit: how many of these at most.
        context: how many of the same container are shown before and after each.
        newest: prefer the newest that pass, else the oldest.

    Returns:
        The records in time order, repeated ones folded, and how many passed in all.
    """
    hits = [index for index, entry in enumerate(said) if passes(entry.record)]
    chosen = hits[-limit:] if newest else hits[:limit]
    shown = _with_context(said, chosen, context) if context else chosen
    matched = set(chosen)
    return _fold(_view(said[i], matched=i in matched) for i in shown), len(hits)


def _with_context(said: Sequence[Said], chosen: Iterable[int], context: int) -> list[int]:
    shown: set[int] = set()
    for index in chosen:
        shown.add(index)
        for step in (-1, 1):
            other, found = index + step, 0
            while 0 <= other < len(said) and found < context:
                if said[other].container == said[index].container:
                    shown.add(other)
                    found += 1
                other += step
    return sorted(shown)


def _view(entry: Said, *, matched: bool) -> LineView:
    record = entry.record
    return LineView(
        time=record.time,
        container=entry.container,
        stream=record.stream,
        text=_text(record),
        level=record.level,
        matched=matched,
    )


def _text(record: Record) -> str:
    lines = record.lines
    if record.fields and len(lines) == 1:
        return inline(redact_assignments(lines[0]), LINE_CHARS * 2)
    kept = lines if len(lines) <= 24 else [*lines[:8], f"… ({len(lines) - 20} lines)", *lines[-12:]]
    return "\n".join(inline(redact_assignments(line), LINE_CHARS) for line in kept)


def _fold(views: Iterable[LineView]) -> list[LineView]:
    folded: list[LineView] = []
    for view in views:
        last = folded[-1] if folded else None
        if last and (last.container, last.text) == (view.container, view.text):
            last.repeated += 1
            last.until = view.time
            last.matched = last.matched or view.matched
        else:
            folded.append(view)
    return folded


def fit(views: Sequence[LineView], *, newest: bool) -> list[LineView]:
    """Keep as many as fit into an answer, from the end or from the start."""
    kept: list[LineView] = []
    room = ANSWER_CHARS
    for view in reversed(views) if newest else views:
        room -= len(view.text) + len(view.container) + 20
        if room < 0 and kept:
            break
        kept.append(view)
    return kept[::-1] if newest else kept
