"""A long log in a page: what repeats, what is wrong, what is new, what was said before each end."""

import bisect
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel

from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import inline
from stacksight_docker.clock import format_time, parse_time
from stacksight_docker.logs.levels import LEVELS, Level
from stacksight_docker.logs.records import Record
from stacksight_docker.logs.shapes import shape

MAX_SHAPES = 5_000
MAX_ERROR_GROUPS = 70
MAX_OTHER_GROUPS = 15
ERRORS_CHARS = 5_000
"""For all errors together: the more kinds there are, the shorter each is told."""
GROUP_CHARS = 32
"""What a group's count and times take."""
LINE_CHARS = 300
SHAPE_CHARS = 160
LEAST_CHARS = 40
MANY_ERRORS = 25
TRACE_CHARS = 900
WHOLE_ERRORS = 3
RATE_CHANGE = 3.0
MIN_FOR_RATE = 20
MIN_RECORDS_FOR_NEW = 20
MIN_SECONDS_FOR_NEW = 5.0
TOO_MANY = 60
"""Above this many shapes of a level, near ones are merged."""
MERGE_EQUAL = 0.6
MERGE_EQUAL_ERRORS = 0.8
TAIL_RECORDS = 5
ENDING_RECORDS = 3
MAX_ENDINGS = 4
LAST_MOMENT = 0.2
LATE = 0.08
"""Seconds by which a line may be noted after the end; a restart comes 0.1 s after it or later."""


class Group(BaseModel):
    """Records of one shape."""

    count: int
    level: str | None = None
    shape: str
    sample: str | None = None
    first: str
    last: str
    change: str | None = None
    containers: list[str] = []


class Exit(NamedTuple):
    """An end of a container: when, as the engine writes times, and its exit code."""

    time: str
    code: str


class Ending(BaseModel):
    """The end of a container's last run and what it said before; the same of earlier runs."""

    container: str
    what: str = ""
    said: list[str]
    earlier: list[str] = []


class Summary(BaseModel):
    """What the logs say."""

    records: int
    levels: dict[str, int]
    first_error: str | None = None
    errors: list[Group]
    warnings: list[Group]
    others: list[Group]
    groups_left_out: int = 0
    records_left_out: int = 0
    endings: list[Ending] = []
    last: list[str]


@dataclass
class _Shape:
    """What is counted of one shape; memory does not grow with the count."""

    level: Level | None
    name: str
    sample: Record
    first: str
    last: str
    count: int = 0
    late: int = 0
    containers: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Said:
    """A record and who said it."""

    container: str
    record: Record


def summarise(said: Sequence[Said], *, complete: bool) -> Summary:
    """Count shapes and choose what matters.

    Args:
        said: the records of all containers in time order.
        complete: nothing older exists in the window looked at, so that what first appears late is
            new and not merely out of sight before.
    """
    middle = _middle(said)
    shapes, uncounted = _count(said, middle)
    groups = [group for level in (*LEVELS, None) for group in _merge(shapes, level)]
    enough = len(said) >= MIN_RECORDS_FOR_NEW and _span(said) >= MIN_SECONDS_FOR_NEW
    early_total = sum(group.count - group.late for group in groups)
    late_total = sum(group.late for group in groups)

    def to_groups(
        entries: Sequence[_Shape], whole: int = 0, width: int = SHAPE_CHARS
    ) -> list[Group]:
        changes = [
            _change(entry, early_total, late_total) if enough and complete else None
            for entry in entries
        ]
        return [
            _group(entry, change, whole=index < whole, width=width)
            for index, (entry, change) in enumerate(zip(entries, changes, strict=True))
        ]

    errors = _rank(groups, "error")
    warnings = _rank(groups, "warning")
    others = [g for g in groups if g.level not in ("error", "warning")]
    # What changed is worth more than what is frequent.
    others.sort(key=lambda g: (not (enough and complete and g.late == g.count), -g.count))
    many = len(errors) > MANY_ERRORS
    rest = MAX_OTHER_GROUPS // 3 if many else MAX_OTHER_GROUPS
    kept = errors[:MAX_ERROR_GROUPS], warnings[:rest], others[:rest]
    width = ERRORS_CHARS // max(1, len(kept[0])) - GROUP_CHARS
    shown = sum(len(part) for part in kept)
    return Summary(
        records=len(said),
        levels={str(level): n for level, n in _levels(groups).items()},
        errors=to_groups(
            kept[0],
            whole=0 if many else WHOLE_ERRORS,
            width=min(SHAPE_CHARS, max(LEAST_CHARS, width)),
        ),
        warnings=to_groups(kept[1]),
        others=to_groups(kept[2]),
        groups_left_out=len(groups) - shown,
        records_left_out=uncounted,
        last=[describe(entry) for entry in said[-TAIL_RECORDS:]],
    )


