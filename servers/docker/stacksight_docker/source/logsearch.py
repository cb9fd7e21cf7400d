"""Reads and searches the files of a log within a time limit."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from stacksight_docker.clock import format_time
from stacksight_docker.facts import LogLine
from stacksight_docker.source.logentries import Entry, join
from stacksight_docker.source.logfiles import LogFile, merge, narrow, open_log, parse_entry
from stacksight_docker.source.logs import GROWTH, LineSearch, LogQuery, LogRead, whole_read

SMALL_BYTES = 2 * 1024 * 1024
"""So much is read as a whole rather than searched."""
REACH = 100
"""Lines before and after a hit: the record that it belongs to may be a long traceback."""
SHORT_REACH = 5
WIDE_HITS = 150
MAX_HITS = 4_000
CHECK_EVERY = 128
_ESCAPED = re.compile(rb"\\u001b\[[0-9;?]*[a-z]")


def read_log_files(path: Path, query: LogQuery) -> LogRead:
    """Read a log's files as far as the query asks.

    Raises:
        OSError: they cannot be read.
    """
    deadline = time.monotonic() + (query.file_seconds or query.seconds)
    files = open_log(path)
    try:
        since = None if query.since is None else format_time(query.since)
        until = None if query.until is None else format_time(query.until)
        window = narrow(files, since, until)
        if query.search is not None and _size(window) > SMALL_BYTES:
            return _search(window, query.search, deadline)
        if query.around is not None:
            return _around(window, format_time(query.around), query, deadline)
        if query.forward:
            return _first(window, query.needed or query.max_lines, deadline)
        return _last(window, query, deadline)
    finally:
        for file in files:
            file.close()


def _size(window: Sequence[LogFile]) -> int:
    return sum(file.stop - file.start for file in window)


def _last(window: Sequence[LogFile], query: LogQuery, deadline: float) -> LogRead:
    most = query.needed or query.max_lines
    straight = query.all_of_it or query.since is not None
    wanted = most if straight else min(query.lines, most)
    while True:
        read = _tail(window, wanted, deadline)
        late = time.monotonic() > deadline
        if read.complete or late or wanted >= most or query.enough(read.lines):
            return read
        wanted = min(wanted * GROWTH, most)


def _tail(window: Sequence[LogFile], most: int, deadline: float) -> LogRead:
    """Read the last lines of the window."""
    newest_first: list[list[Entry]] = []
    found, unread = 0, _size(window)
    for block in _backwards(window):
        if found > most or time.monotonic() > deadline:
            break
        # Only the end of the block is needed where lines are short.
        entries, used = _end_of(block, most - found + 1)
        newest_first.append(entries)
        found += sum(entry.whole for entry in entries)
        unread -= used
        if used < len(block):
            break
    lines = join(entry for entries in reversed(newest_first) for entry in entries)
    complete = unread == 0 and len(lines) <= most
    return whole_read(lines[-most:], complete=complete, unread=unread)


def _end_of(block: bytes, most: int) -> tuple[list[Entry], int]:
    """Parse entries from the end of a block until so many lines end in them, and tell the bytes."""
    entries: list[Entry] = []
    stop, whole = len(block), 0
    while stop > 0 and whole <= most:
        start = block.rfind(b"\n", 0, stop - 1) + 1
        entry = parse_entry(block[start:stop])
        if entry is not None:
            entries.append(entry)
            whole += entry.whole
        stop = start
    return entries[::-1], len(block) - stop


def _backwards(window: Sequence[LogFile]) -> Iterator[bytes]:
    for file in window:
        for _, block in file.blocks():
            yield block


def _first(window: Sequence[LogFile], most: int, deadline: float) -> LogRead:
    """Read the first lines of the window."""
    entries: list[Entry] = []
    whole, left = 0, False
    for block in _forwards(window):
        left = whole > most or time.monotonic() > deadline
        if left:
            break
        for line in block.splitlines(keepends=True):
            entry = parse_entry(line)
            if entry is not None and whole <= most:
                entries.append(entry)
                whole += entry.whole
    lines = join(entries)
    return whole_read(lines[:most], complete=True, later_left=left or len(lines) > most)


def _forwards(window: Sequence[LogFile]) -> Iterator[bytes]:
    for file in reversed(window):
        for _, block in file.forward():
            yield block


def _around(window: Sequence[LogFile], moment: str, query: LogQuery, deadline: float) -> LogRead:
    most = max(1, (query.needed or query.max_lines) // 2)
    before = _tail(narrow(window, None, moment), most, deadline)
    last = before.lines[-1].time if before.lines else ""
    after = _first(narrow(window, moment, None), most, deadline)
    lines = [*before.lines, *(line for line in after.lines if line.time > last)]
    return whole_read(
        lines, complete=before.complete, later_left=after.later_left, unread=before.unread
    )


@dataclass
class _Found:
    """What a search has found so far, newest first."""

    hits: list[tuple[LogFile, int]] = field(default_factory=list)
    sure: int = 0
    count: int = 0
    back_to: str = ""
    unread: int = 0
    floor: int = 0
    """Where reading ended in the file of the last hit."""


def _search(window: Sequence[LogFile], search: LineSearch, deadline: float) -> LogRead:
    found = _Found(unread=_size(window))
    for file in window:
        if not _search_file(file, search, found, deadline):
            break
    return LogRead(
        parts=list(_parts(window, found, search.context)),
        complete=found.unread == 0,
        count=found.count,
        back_to=found.back_to,
        unread=found.unread,
    )


def _search_file(file: LogFile, search: LineSearch, found: _Found, deadline: float) -> bool:
    """Search a file from its end; False when no more is to be searched."""
    for at, block in file.blocks():
        if time.monotonic() > deadline:
            return False
        stopped = _search_block(file, at, block, search, found, deadline)
        covered = block[stopped:]
        found.count += covered.count(b"\n")
        found.unread -= len(covered)
        first = parse_entry(covered[: covered.find(b"\n") + 1])
        found.back_to = first.time if first is not None else found.back_to
        if stopped:
            found.floor = at + stopped
            return False
    return True


def _search_block(
    file: LogFile, at: int, block: bytes, search: LineSearch, found: _Found, deadline: float
) -> int:
    """Note the hits in a block, and return from where on it is read: 0 for all of it."""
    for number, start in enumerate(_candidates(block, search.literals)):
        if number % CHECK_EVERY == CHECK_EVERY - 1 and time.monotonic() > deadline:
            return block.find(b"\n", start) + 1
        entry = parse_entry(block[start : block.find(b"\n", start) + 1])
        if entry is None:
            continue
        line = LogLine(entry.time, entry.stream, entry.text)
        if not search.keeps(line):
            continue
        found.hits.append((file, at + start))
        found.sure += search.counts(line)
        if len(found.hits) >= MAX_HITS or (search.most is not None and found.sure >= search.most):
            # What stands around it is read too.
            return max(0, file.around(at + start, REACH)[0] - at)
    return 0


def _candidates(block: bytes, literals: Sequence[bytes]) -> Iterator[int]:
    """Yield where the lines begin that may hold a literal, the last one first."""
    if literals:
        lowered = block.lower()
        if b"\\u001b" not in lowered:
            yield from sorted(_holding(lowered, literals), reverse=True)
            return
        plain = _ESCAPED.sub(b"", lowered)  # colours may stand within what is looked for
        if not any(literal in plain for literal in literals):
            return
    stop = len(block)
    while stop > 0:
        stop = block.rfind(b"\n", 0, stop - 1) + 1
        yield stop


def _holding(lowered: bytes, literals: Sequence[bytes]) -> set[int]:
    starts: set[int] = set()
    for literal in literals:
        position = lowered.find(literal)
        while position >= 0:
            starts.add(lowered.rfind(b"\n", 0, position) + 1)
            end = lowered.find(b"\n", position)
            position = lowered.find(literal, end) if end >= 0 else -1
    return starts


def _parts(window: Sequence[LogFile], found: _Found, context: int) -> Iterator[list[LogLine]]:
    """Yield the lines around the hits, oldest first."""
    reach = REACH if len(found.hits) <= WIDE_HITS else context + SHORT_REACH
    for file in reversed(window):
        floor = found.floor if found.hits and found.hits[-1][0] is file else 0
        spans = [file.around(at, reach) for of, at in found.hits if of is file]
        for start, stop in merge([(max(start, floor), stop) for start, stop in spans]):
            lines = file.read(start, stop).splitlines(keepends=True)
            entries = (parse_entry(line) for line in lines)
            yield join(entry for entry in entries if entry is not None)
