"""Reads logs backwards: the engine finds the end of a log at once, but a time only from its start.

Asking for ``since`` alone makes the engine decode the whole log (two minutes for 1.3 GB). So the
last lines are asked for, then more and more of them, until they reach back far enough or the budget
is spent.
"""

import io
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import requests

from stacksight_docker.clock import format_time, parse_time
from stacksight_docker.facts import LogLine
from stacksight_docker.source.client import CHUNK_BYTES, READ_SECONDS, EngineClient, is_timeout
from stacksight_docker.source.logentries import Entry, join

FRAME_HEADER_BYTES = 8
MAX_LOG_BYTES = 128 * 1024 * 1024
GROWTH = 8
FEW_LINES = 1_000
"""The engine sends so few of the last lines at once."""
SURE = 0.85
"""The part of what seems possible that is asked for: what is cut off is lost as a whole."""
GRACE_SECONDS = 0.5
STREAMS = {0: "out", 1: "out", 2: "err"}
# docker/daemon/logger/copier.go: longer lines are stored, and sent, in pieces of this size.
PIECE_BYTES = 16 * 1024
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d) ")


@dataclass(frozen=True)
class LogRead:
    """What was read of a container's log.

    Attributes:
        parts: runs of lines that follow each other, oldest first; one, unless it was searched.
        complete: nothing older is left in the log, or in the window that was asked for.
        count: how many lines were read; more than the parts hold where it was searched.
        back_to: the time of the oldest that was read; empty without any.
        later_left: newer lines of the window are left.
        unread: bytes of the log's files older than what was read; None where that is not known.
    """

    parts: Sequence[Sequence[LogLine]]
    complete: bool
    count: int
    back_to: str
    later_left: bool = False
    unread: int | None = None

    @property
    def gapless(self) -> bool:
        """Every line that was read is kept."""
        return self.count == sum(len(part) for part in self.parts)

    @property
    def lines(self) -> Sequence[LogLine]:
        """All lines that are kept, oldest first."""
        return self.parts[0] if len(self.parts) == 1 else [x for part in self.parts for x in part]


def whole_read(lines: Sequence[LogLine], *, complete: bool, **more: Any) -> LogRead:
    """Return what was read, all of it kept."""
    return LogRead([lines], complete, len(lines), lines[0].time if lines else "", **more)


@dataclass(frozen=True)
class LineSearch:
    """What is looked for in a log, where its files can be searched.

    Attributes:
        literals: what is wanted holds one of these, written in lower case; empty: unknown.
        keeps: tells whether a line may belong to what is wanted.
        counts: tells whether it is wanted for sure.
        most: how many of the newest are wanted; None for all.
        context: how many lines around each are wanted too.
    """

    literals: Sequence[bytes]
    keeps: Callable[[LogLine], bool]
    counts: Callable[[LogLine], bool]
    most: int | None
    context: int


@dataclass(frozen=True)
class LogQuery:
    """How far back to read.

    Attributes:
        lines: how many lines to ask for first.
        max_lines: the most to ask for.
        seconds: the time limit; reached, what was read until then counts.
        since: leave out what is older, in seconds since the epoch; read back that far.
        all_of_it: max_lines are wanted; go there at once where the time allows it.
        enough: tells from the lines read so far, oldest first, that no more are needed.
        until: what is newer is not needed, in seconds since the epoch.
        around: the lines nearest to this time are needed first, in seconds since the epoch.
        forward: the oldest lines of the window are needed first.
        needed: how many lines of the window are needed, where its ends can be found at once.
        search: looked for in the log's files, where they can be read.
        file_seconds: the time limit for reading the files; None for ``seconds``.
    """

    lines: int
    max_lines: int
    seconds: float
    since: float | None = None
    all_of_it: bool = False
    enough: Callable[[Sequence[LogLine]], bool] = lambda _: False
    until: float | None = None
    around: float | None = None
    forward: bool = False
    needed: int | None = None
    search: LineSearch | None = None
    file_seconds: float | None = None

    @property
    def goes_far(self) -> bool:
        """More than the log's last lines is wanted."""
        return self.max_lines > FEW_LINES or self.since is not None or self.until is not None


class _Batch(NamedTuple):
    lines: list[LogLine]
    entries: int
    cut: bool
    size: int = 0


