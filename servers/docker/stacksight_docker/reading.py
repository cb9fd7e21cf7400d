"""Reads the logs of several containers and makes of them what read_logs answers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import anyio
from docker.errors import APIError

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_docker.analysis.exits import describe_trouble, explain_exit
from stacksight_docker.clock import format_time, parse_moment, parse_time, short_time
from stacksight_docker.facts import Container, Listed, LogLine
from stacksight_docker.logs.answer import Coverage, LogAnswer
from stacksight_docker.logs.levels import Level
from stacksight_docker.logs.lines import Matches, choose, compile_filter, compile_line_filter, fit
from stacksight_docker.logs.literals import may_span_lines, required_literals
from stacksight_docker.logs.patterns import (
    Ending,
    Exit,
    Said,
    Summary,
    find_earlier,
    find_ending,
    find_first_error,
    summarise,
)
from stacksight_docker.logs.records import Record, to_records
from stacksight_docker.logs.shapes import shape
from stacksight_docker.source.logs import LineSearch, LogQuery, LogRead
from stacksight_docker.source.source import Source

MAX_CONTAINERS = 20
DEFAULT_LIMIT = 60
FEW_LINES = 200
"""A log this short is shown as it is unless patterns are asked for."""
FIRST_LINES = 2_000
FIRST_SEARCHED_LINES = 10_000
SEARCH_LINES = 80_000
SEARCH_SECONDS = 0.8
PATTERN_LINES = 100_000
SEARCH_FILE_SECONDS = 1.1
PATTERN_SECONDS = 3.2
PATTERN_FILE_SECONDS = 1.6
"""Making records of lines takes twice as long as reading them from a file."""
AROUND_SECONDS = 30.0
EXIT_SECONDS = 3_600.0
MANY_RECORDS = 16
REPEATED = 4
"""A log whose shapes each come this often on average is better shown by its shapes."""

ERROR_TOO_MANY = (
    "That is {count} containers, and read_logs takes {most} at once. Name fewer: {names}, ..."
)
ERROR_WINDOW = "`since` ({since}) is not before `until` ({until}), so no line can be between them."
PROBLEM_DRIVER = "its log cannot be read: {reason} (log driver {driver})"


@dataclass(frozen=True)
class LogRequest:
    """The arguments of read_logs that decide which lines are wanted."""

    mode: str
    match: str | None
    level: Level | None
    since: str | None
    until: str | None
    around: str | None
    limit: int | None
    context: int
    cursor: str | None

    @property
    def most(self) -> int:
        """How many records to show."""
        return self.limit or DEFAULT_LIMIT


@dataclass(frozen=True)
class _Window:
    since: float | None
    until: float | None
    after: str
    """The engine's time stamp of the last line seen before; empty without a cursor."""
    around: float | None


@dataclass(frozen=True)
class _Read:
    listed: Listed
    container: Container
    log: LogRead | None
    problem: str | None
    records: Sequence[Record]


async def read_containers(
    source: Source, chosen: Sequence[Listed], request: LogRequest
) -> LogAnswer:
    """Read the logs of containers as a request asks.

    Raises:
        ToolFailure: too many containers, a bad time, pattern or cursor.
    """
    if len(chosen) > MAX_CONTAINERS:
        names = ", ".join(c.name for c in chosen[:3])
        raise ToolFailure(
            ERROR_TOO_MANY.format(count=len(chosen), most=MAX_CONTAINERS, names=names)
        )
    compile_filter(request.match, request.level)  # a bad pattern fails before anything is read
    now = await source.now()
    scope = {"containers": sorted(c.id for c in chosen), "match": request.match}
    window = _window(request, now, scope)
    inspected = await source.inspect_all([c.id for c in chosen])
    present = [(c, inspected[c.id]) for c in chosen if c.id in inspected]
    mode = _mode(request)
    reads = await _read_all(source, present, request, window, mode)
    if mode == "auto" and not all(_is_short(read) for read in reads):
        mode = "patterns"
        reads = await _read_all(source, present, request, window, mode)
    elif mode == "auto":
        mode = await _fitting_mode(reads)
    elif request.mode == "auto" and _only_level(request):
        mode = await _fitting_mode(reads, compile_filter(None, request.level))
    exits = await _exits(source, reads, now) if mode == "patterns" else {}
    answer = await in_thread(_answer, reads, request, window, mode, now, exits)
    latest = max((r.records[-1].time for r in reads if r.records), default=window.after)
    if request.cursor and answer.mode == "lines" and answer.lines:
        latest = answer.lines[-1].until or answer.lines[-1].time
    answer.new_cursor = encode_cursor(latest, **scope) if latest else None
    return answer


