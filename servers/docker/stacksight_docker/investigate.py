"""Gathers what diagnosis needs, in few requests, and has it judged."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import anyio
from docker.errors import APIError

from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.exits import WANTED_ENDS, explain_exit
from stacksight_docker.analysis.overview import is_suspect
from stacksight_docker.diagnosis.judge import judge
from stacksight_docker.diagnosis.model import Diagnosis, Scene, Verdict
from stacksight_docker.facts import Container, Event, Listed
from stacksight_docker.logs.records import Record, to_records
from stacksight_docker.resolve import find_containers
from stacksight_docker.source import host
from stacksight_docker.source.cgroups import sample_local
from stacksight_docker.source.inside import look_inside
from stacksight_docker.source.kernel_log import read_oom_kills
from stacksight_docker.source.logs import LogQuery
from stacksight_docker.source.source import Source

MAX_INSPECTED = 150
MAX_LOGS = 60
LOG_LINES = 200
LOG_SECONDS = 1.5
EVENT_SECONDS = 3_600.0
FULL_EVENTS = 240
"""The engine remembers 256 of all kinds; with so many, it may have forgotten older ones."""
MAX_VERDICTS = 8
CLOCK_SECONDS = 5.0
_PORT = re.compile(r":(\d+)\b")


@dataclass
class _Found:
    """What the requests that run at the same time bring in."""

    records: dict[str, Sequence[Record]] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    events_from: float | None = None
    tags: dict[str, str] = field(default_factory=dict)


async def diagnose_target(source: Source, target: str | None) -> Diagnosis:
    """Find out what is wrong with a container, a service, a project, or everything.

    Raises:
        ToolFailure: nothing goes by that name.
    """
    listed = await source.containers()
    wanted = find_containers([target], listed) if target else list(listed)
    chosen, left_out = _choose(wanted, listed)
    scene, notes = await _gather(source, listed, chosen)
    ids = [c.id for c in wanted if c.id in scene.inspected]
    verdicts = await in_thread(judge, scene, ids)
    ended = None if verdicts else _about_end(scene, ids)
    verdicts += _about_clock(scene)
    troubled = {n for v in verdicts if not v.notice for n in (v.container, *v.also)}
    notes += _not_read(scene, ids, verdicts)
    if left_out:
        notes.append(f"{plural(left_out, 'container')} that look well (not inspected)")
    return Diagnosis(
        target=target or "everything",
        engine=await source.engine_name(),
        looked_at=len(ids),
        well=sum(scene.listed[i].name not in troubled for i in ids),
        ended=ended,
        verdicts=verdicts[:MAX_VERDICTS],
        verdicts_left_out=max(0, len(verdicts) - MAX_VERDICTS),
        not_examined=notes,
    )


def _not_read(scene: Scene, ids: Sequence[str], verdicts: Sequence[Verdict]) -> list[str]:
    """Name the logs that could not be read, of what was asked for and of what it led to."""
    shown = {verdict.container for verdict in verdicts} | {scene.listed[cid].name for cid in ids}
    return [
        f"the log of {scene.listed[cid].name} ({inline(reason, 120)})"
        for cid, reason in scene.unreadable.items()
        if scene.listed[cid].name in shown
    ][:3]


def _about_end(scene: Scene, ids: Sequence[str]) -> str | None:
    """Say of the one container asked about that it is down, though nothing points to a fault."""
    container = scene.inspected[ids[0]] if len(ids) == 1 else None
    if container is None or container.status != "exited" or container.finished is None:
        return None
    ago = format_duration(max(0.0, scene.now - container.finished))
    return (
        f"{container.name} does not run: it ended by itself with exit code "
        f"{explain_exit(container.exit_code)}, {ago} ago, after running "
        f"{format_duration(container.run_seconds or 0.0)}; nothing points to a fault."
    )


def _about_clock(scene: Scene) -> list[Verdict]:
    """Notice that the engine's clock differs from ours, as in a virtual machine that slept."""
    offset = scene.clock_offset
    if abs(offset) < CLOCK_SECONDS:
        return []
    return [
        Verdict(
            problem=f"its clock differs by {format_duration(abs(offset))} from this machine's: "
            "tokens and certificates may be refused, and times in logs do not fit together",
            kind="clock-differs",
            confidence="proved",
            evidence=[f"the Date of its answers is {offset:+.0f} s from here"],
            next="Set the clock of the engine's machine (Docker Desktop: restart it).",
        )
    ]