def read_log(client: EngineClient, container_id: str, query: LogQuery, *, tty: bool) -> LogRead:
    """Read the end of a log, further and further back, as far as the query asks.

    Args:
        client: for this call alone.
        container_id: the full id.
        query: how far back to read.
        tty: the container has a terminal: its log is one raw stream.

    Raises:
        docker.errors.APIError: the log driver cannot be read.
    """
    deadline = time.monotonic() + query.seconds
    best, tail = _Batch([], 0, cut=True), query.lines
    while True:
        step_started = time.monotonic()
        batch = _read_tail(client, container_id, tail, query.since, deadline, tty=tty)
        if not batch.cut or not best.lines:
            best = batch
        complete = not batch.cut and batch.entries < tail
        if batch.cut or complete or tail >= query.max_lines or query.enough(batch.lines):
            return whole_read(best.lines, complete=complete)
        affordable = _affordable(batch, time.monotonic() - step_started, deadline)
        if affordable <= tail:
            return whole_read(best.lines, complete=False)
        further = affordable if query.all_of_it else tail * GROWTH
        tail = min(further, affordable, query.max_lines)


def _affordable(batch: _Batch, took: float, deadline: float) -> int:
    """Return how many entries can be read in the time left and within MAX_LOG_BYTES."""
    rate = batch.entries / max(took, 0.001)
    by_time = rate * (deadline - time.monotonic()) * SURE
    by_size = MAX_LOG_BYTES * SURE / max(1.0, batch.size / max(1, batch.entries))
    return int(min(by_time, by_size))


def _read_tail(
    client: EngineClient,
    container_id: str,
    tail: int,
    since: float | None,
    deadline: float,
    *,
    tty: bool,
) -> _Batch:
    """Read the last entries; ``cut`` when the time or the size ran out before the newest."""
    params: dict[str, object] = {"stdout": 1, "stderr": 1, "timestamps": 1, "tail": tail}
    if since is not None:
        # The engine takes the tail first and drops what is older than ``since`` from it.
        params["since"] = f"{since:.6f}"  # a float has no more digits
    silence = max(0.1, min(READ_SECONDS, deadline - time.monotonic()))
    body = bytearray()
    cut = False
    try:
        with client.open(f"/containers/{container_id}/logs", params, seconds=silence) as response:
            for chunk in response.iter_content(CHUNK_BYTES):
                body += chunk
                if len(body) > MAX_LOG_BYTES or time.monotonic() > deadline + GRACE_SECONDS:
                    cut = True
                    break
    except requests.RequestException as error:
        if not is_timeout(error):
            raise
        cut = True
    data = bytes(body)
    entries = list(_entries(_raw_lines(data) if tty else split_frames(data)))
    return _Batch(join(entries), len(entries), cut, len(data))


def split_frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Split the multiplexed stream: 8 bytes of header (stream, length), then the piece."""
    position, end = 0, len(data)
    while position + FRAME_HEADER_BYTES <= end:
        body = position + FRAME_HEADER_BYTES
        position = body + int.from_bytes(data[position + 4 : body])
        if position > end:
            return  # the rest did not arrive
        yield data[body - FRAME_HEADER_BYTES], data[body:position]


def _raw_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    for line in io.BytesIO(data):  # a carriage return alone ends no line
        if len(line) <= PIECE_BYTES:
            yield 1, line
            continue
        starts = [match.start() for match in _STAMP.finditer(line)] or [0]
        for start, stop in zip(starts, [*starts[1:], len(line)], strict=True):
            yield 1, line[start:stop]


def _entries(frames: Iterator[tuple[int, bytes]]) -> Iterator[Entry]:
    for stream, frame in frames:
        stamp, _, text = frame.decode(errors="replace").partition(" ")
        name = STREAMS.get(stream, "out")
        yield Entry(_utc(stamp), name, text.rstrip("\r\n"), text.endswith("\n"))


def _utc(stamp: str) -> str:
    """Return the engine's time stamp in UTC with nine digits.

    Docker's is so already; Podman's is to the second, or has an offset.
    """
    if stamp.endswith("Z") and "." in stamp:
        return stamp
    moment = parse_time(stamp)
    return stamp if moment is None else format_time(moment)