def find_ending(container: str, what: str, records: Sequence[Record], ended: str) -> Ending | None:
    """Return what a container said right before the end of its last run; None if nothing is left.

    Args:
        container: its name.
        what: how and when it ended.
        records: its own, in time order.
        ended: when, as the engine writes times.
    """
    before = [record for record in records if record.time <= ended]
    if not before:
        return None
    said = [describe_whole(record) for record in _last_words(before)]
    return Ending(container=container, what=what, said=said)


def _last_words(run: Sequence[Record]) -> Sequence[Record]:
    """Return the last records of a run, errors of its last moment at the end.

    In which order the engine notes what comes through two streams at once says nothing.
    """
    moment = format_time((parse_time(run[-1].time) or 0.0) - LAST_MOMENT)
    last = [record for record in run if record.time >= moment]
    earlier = run[: len(run) - len(last)]
    ordered = sorted(last, key=lambda record: record.level == "error")
    return [*earlier, *ordered][-ENDING_RECORDS:]


def find_earlier(records: Sequence[Record], exits: Sequence[Exit]) -> list[str]:
    """Count what a container said last before each of its ends.

    Args:
        records: its own, in time order.
        exits: its ends, in time order; what the log does not reach back to is left out.
    """
    times = [record.time for record in records]
    counts: Counter[str] = Counter()
    begin = 0
    for end in exits:
        stop = bisect.bisect_right(times, format_time((parse_time(end.time) or 0.0) + LATE))
        run = records[begin:stop]
        begin = stop
        if run:
            said = inline(redact_assignments(shape(_last_words(run)[-1])), SHAPE_CHARS)
            counts[f"exit code {end.code}, after: {said}"] += 1
    return [f"{count}x {what}" for what, count in counts.most_common(MAX_ENDINGS)]


def find_first_error(said: Sequence[Said], started: str) -> str | None:
    """Return the first error since a start, which is often the cause of those that follow."""
    for entry in said:
        if entry.record.level == "error" and entry.record.time >= started:
            return f"{entry.record.time[11:23]} {entry.container}: {describe_whole(entry.record)}"
    return None


def describe(said: Said) -> str:
    """Write a record on one line, secrets masked."""
    text = inline(redact_assignments(said.record.lines[0]), LINE_CHARS)
    trace = f" (+{len(said.record.lines) - 1} lines)" if len(said.record.lines) > 1 else ""
    return f"{said.record.time[11:23]} {said.container}: {text}{trace}"


def describe_whole(record: Record, limit: int = TRACE_CHARS) -> str:
    """Write a record with all its lines, secrets masked, the middle left out when it is long."""
    text = redact_assignments(record.text)
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… ({len(text) - limit:,} characters left out)\n{text[-half:]}"


def _span(said: Sequence[Said]) -> float:
    """Return the seconds between the first record and the last."""
    if not said:
        return 0.0
    first, last = (parse_time(said[i].record.time) or 0.0 for i in (0, -1))
    return last - first


