"""The files of a json-file log, where the engine runs on this machine and they can be read.

The engine decodes a log from its beginning to find a time, and every line of it for a search; from
the files a time is found by halving, and what cannot match is not decoded. Files are only read.
They are not mapped into memory: the engine may cut one off at any time.
"""

import gzip
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stacksight_docker.facts import Container, EngineInfo
from stacksight_docker.source.logentries import Entry

JSON_FILE = "json-file"
BLOCK_BYTES = 1024 * 1024
STEP_BYTES = 64 * 1024
MAX_ENTRY_BYTES = 1024 * 1024
"""Longer than any entry: 16 kB of text, each byte written as up to six, with labels."""
MAX_UNPACKED_BYTES = 128 * 1024 * 1024
SORTABLE_CHARS = len("2026-11-22T10:15:00.123456789Z")
_TIME = re.compile(rb'"time":"([^"]+)"\}\s*$')
_PLAIN = re.compile(
    rb'\{"log":"([^"\\]*)(?:(\\r)?(\\n))?","stream":"(stdout|stderr)",.*"time":"([^"]+Z)"\}\s*$'
)
_STREAM_NAMES = {"stdout": "out", "stderr": "err"}


@dataclass(frozen=True)
class LogFile:
    """One file of a log, of which the entries from ``start`` to ``stop`` are looked at.

    Attributes:
        descriptor: the open file; None for a compressed one.
        content: of a compressed one, unpacked.
        start: the first byte.
        stop: after the last byte; always after an entry.
    """

    descriptor: int | None
    content: bytes
    start: int
    stop: int

    def read(self, start: int, stop: int) -> bytes:
        """Return bytes; fewer where the engine has cut the file off meanwhile."""
        if self.descriptor is None:
            return self.content[start:stop]
        return os.pread(self.descriptor, stop - start, start)

    def close(self) -> None:
        """Let go of the file."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def blocks(self) -> Iterator[tuple[int, bytes]]:
        """Yield the position and the bytes of whole entries, from the end to the start."""
        stop, size = self.stop, BLOCK_BYTES
        while stop > self.start:
            at = max(self.start, stop - size)
            block = self.read(at, stop)
            skipped = 0 if at == self.start else block.find(b"\n") + 1
            if at > self.start and not 0 < skipped < len(block):
                size *= 2  # an entry longer than a block
                continue
            yield at + skipped, block[skipped:]
            stop, size = at + skipped, BLOCK_BYTES

    def forward(self) -> Iterator[tuple[int, bytes]]:
        """Yield the position and the bytes of whole entries, from the start to the end."""
        at, size = self.start, BLOCK_BYTES
        while at < self.stop:
            block = self.read(at, min(self.stop, at + size))
            end = block.rfind(b"\n") + 1
            if not end:
                if at + size >= self.stop:
                    return
                size *= 2
                continue
            yield at, block[:end]
            at, size = at + end, BLOCK_BYTES

    def around(self, position: int, entries: int) -> tuple[int, int]:
        """Return where so many entries before and after the one at a position begin and end."""
        before = max(self.start, position - entries * 1024)
        head = self.read(before, position)
        first = len(head)
        for _ in range(entries):
            first = head.rfind(b"\n", 0, max(0, first - 1)) + 1
            if first == 0:
                break
        if first == 0 and before > self.start:
            first = head.find(b"\n") + 1
        tail = self.read(position, min(self.stop, position + entries * 1024 + MAX_ENTRY_BYTES))
        last = 0
        for _ in range(entries + 1):
            found = tail.find(b"\n", last)
            if found < 0:
                break
            last = found + 1
        return before + first, position + last


def log_path(container: Container, here: EngineInfo | None) -> Path | None:
    """Return the newest file of a container's log; None where it is elsewhere or of another kind.

    Only a file in the engine's own folder of the container counts, whatever the engine says.

    Args:
        container: whose.
        here: the engine, if it runs on this machine.
    """
    if here is None or here.is_podman or container.log_driver != JSON_FILE:
        return None
    path = Path(container.log_path)
    inside = Path(here.root_dir, "containers", container.id)
    return path if path.parent == inside else None


def open_log(path: Path) -> list[LogFile]:
    """Open the files of a log, newest first.

    Raises:
        OSError: they cannot be read.
    """
    files: list[LogFile] = []
    try:
        for number in range(1_000):
            name = path if number == 0 else path.with_name(f"{path.name}.{number}")
            packed = name.with_name(f"{name.name}.gz")
            if name.exists() or number == 0:
                files.append(_open_plain(name))
            elif packed.exists():
                files.append(_unpack(packed))
            else:
                break
    except BaseException:
        for file in files:
            file.close()
        raise
    return files


def _open_plain(path: Path) -> LogFile:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    size = os.fstat(descriptor).st_size
    file = LogFile(descriptor, b"", 0, size)
    # What is being written right now is no entry yet.
    tail = file.read(max(0, size - MAX_ENTRY_BYTES), size)
    return LogFile(descriptor, b"", 0, size - len(tail) + tail.rfind(b"\n") + 1)


def _unpack(path: Path) -> LogFile:
    with gzip.open(path) as packed:
        content = packed.read(MAX_UNPACKED_BYTES)
    return LogFile(None, content, 0, content.rfind(b"\n") + 1)


def narrow(files: Sequence[LogFile], since: str | None, until: str | None) -> list[LogFile]:
    """Return the parts of the files, newest first, that hold a window of time."""
    narrowed: list[LogFile] = []
    for file in files:
        stop = file.stop if until is None else _position(file, until, after=True)
        start = 0 if since is None else _position(file, since, after=False)
        start = max(file.start, start)
        narrowed.append(replace(file, start=min(start, stop), stop=stop))
        if start > 0:
            break
    return narrowed


def _position(file: LogFile, moment: str, *, after: bool) -> int:
    """Return where the first entry at (or after) a moment begins; the entries' times rise."""
    low, high = file.start, file.stop
    while high - low > STEP_BYTES:
        middle = (low + high) // 2
        found = _first_entry(file, middle, high)
        if found is None or _is_later(found[1], moment, after=after):
            high = middle
        else:
            low = found[0]
    at = low
    # ``low`` begins an entry that is earlier; an entry reaches over ``high`` at most.
    for line in file.read(low, min(file.stop, high + MAX_ENTRY_BYTES)).splitlines(keepends=True):
        time = _time(line)
        if time is not None and _is_later(time, moment, after=after):
            break
        at += len(line)
    return min(at, file.stop)