def _mode(request: LogRequest) -> str:
    filtered = request.match or request.level or request.around or request.limit
    return "lines" if request.mode == "auto" and filtered else request.mode


def _window(request: LogRequest, now: float, scope: Mapping[str, object]) -> _Window:
    since = parse_moment("since", request.since, now) if request.since else None
    until = parse_moment("until", request.until, now) if request.until else None
    around = parse_moment("around", request.around, now) if request.around else None
    if around is not None:
        since, until = around - AROUND_SECONDS, around + AROUND_SECONDS
    after = str(decode_cursor(request.cursor, **scope)) if request.cursor else ""
    if after:
        since = max(since or 0.0, parse_time(after) or 0.0)
    if since is not None and until is not None and since >= until:
        raise ToolFailure(ERROR_WINDOW.format(since=short_time(since), until=short_time(until)))
    return _Window(since, until, after, around)


def _is_short(read: _Read) -> bool:
    return read.log is None or (read.log.complete and len(read.log.lines) <= FEW_LINES)


def _only_level(request: LogRequest) -> bool:
    others = (request.match, request.around, request.limit, request.context, request.cursor)
    return request.level is not None and not any(others)


async def _fitting_mode(reads: Sequence[_Read], passes: Matches = lambda _: True) -> str:
    repetitive = await in_thread(_is_repetitive, reads, passes)
    return "patterns" if repetitive else "lines"


def _is_repetitive(reads: Sequence[_Read], passes: Matches) -> bool:
    """Tell whether a log says little again and again, as in a crash loop."""
    records = [record for read in reads for record in read.records if passes(record)]
    if len(records) < MANY_RECORDS:
        return False
    return len({shape(record) for record in records}) * REPEATED <= len(records)


async def _exits(source: Source, reads: Sequence[_Read], now: float) -> Mapping[str, list[Exit]]:
    """Return the ends of containers that were restarted, as far as the engine remembers them."""
    restarted = {read.listed.id for read in reads if read.container.restart_count}
    if not restarted:
        return {}
    exits: dict[str, list[Exit]] = {}
    for event in await source.events(now - EXIT_SECONDS, now):
        if event.action == "die" and event.actor_id in restarted:
            code = event.attributes.get("exitCode", "")
            exits.setdefault(event.actor_id, []).append(Exit(format_time(event.time), code))
    return exits


async def _read_all(
    source: Source,
    inspected: Sequence[tuple[Listed, Container]],
    request: LogRequest,
    window: _Window,
    mode: str,
) -> list[_Read]:
    query = _query(request, window, mode, len(inspected))
    reads: dict[str, _Read] = {}

    async def read(listed: Listed, container: Container) -> None:
        try:
            log = await source.log(container, query)
        except APIError as error:
            reason = PROBLEM_DRIVER.format(reason=error.explanation, driver=container.log_driver)
            reads[listed.id] = _Read(listed, container, None, reason, [])
            return
        records = await in_thread(_records, log.parts, window)
        reads[listed.id] = _Read(listed, container, log, None, records)

    async with anyio.create_task_group() as tasks:
        for listed, container in inspected:
            tasks.start_soon(read, listed, container)
    return [reads[listed.id] for listed, _ in inspected]


