"""Captures: what the containers did between start and stop."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import anyio
from docker.errors import APIError

from stacksight_core.errors import ToolFailure
from stacksight_core.handles import Handles
from stacksight_core.threads import in_thread
from stacksight_core.units import plural
from stacksight_docker.analysis.activity import (
    MAX_CONTAINERS_SHOWN,
    Activity,
    Baseline,
    Peaks,
    compare_logs,
    describe_containers,
    shapes_of,
)
from stacksight_docker.analysis.history import tell
from stacksight_docker.facts import Container, Listed
from stacksight_docker.logs.patterns import Said
from stacksight_docker.logs.records import to_records
from stacksight_docker.metering import sample_here
from stacksight_docker.source import host
from stacksight_docker.source.logs import LogQuery
from stacksight_docker.source.source import Source

MAX_CAPTURES = 4
MAX_WATCHED = 40
MAX_SECONDS = 1_800.0
SAMPLE_SECONDS = 1.0
BEFORE_LINES = 500
DURING_LINES = 20_000
LOG_SECONDS = 2.0
MAX_HAPPENINGS = 30

ERROR_NO_CAPTURE = "`capture` is required to {action} one: the handle that start returned."
ERROR_TOO_MANY = (
    "That is {count} containers, and a capture watches {most} at most. Name containers or a "
    "project."
)


@dataclass
class Capture:
    """A capture that was started."""

    began: float
    clock: float
    before: Mapping[str, Baseline]
    peaks: dict[str, Peaks] = field(default_factory=dict)
    samples_here: bool = False
    open: bool = True
    told: Activity | None = None
    """What was told at its end; None until then."""


class Captures:
    """The captures of this server process, also those that were stopped.

    When there are too many, the oldest that was stopped is forgotten, or else the oldest of all.
    """

    def __init__(self) -> None:
        self._kept: Handles[Capture] = Handles("capture", MAX_CAPTURES)

    async def start(self, source: Source, chosen: Sequence[Listed]) -> Activity:
        """Note how the containers are, and begin to watch them.

        Raises:
            ToolFailure: too many containers.
        """
        if len(chosen) > MAX_WATCHED:
            raise ToolFailure(ERROR_TOO_MANY.format(count=len(chosen), most=MAX_WATCHED))
        await source.keep_events()
        inspected = await source.inspect_all([c.id for c in chosen])
        info = await source.info()
        before = await _baselines(source, chosen, inspected)
        capture = Capture(
            began=await source.now(),
            clock=time.monotonic(),
            before=before,
            samples_here=host.is_here(info),
        )
        forgotten = self._kept.make_room(lambda kept: kept.told is not None)
        if forgotten is not None:
            forgotten.open = False
        handle = self._kept.add(capture)
        if capture.samples_here:
            source.in_background(_watch, capture)
        return Activity(capture=handle, state="started", seconds=0.0, watched=len(before))

    async def read(self, source: Source, handle: str, *, stop: bool) -> Activity:
        """Tell what happened since the start, and end the capture if asked to.

        A capture that was ended tells the same again.

        Raises:
            ToolFailure: there is no such capture.
        """
        capture = self._kept.get(handle)
        if capture.told is not None:
            return capture.told
        activity = await _tell(source, handle, capture)
        if stop:
            capture.open = False
            capture.told = activity
            activity.state = "stopped"
        return activity

    def titles(self) -> dict[str, str]:
        """Return what each capture is about, by handle, newest first."""
        return {handle: _title(capture) for handle, capture in reversed(list(self._kept))}


CAPTURES = Captures()


def _title(capture: Capture) -> str:
    state = "running" if capture.told is None else "stopped"
    names = ", ".join(baseline.listed.name for baseline in capture.before.values())
    return f"{state}, {plural(len(capture.before), 'container')}: {names}"


async def _baselines(
    source: Source, chosen: Sequence[Listed], inspected: Mapping[str, Container]
) -> dict[str, Baseline]:
    baselines: dict[str, Baseline] = {}

    async def note(listed: Listed) -> None:
        container = inspected[listed.id]
        try:
            log = await source.log(container, LogQuery(BEFORE_LINES, BEFORE_LINES, LOG_SECONDS))
        except APIError:
            baselines[listed.id] = Baseline(listed, container)
            return
        said = [Said(listed.name, record) for record in to_records(log.lines)]
        baselines[listed.id] = Baseline(listed, container, shapes_of(said))

    async with anyio.create_task_group() as tasks:
        for listed in chosen:
            if listed.id in inspected:
                tasks.start_soon(note, listed)
    return {c.id: baselines[c.id] for c in chosen if c.id in baselines}


async def _watch(capture: Capture) -> None:
    """Sample what the containers use until the capture ends."""
    ids = list(capture.before)
    while capture.open and time.monotonic() - capture.clock < MAX_SECONDS:
        for cid, sample in (await sample_here(ids)).items():
            if cid in capture.peaks:
                capture.peaks[cid].add(sample)
            else:
                capture.peaks[cid] = Peaks(sample, memory=sample.memory)
        await anyio.sleep(SAMPLE_SECONDS)


async def _tell(source: Source, handle: str, capture: Capture) -> Activity:
    now = await source.now()
    inspected = await source.inspect_all(list(capture.before))
    said, unread = await _said_since(source, inspected, capture)
    if capture.samples_here:
        for cid, sample in (await sample_here(list(inspected))).items():
            if cid in capture.peaks:
                capture.peaks[cid].add(sample)
    summary, new = await in_thread(compare_logs, said, capture.before)
    events = await source.events(capture.began, now)
    names = {cid: baseline.listed.name for cid, baseline in capture.before.items()}
    own = [e for e in events if e.actor_id in names or e.attributes.get("container", "") in names]
    history = tell(
        own, names=names, oldest=None, window="", limit=MAX_HAPPENINGS, kept_from=capture.began
    )
    rows = describe_containers(capture.before, inspected, said, capture.peaks)
    if not capture.samples_here:
        unread.append("peaks of CPU and memory (the engine is not on this machine)")
    active = [row for row in rows if row.records or row.changed or row.restarts]
    return Activity(
        capture=handle,
        state="open",
        seconds=round(time.monotonic() - capture.clock, 1),
        watched=len(rows),
        containers=active[:MAX_CONTAINERS_SHOWN],
        quiet=len(rows) - len(active),
        new_patterns=new,
        errors=summary.errors[:8],
        happenings=history.happenings,
        happenings_left_out=history.left_out,
        not_examined=unread,
    )


async def _said_since(
    source: Source, inspected: Mapping[str, Container], capture: Capture
) -> tuple[list[Said], list[str]]:
    said: list[Said] = []
    unread: list[str] = []
    query = LogQuery(1_000, DURING_LINES, LOG_SECONDS, since=capture.began)

    async def read(cid: str, container: Container) -> None:
        name = capture.before[cid].listed.name
        try:
            log = await source.log(container, query)
        except APIError:
            unread.append(f"the log of {name} (it cannot be read)")
            return
        records = await in_thread(to_records, log.lines)
        said.extend(Said(name, record) for record in records)
        if not log.complete:
            unread.append(f"the older part of {name}'s log")

    async with anyio.create_task_group() as tasks:
        for cid, container in inspected.items():
            tasks.start_soon(read, cid, container)
    return sorted(said, key=lambda entry: entry.record.time), unread
