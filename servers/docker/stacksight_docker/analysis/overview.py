"""The list of containers: problems first, the rest folded."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

from stacksight_docker.analysis.exits import WANTED_ENDS, describe_trouble
from stacksight_docker.facts import Container, Listed

StatusFilter = Literal["all", "problems", "running", "stopped"]

NO_PROJECT = "(no compose project)"
PAGE_PROBLEMS = 12
PAGE_ROWS = 30
MAX_UNFOLDED = 12
MAX_PROJECTS = 12
MAX_SERVICES = 12
_RECENT = re.compile(r"^Up (?:Less than a second|(\d+) seconds?)\b")
START_SECONDS = 3
"""A container that was started longer after it was made has probably been restarted."""
_RUNNING = frozenset({"running", "paused"})
# The order of problems: what hurts now before what ended long ago.
_URGENCY = {"restarting": 0, "running": 1, "dead": 2, "removing": 2, "exited": 3, "paused": 4}


class Problem(BaseModel):
    """A container that is not well, and why."""

    container: str
    service: str | None = None
    id: str
    state: str
    reason: str
    seconds_in_state: float | None = None


class Row(BaseModel):
    """A container that is well, or stopped on purpose."""

    container: str
    service: str | None = None
    image: str
    status: str
    ports: list[str] = []


class ServiceGroup(BaseModel):
    """The containers of one service that are well, counted."""

    service: str
    running: int
    stopped: int
    ports: list[str] = []


class ProjectGroup(BaseModel):
    """The well containers of a compose project, or those without one."""

    project: str
    running: int
    stopped: int
    services: list[ServiceGroup]
    services_left_out: int = 0


class ContainerList(BaseModel):
    """What list_containers answers."""

    engine: str
    total: int
    running: int
    stopped: int
    in_trouble: int
    filters: str | None = None
    problems: list[Problem]
    problems_from: int = 0
    containers: list[Row] = []
    projects: list[ProjectGroup] = []
    projects_left_out: int = 0
    next_cursor: str | None = None


def is_suspect(listed: Listed) -> bool:
    """Tell from the list alone whether a container may be in trouble and is worth inspecting.

    A container that runs for seconds though it was made long ago has been restarted.
    """
    if listed.state == "running":
        return listed.health == "unhealthy" or bool(_RECENT.match(listed.status))
    if listed.state == "exited":
        return listed.exit_code not in WANTED_ENDS
    return True


def is_running(listed: Listed) -> bool:
    """Tell whether a container has processes; one that waits for its restart has none."""
    return listed.state in _RUNNING


def select(
    listed: Iterable[Listed], project: str | None, match: str | None, status: StatusFilter
) -> list[Listed]:
    """Return the containers that pass the filters, by name."""
    wanted = (match or "").casefold()
    chosen = [
        c
        for c in listed
        if (project is None or (c.compose is not None and c.compose.project == project))
        and (wanted in c.label.casefold() or wanted in c.image.casefold())
        and _has_status(c, status)
    ]
    return sorted(chosen, key=lambda c: c.label)


def _has_status(listed: Listed, status: StatusFilter) -> bool:
    if status == "problems":
        return is_suspect(listed)
    return status == "all" or is_running(listed) == (status == "running")


def order_suspects(listed: Iterable[Listed], now: float) -> list[Listed]:
    """Return the containers worth inspecting, most urgent first.

    A container that has run since it was made is not suspect for running for seconds only.
    """
    suspects = [c for c in listed if is_suspect(c) and not _is_new(c, now)]
    return sorted(suspects, key=lambda c: (_URGENCY.get(c.state, 5), -c.created, c.name))


def _is_new(listed: Listed, now: float) -> bool:
    recent = _RECENT.match(listed.status)
    if listed.health == "unhealthy" or recent is None:
        return False
    up = int(recent[1] or 0)
    return listed.state == "running" and now - listed.created - up < START_SECONDS


def to_problem(listed: Listed, container: Container, now: float) -> Problem | None:
    """Say why a container is in trouble, or None when inspecting shows that it is not."""
    reason = describe_trouble(container, now)
    if reason is None:
        return None
    since = container.started if container.status == "running" else container.finished
    if container.status == "created":
        since = container.created
    return Problem(
        container=listed.name,
        service=listed.service,
        id=listed.id[:12],
        state=container.status,
        reason=reason,
        seconds_in_state=None if since is None else max(0.0, round(now - since, 1)),
    )


def to_rows(listed: Iterable[Listed]) -> list[Row]:
    """List containers one by one."""
    return [
        Row(
            container=c.name,
            service=c.service,
            image=c.image,
            status=c.status or c.state,
            ports=[str(port) for port in c.ports],
        )
        for c in listed
    ]


def fold(listed: Iterable[Listed]) -> list[ProjectGroup]:
    """Count containers by compose project and service, the largest projects first."""
    projects: dict[str, list[Listed]] = {}
    for container in listed:
        compose = container.compose
        projects.setdefault(compose.project if compose else NO_PROJECT, []).append(container)
    groups = [_fold_project(name, members) for name, members in projects.items()]
    return sorted(groups, key=lambda g: (-g.running - g.stopped, g.project))


def _fold_project(project: str, members: Sequence[Listed]) -> ProjectGroup:
    services: dict[str, list[Listed]] = {}
    for member in members:
        key = member.compose.service if member.compose else member.image
        services.setdefault(key, []).append(member)
    groups = [_fold_service(name, containers) for name, containers in services.items()]
    groups.sort(key=lambda g: (-g.running - g.stopped, g.service))
    states = _count_states(members)
    return ProjectGroup(
        project=project,
        running=states[True],
        stopped=states[False],
        services=groups[:MAX_SERVICES],
        services_left_out=max(0, len(groups) - MAX_SERVICES),
    )


def _fold_service(service: str, containers: Sequence[Listed]) -> ServiceGroup:
    states = _count_states(containers)
    ports = dict.fromkeys(str(p) for c in containers for p in c.ports if p.public)
    return ServiceGroup(
        service=service, running=states[True], stopped=states[False], ports=list(ports)[:4]
    )


def _count_states(containers: Iterable[Listed]) -> Mapping[bool, int]:
    return Counter(is_running(container) for container in containers)