def _query(request: LogRequest, window: _Window, mode: str, containers: int) -> LogQuery:
    since, until = window.since, window.until
    if mode == "patterns":
        most = PATTERN_LINES // max(1, containers)
        return LogQuery(
            min(FIRST_SEARCHED_LINES, most), most, PATTERN_SECONDS, since,
            all_of_it=since is None, until=until, needed=most,
            file_seconds=PATTERN_FILE_SECONDS,
        )  # fmt: skip
    if mode == "auto":
        return LogQuery(FEW_LINES + 1, FEW_LINES + 1, SEARCH_SECONDS, since)
    most = SEARCH_LINES // max(1, containers)
    if request.match or request.level:
        enough = _enough(request) if since is None else lambda _: False
        first = min(most, FIRST_LINES if since is not None else FIRST_SEARCHED_LINES)
        search = _line_search(request, every=since is not None) if request.match else None
        return LogQuery(
            first, most, SEARCH_SECONDS, since,
            until=until, enough=enough, needed=most // 2, search=search,
            file_seconds=SEARCH_FILE_SECONDS if search else None,
        )  # fmt: skip
    if since is None and until is None:
        return LogQuery(request.most + 50, request.most + 50, SEARCH_SECONDS)
    to_end = until is None and not request.cursor
    return LogQuery(
        FIRST_LINES, FIRST_LINES if to_end else most, SEARCH_SECONDS, since,
        until=until, enough=_reaches(window), around=window.around,
        forward=bool(request.cursor), needed=FIRST_LINES,
    )  # fmt: skip


def _line_search(request: LogRequest, *, every: bool) -> LineSearch | None:
    """Return what to look for in a log's files; None for what single lines do not tell.

    Args:
        request: with a ``match``.
        every: all that match are wanted, else as many as are shown.
    """
    match = request.match or ""
    literals = required_literals(match)
    spans = may_span_lines(match)
    if spans and not literals:
        return None
    matches = compile_line_filter(match, None)

    def keeps(line: LogLine) -> bool:
        # The text of a JSON record is not its line, and a match may go over several lines.
        return spans or line.text.startswith("{") or matches(line)

    return LineSearch(
        literals=[literal.encode() for literal in literals],
        keeps=keeps,
        counts=compile_line_filter(match, request.level),
        most=None if every else request.most,
        context=request.context,
    )


def _enough(request: LogRequest) -> Callable[[Sequence[LogLine]], bool]:
    """Stop reading back when as many lines pass as records are wanted."""
    passes = compile_line_filter(request.match, request.level)

    def enough(lines: Sequence[LogLine]) -> bool:
        hits = (line for line in reversed(lines) if passes(line))
        return sum(1 for _ in islice(hits, request.most)) >= request.most

    return enough


def _reaches(window: _Window) -> Callable[[Sequence[LogLine]], bool]:
    """Stop reading back when a window that ends in the past has been reached."""
    if window.since is not None or window.until is None:
        return lambda _: False
    until = format_time(window.until)
    return lambda lines: bool(lines) and lines[0].time < until


def _records(parts: Iterable[Iterable[LogLine]], window: _Window) -> list[Record]:
    until = format_time(window.until) if window.until is not None else "9"
    return [
        record
        for part in parts
        for record in to_records(line for line in part if window.after < line.time <= until)
    ]


def _answer(
    reads: Sequence[_Read],
    request: LogRequest,
    window: _Window,
    mode: str,
    now: float,
    exits: Mapping[str, list[Exit]],
) -> LogAnswer:
    passes = compile_filter(request.match, request.level)
    said = sorted(
        (Said(read.listed.name, record) for read in reads for record in read.records),
        key=lambda entry: entry.record.time,
    )
    answer = LogAnswer(
        mode="patterns" if mode == "patterns" else "lines",
        asked=_asked(request),
        coverage=[_coverage(read, now) for read in reads],
    )
    if mode == "patterns":
        wanted = [entry for entry in said if passes(entry.record)]
        answer.summary = _summarise(reads, wanted, exits, window)
        return answer
    limit = FEW_LINES if request.mode == "auto" and not _is_filtered(request) else request.most
    newest = not request.cursor
    if window.around is not None:
        said = _nearest(said, passes, window.around, request.most)
    views, hits = choose(said, passes, limit=limit, context=request.context, newest=newest)
    answer.lines = fit(views, newest=newest)
    answer.matched = hits
    answer.shown = sum(view.repeated for view in answer.lines if view.matched)
    answer.first_error = _first_error(reads, window)
    return answer


def _is_filtered(request: LogRequest) -> bool:
    filters = (request.match, request.level, request.since, request.until, request.cursor)
    return any(filters) or request.limit is not None


def _nearest(said: Sequence[Said], passes: Matches, around: float, limit: int) -> list[Said]:
    moment = format_time(around)
    before = [entry for entry in said if entry.record.time < moment and passes(entry.record)]
    after = [entry for entry in said if entry.record.time >= moment and passes(entry.record)]
    return [*before[-max(1, limit // 2) :], *after[: max(1, limit - limit // 2)]]


def _asked(request: LogRequest) -> str:
    parts = {
        "match": request.match,
        "level": request.level,
        "since": request.since,
        "until": request.until,
        "around": request.around,
        "cursor": "(only what is new)" if request.cursor else None,
    }
    return ", ".join(f"{name}={value}" for name, value in parts.items() if value) or "everything"


def _coverage(read: _Read, now: float) -> Coverage:
    return Coverage(
        container=read.listed.name,
        status=read.listed.status or read.listed.state,
        trouble=describe_trouble(read.container, now),
        lines_read=read.log.count if read.log else 0,
        back_to=(read.log.back_to or None) if read.log else None,
        complete=read.log.complete if read.log else False,
        later_left=read.log.later_left if read.log else False,
        unread_bytes=read.log.unread if read.log else None,
        problem=read.problem,
    )


def _summarise(
    reads: Sequence[_Read],
    wanted: Sequence[Said],
    exits: Mapping[str, list[Exit]],
    window: _Window,
) -> Summary:
    summary = summarise(wanted, complete=all(r.log is not None and r.log.complete for r in reads))
    summary.first_error = _first_error(reads, window)
    endings = (_ending(read, exits.get(read.listed.id, [])) for read in reads)
    summary.endings = [ending for ending in endings if ending is not None][:4]
    return summary


def _first_error(reads: Iterable[_Read], window: _Window) -> str | None:
    """Return the first error since the last start of the first container that has one."""
    for read in reads:
        if read.log is None or read.container.speaks_since is None:
            continue
        started = format_time(read.container.speaks_since)
        whole = read.log.complete and window.since is None
        if not read.log.gapless or not (whole or read.log.back_to <= started):
            continue  # there may have been an earlier one
        found = find_first_error([Said(read.listed.name, r) for r in read.records], started)
        if found is not None:
            return found
    return None


def _ending(read: _Read, exits: Sequence[Exit]) -> Ending | None:
    container, name = read.container, read.listed.name
    earlier = find_earlier(read.records, exits)
    if container.status not in ("exited", "restarting", "dead") or container.finished is None:
        return Ending(container=name, said=[], earlier=earlier) if earlier else None
    ended = max(container.finished, container.started or 0.0)
    what = f"exit code {explain_exit(container.exit_code)} at {short_time(ended)}"
    started = format_time(container.speaks_since or 0.0)
    last_run = [record for record in read.records if record.time >= started]
    # What was written last may be noted a moment after the end.
    ending = find_ending(name, what, last_run, format_time(ended + 1.0))
    if ending is not None:
        ending.earlier = earlier
    return ending
