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
from typing import NamedTuple

import requests

from stacksight_docker.clock import format_time, parse_time
from stacksight_docker.facts import LogLine
from stacksight_docker.source.client import CHUNK_BYTES, READ_SECONDS, EngineClient, is_timeout

FRAME_HEADER_BYTES = 8
MAX_LOG_BYTES = 128 * 1024 * 1024
GROWTH = 8
SURE = 0.85
"""The part of what seems possible that is asked for: what is cut off is lost as a whole."""
GRACE_SECONDS = 0.5
STREAMS = {0: "out", 1: "out", 2: "err"}
# docker/daemon/logger/copier.go: longer lines are stored, and sent, in pieces of this size.
PIECE_BYTES = 16 * 1024
_STAMP = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d) ")


@dataclass(frozen=True)
class LogRead:
    """The end of a container's log.

    Attributes:
        lines: oldest first.
        complete: nothing older is left in the log, or in the window that was asked for.
        seconds: how long reading took.
    """

    lines: Sequence[LogLine]
    complete: bool
    seconds: float


@dataclass(frozen=True)
class LogQuery:
    """How far back to read.

    Attributes:
        lines: how many lines to ask for first.
        max_lines: the most to ask for.
        since: leave out what is older, in seconds since the epoch; read back that far.
        seconds: the time limit; reached, what was read until then counts.
        all_of_it: max_lines are wanted; go there at once where the time allows it.
        enough: tells from the lines read so far, oldest first, that no more are needed.
    """

    lines: int
    max_lines: int
    seconds: float
    since: float | None = None
    all_of_it: bool = False
    enough: Callable[[Sequence[LogLine]], bool] = lambda _: False


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
    started = time.monotonic()
    deadline = started + query.seconds
    best, tail = _Batch([], 0, cut=True), query.lines
    while True:
        step_started = time.monotonic()
        batch = _read_tail(client, container_id, tail, query.since, deadline, tty=tty)
        if not batch.cut or not best.lines:
            best = batch
        complete = not batch.cut and batch.entries < tail
        if batch.cut or complete or tail >= query.max_lines or query.enough(batch.lines):
            return LogRead(best.lines, complete, time.monotonic() - started)
        affordable = _affordable(batch, time.monotonic() - step_started, deadline)
        if affordable <= tail:
            return LogRead(best.lines, complete=False, seconds=time.monotonic() - started)
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
        params["since"] = f"{since:.9f}"
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
    frames = _raw_lines(data) if tty else split_frames(data)
    return _join(frames, cut=cut)._replace(size=len(data))


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


def _join(frames: Iterator[tuple[int, bytes]], *, cut: bool) -> _Batch:
    """Turn pieces into lines: one without a newline at its end continues in its stream's next."""
    lines: list[LogLine] = []
    open_pieces: dict[int, tuple[str, list[str]]] = {}
    entries = 0
    for stream, frame in frames:
        entries += 1
        stamp, _, rest = frame.decode(errors="replace").partition(" ")
        text = rest.rstrip("\r\n")
        whole = rest.endswith("\n")
        if whole and stream not in open_pieces:
            lines.append(LogLine(_utc(stamp), STREAMS.get(stream, "out"), text))
            continue
        first, pieces = open_pieces.setdefault(stream, (stamp, []))
        pieces.append(text)
        if whole:
            del open_pieces[stream]
            lines.append(LogLine(_utc(first), STREAMS.get(stream, "out"), "".join(pieces)))
    for stream, (first, pieces) in open_pieces.items():
        lines.append(LogLine(_utc(first), STREAMS.get(stream, "out"), "".join(pieces)))
    return _Batch(lines, entries, cut)


def _utc(stamp: str) -> str:
    """Return the engine's time stamp in UTC with nine digits.

    Docker's is so already; Podman's is to the second, or has an offset.
    """
    if stamp.endswith("Z") and "." in stamp:
        return stamp
    moment = parse_time(stamp)
    return stamp if moment is None else format_time(moment)