def _is_later(time: str, moment: str, *, after: bool) -> bool:
    return time > moment if after else time >= moment


def _first_entry(file: LogFile, start: int, stop: int) -> tuple[int, str] | None:
    """Return the position and the time of the first whole entry that begins after ``start``."""
    for size in (STEP_BYTES, MAX_ENTRY_BYTES):
        block = file.read(start, min(file.stop, start + size))
        at = block.find(b"\n") + 1
        while at > 0 and start + at < stop:
            end = block.find(b"\n", at)
            if end < 0:
                break
            time = _time(block[at:end])
            if time is not None:
                return start + at, time
            at = end + 1
    return None


def _time(line: bytes) -> str | None:
    found = _TIME.search(line[-256:])
    return nine_digits(found[1].decode(errors="replace")) if found else None


def nine_digits(stamp: str) -> str:
    """Return a time stamp, of which the file leaves out zeros at the end, so that it sorts."""
    if len(stamp) == SORTABLE_CHARS:
        return stamp
    whole, _, fraction = stamp.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<9}Z"


def parse_entry(line: bytes) -> Entry | None:
    """Parse a line of the file; None for one that is damaged."""
    plain = _PLAIN.match(line)
    if plain is not None:
        text = plain[1].decode(errors="replace")
        stream = "err" if plain[4] == b"stderr" else "out"
        return Entry(nine_digits(plain[5].decode()), stream, text, plain[3] is not None)
    try:
        raw = json.loads(line)
        text, time = str(raw["log"]), str(raw["time"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    stream = _STREAM_NAMES.get(str(raw.get("stream")), "out")
    return Entry(nine_digits(time), stream, text.rstrip("\r\n"), text.endswith("\n"))


def merge(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return spans in order, those that touch or overlap as one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged
