"""What the engine stores of a log at once, and the lines that these make."""

from collections.abc import Iterable
from typing import NamedTuple

from stacksight_docker.facts import LogLine


class Entry(NamedTuple):
    """A line, or a piece of a long one.

    Attributes:
        time: RFC 3339 with nine digits in UTC.
        stream: ``out`` or ``err``.
        text: without the line's end.
        whole: the line ends here.
    """

    time: str
    stream: str
    text: str
    whole: bool


def join(entries: Iterable[Entry]) -> list[LogLine]:
    """Turn entries, oldest first, into lines: a piece continues in its stream's next."""
    lines: list[LogLine] = []
    open_pieces: dict[str, tuple[str, list[str]]] = {}
    for entry in entries:
        if entry.whole and entry.stream not in open_pieces:
            lines.append(LogLine(entry.time, entry.stream, entry.text))
            continue
        first, pieces = open_pieces.setdefault(entry.stream, (entry.time, []))
        pieces.append(entry.text)
        if entry.whole:
            del open_pieces[entry.stream]
            lines.append(LogLine(first, entry.stream, "".join(pieces)))
    for stream, (first, pieces) in open_pieces.items():
        lines.append(LogLine(first, stream, "".join(pieces)))
    return lines