def _choose(wanted: Sequence[Listed], listed: Sequence[Listed]) -> tuple[list[Listed], int]:
    """Choose what to inspect: what was asked for, its neighbours, and all that is not well."""
    projects = {c.compose.project for c in wanted if c.compose}
    neighbours = [c for c in listed if c.compose and c.compose.project in projects]
    suspects = [c for c in listed if is_suspect(c)]
    by_need = sorted(wanted, key=lambda c: not is_suspect(c))
    everything = {c.id: c for c in (*by_need, *neighbours, *suspects)}
    chosen = list(everything.values())[:MAX_INSPECTED]
    inspected = {c.id for c in chosen}
    return chosen, sum(c.id not in inspected for c in wanted)


async def _gather(
    source: Source, listed: Sequence[Listed], chosen: Sequence[Listed]
) -> tuple[Scene, list[str]]:
    now = await source.now()
    notes: list[str] = []
    await source.keep_events()
    inspected = await source.inspect_all([c.id for c in chosen])
    with_logs = _worth_reading(chosen, inspected)
    found = _Found()

    async def read(container: Container) -> None:
        try:
            log = await source.log(container, LogQuery(LOG_LINES, LOG_LINES, LOG_SECONDS))
        except APIError as error:
            found.unreadable[container.id] = str(error.explanation or error)
            return
        found.records[container.id] = await in_thread(to_records, log.lines)

    async def gather_events() -> None:
        try:
            found.events = await source.events(now - EVENT_SECONDS, now)
            full = len(found.events) >= FULL_EVENTS
            found.events_from = found.events[0].time if full else now - EVENT_SECONDS
        except ToolFailure:
            notes.append("events (the engine did not send them in time)")

    async def gather_tags() -> None:
        found.tags = await source.image_tags()

    async with anyio.create_task_group() as tasks:
        for gather in (gather_events, gather_tags):
            tasks.start_soon(gather)
        for container in with_logs:
            tasks.start_soon(read, container)
    scene = Scene(
        now=now,
        clock_offset=await source.clock_offset(),
        info=await source.info(),
        listed={c.id: c for c in listed},
        inspected=inspected,
        records=found.records,
        unreadable=found.unreadable,
        events=found.events,
        events_from=found.events_from,
        tags=found.tags,
        architectures=await _architectures(source, found.records, inspected),
    )
    return await in_thread(_with_host, scene), notes


def _worth_reading(chosen: Iterable[Listed], inspected: dict[str, Container]) -> list[Container]:
    worth = [
        inspected[c.id]
        for c in chosen
        if c.id in inspected
        and c.state != "created"
        and not (c.state == "exited" and c.exit_code in WANTED_ENDS)
    ]
    return worth[:MAX_LOGS]


async def _architectures(
    source: Source, records: dict[str, Sequence[Record]], inspected: dict[str, Container]
) -> dict[str, str]:
    """Ask for the architecture of images whose program could not be executed."""
    images = {
        inspected[cid].image_id
        for cid, said in records.items()
        if any("exec format" in record.text.lower() for record in said[-20:])
    }
    return {image: await source.image_architecture(image) for image in images}


def _with_host(scene: Scene) -> Scene:
    """Add what only the engine's machine knows, when that is this one."""
    if not host.is_here(scene.info):
        return scene
    errors = (c.error for c in scene.inspected.values() if c.error)
    ports = {int(port) for error in errors for port in _PORT.findall(error)}
    return replace(
        scene,
        disk_free=host.disk_free(scene.info),
        listeners=host.find_listeners(ports) if ports else {},
        samples={
            cid: sample
            for cid, container in scene.inspected.items()
            if container.status == "running" and (sample := sample_local(cid)) is not None
        },
        oom_kills=read_oom_kills(),
        insides={
            cid: inside
            for cid, container in scene.inspected.items()
            if (inside := look_inside(container)) is not None
        },
        changed_files=host.changed_compose_files(scene.inspected.values()),
    )