def _middle(said: Sequence[Said]) -> str:
    """Return the time half-way between the first record and the last, as the engine writes it."""
    if not said:
        return ""
    first, last = (parse_time(said[i].record.time) for i in (0, -1))
    if first is None or last is None or last <= first:
        return said[len(said) // 2].record.time
    wanted = (first + last) / 2
    low, high = 0, len(said)
    while low < high:
        index = (low + high) // 2
        if (parse_time(said[index].record.time) or 0.0) < wanted:
            low = index + 1
        else:
            high = index
    return said[min(low, len(said) - 1)].record.time


def _count(said: Sequence[Said], middle: str) -> tuple[list[_Shape], int]:
    shapes: dict[tuple[Level | None, str], _Shape] = {}
    names: dict[str, str] = {}
    uncounted = 0
    for entry in said:
        record = entry.record
        name = names.get(record.skeleton) if len(record.lines) == 1 else None
        if name is None:
            name = shape(record)
            if len(record.lines) == 1 and len(names) < MAX_SHAPES:
                names[record.skeleton] = name
        key = (record.level, name)
        counted = shapes.get(key)
        if counted is None:
            if len(shapes) >= MAX_SHAPES:
                uncounted += 1
                continue
            counted = _Shape(record.level, name, record, record.time, record.time)
            shapes[key] = counted
        counted.count += 1
        counted.late += record.time >= middle
        counted.last = record.time
        counted.containers.add(entry.container)
    return list(shapes.values()), uncounted


def _merge(shapes: Sequence[_Shape], level: Level | None) -> list[_Shape]:
    """Merge shapes of a level that differ in a few words, when there are too many of them."""
    own = [entry for entry in shapes if entry.level == level]
    if len(own) <= TOO_MANY:
        return own
    least = MERGE_EQUAL_ERRORS if level == "error" else MERGE_EQUAL
    buckets: dict[tuple[int, str], list[_Shape]] = {}
    for entry in own:
        words = entry.name.split()
        bucket = buckets.setdefault((len(words), words[0] if words else ""), [])
        near = next((other for other in bucket[:TOO_MANY] if _alike(words, other, least)), None)
        if near is None:
            bucket.append(entry)
        else:
            _absorb(near, entry, words)
    return [entry for bucket in buckets.values() for entry in bucket]


def _alike(words: list[str], other: _Shape, least: float) -> bool:
    pairs = list(zip(words, other.name.split(), strict=True))
    return sum(a == b for a, b in pairs) >= least * len(pairs)


def _absorb(into: _Shape, entry: _Shape, words: list[str]) -> None:
    pairs = zip(into.name.split(), words, strict=True)
    into.name = " ".join(a if a == b else "<*>" for a, b in pairs)
    into.count += entry.count
    into.late += entry.late
    into.first = min(into.first, entry.first)
    into.last = max(into.last, entry.last)
    into.containers |= entry.containers


def _rank(groups: Sequence[_Shape], level: Level) -> list[_Shape]:
    """Order groups by what matters: the frequent and the recent first."""
    own = [group for group in groups if group.level == level]
    recent = {id(g) for g in sorted(own, key=lambda g: g.last, reverse=True)[:5]}
    return sorted(own, key=lambda g: (id(g) not in recent, -g.count))


def _levels(groups: Sequence[_Shape]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group.level or "unstated"] += group.count
    return counts


def _change(entry: _Shape, early_total: int, late_total: int) -> str | None:
    """Say how often a shape came in the second half of the time, against the first."""
    early = entry.count - entry.late
    if not early_total or not late_total:
        return None
    if early == 0:
        return "new in the second half"
    if entry.count < MIN_FOR_RATE:
        return None
    ratio = entry.late / early
    if ratio >= RATE_CHANGE:
        return f"{ratio:.0f} times as often in the second half"
    if ratio > 1 / RATE_CHANGE:
        return None
    return f"{1 / ratio:.0f} times rarer in the second half" if ratio else "ended in the first half"


def _group(entry: _Shape, change: str | None, *, whole: bool, width: int) -> Group:
    """Describe a shape; ``whole`` shows a traceback in full."""
    trace = len(entry.sample.lines) > 1
    once = entry.count == 1 and not trace
    named = entry.sample.message if once else entry.name
    sample = None
    if whole and trace:
        sample = describe_whole(entry.sample)
    elif whole and not once:
        sample = inline(redact_assignments(entry.sample.message), SHAPE_CHARS)
    return Group(
        count=entry.count,
        level=entry.level,
        shape=inline(redact_assignments(named), width),
        sample=None if sample == named else sample,
        first=entry.first,
        last=entry.last,
        change=change,
        containers=sorted(entry.containers),
    )
