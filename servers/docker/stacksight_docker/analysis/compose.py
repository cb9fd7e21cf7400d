"""A compose file against what runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import BaseModel

from stacksight_docker.analysis.drift import find_drift
from stacksight_docker.composefile import ComposeFile, Service
from stacksight_docker.facts import Container, Listed

MAX_FINDINGS = 25


class ComposeFinding(BaseModel):
    """One difference between the file and what runs, and the step that ends it."""

    service: str
    kind: str
    what: str
    next: str


class ServiceState(BaseModel):
    """A service of the file and its containers."""

    service: str
    containers: int
    running: int
    status: str


class Comparison(BaseModel):
    """What compare_compose answers."""

    file: str
    project: str
    method: str
    findings: list[ComposeFinding]
    findings_left_out: int = 0
    services: list[ServiceState]
    not_examined: list[str] = []


def compare(
    compose: ComposeFile,
    project: str,
    *,
    listed: Sequence[Listed],
    inspected: Mapping[str, Container],
    tags: Mapping[str, str],
    hashes: Mapping[str, str],
    listeners: Mapping[int, str],
) -> list[ComposeFinding]:
    """List how what runs differs from the file, the gravest first.

    Args:
        compose: the file.
        project: the project's name.
        listed: all containers of the engine.
        inspected: those of the project, by id.
        tags: the id of the image that each tag names now.
        hashes: what compose makes of each service now; empty without its command.
        listeners: host processes by the port they listen on.
    """
    own = [c for c in listed if c.compose and c.compose.project == project]
    regular = [c for c in own if c.compose and not c.compose.one_off]
    found = list(_variables(compose))
    found += _graph(compose)
    found += _ports(compose, own, listed, listeners)
    for service in compose.services.values():
        mine = [c for c in regular if c.compose and c.compose.service == service.name]
        found += _presence(service, mine)
        for container in mine:
            facts = inspected.get(container.id)
            if facts is not None:
                found += _changes(service, facts, tags, hashes)
    found += _extra(compose, regular, project)
    return list({(f.service, f.kind, f.what): f for f in found}.values())


def _finding(service: str, kind: str, what: str, step: str) -> ComposeFinding:
    return ComposeFinding(service=service, kind=kind, what=what, next=step)


def _variables(compose: ComposeFile) -> Iterator[ComposeFinding]:
    for name, users in compose.required.items():
        what = f"{name} is required by the file and has no value, so compose refuses to start"
        yield _finding(
            ", ".join(users), "variable-required", what, f"Set {name} or put it in .env."
        )
    for name, users in compose.unset.items():
        what = f"{name} has no value and no default, so it becomes an empty text"
        yield _finding(", ".join(users), "variable-unset", what, f"Set {name} or put it in .env.")


def _graph(compose: ComposeFile) -> Iterator[ComposeFinding]:
    for service in compose.services.values():
        for other in service.depends_on:
            if other not in compose.services:
                what = f"depends on {other}, which the file does not have"
                yield _finding(service.name, "dependency-unknown", what, "Correct depends_on.")
    cycle = _cycle(compose)
    if cycle:
        what = f"services depend on each other in a circle: {' -> '.join(cycle)}"
        yield _finding(cycle[0], "dependency-circle", what, "Remove one of these depends_on.")


def _cycle(compose: ComposeFile) -> list[str]:
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done or name not in compose.services:
            return []
        for other in compose.services[name].depends_on:
            if cycle := visit(other, [*path, name]):
                return cycle
        done.add(name)
        return []

    return next((cycle for name in compose.services if (cycle := visit(name, []))), [])


def _ports(
    compose: ComposeFile,
    own: Sequence[Listed],
    listed: Iterable[Listed],
    listeners: Mapping[int, str],
) -> Iterator[ComposeFinding]:
    taken = {p.public: c.label for c in listed for p in c.ports if p.public and c not in own}
    mine = {p.public for c in own for p in c.ports if p.public}
    seen: dict[int, str] = {}
    for service in compose.services.values():
        for port in service.ports:
            other = seen.setdefault(port, service.name)
            holder = taken.get(port) or (None if port in mine else listeners.get(port))
            if other != service.name:
                what = f"port {port} is published by {other} as well"
                yield _finding(service.name, "port-conflict", what, "Publish another host port.")
            elif holder:
                what = f"port {port} of the host is held by {holder}"
                step = f"Stop {holder}, or publish another host port."
                yield _finding(service.name, "port-conflict", what, step)


def _presence(service: Service, mine: Sequence[Listed]) -> Iterator[ComposeFinding]:
    up = f"`docker compose up -d {service.name}`"
    if not mine:
        if not service.profiles:
            yield _finding(service.name, "missing", "has no container", up)
        return
    if len(mine) != service.replicas:
        what = f"has {len(mine)} containers, the file wants {service.replicas}"
        yield _finding(service.name, "scale", what, up)
    down = [c for c in mine if c.state != "running"]
    if down and service.restart not in ("no", "on-failure"):
        what = f"{down[0].name} does not run: {down[0].status or down[0].state}"
        yield _finding(service.name, "not-running", what, f'diagnose("{down[0].name}")')


def _changes(
    service: Service, container: Container, tags: Mapping[str, str], hashes: Mapping[str, str]
) -> Iterator[ComposeFinding]:
    recreate = f"`docker compose up -d {service.name}` recreates it"
    name, compose = container.name, container.compose
    for note in find_drift(container, tags):
        yield _finding(service.name, "stale-image", f"{name}: {note}", recreate)
    wanted = hashes.get(service.name)
    if wanted and compose and compose.config_hash and wanted != compose.config_hash:
        what = f"{name} was made from another configuration (config-hash differs)"
        yield _finding(service.name, "changed", what, recreate)
    for difference in _differences(service, container):
        yield _finding(service.name, "changed", f"{name}: {difference}", recreate)


def _differences(service: Service, container: Container) -> Iterator[str]:
    """Yield what differs for certain, from the fields that compose passes on as they are."""
    if service.image and not service.builds and service.image != container.image:
        yield f"image {container.image}, the file says {service.image}"
    missing = sorted(service.environment - container.env.keys())
    if missing:
        yield f"environment lacks {', '.join(missing[:6])}"
    published = {p.public for p in container.requested_ports if p.public}
    lost = sorted(set(service.ports) - published)
    if lost and container.network_mode != "host":
        yield f"does not publish port {', '.join(map(str, lost[:6]))}"
    mounted = {mount.target.rstrip("/") for mount in container.mounts}
    unmounted = sorted(t for t in service.targets if t and t.rstrip("/") not in mounted)
    if unmounted:
        yield f"has no mount at {', '.join(unmounted[:4])}"
    policy = service.restart.partition(":")[0]
    if policy != container.restart_policy:
        yield f"restart policy {container.restart_policy}, the file says {service.restart}"
    if service.command is not None and service.command != container.command:
        yield "another command than the file says"


def _extra(
    compose: ComposeFile, regular: Iterable[Listed], project: str
) -> Iterator[ComposeFinding]:
    for container in regular:
        service = container.compose.service if container.compose else ""
        if service not in compose.services:
            what = f"{container.name} belongs to {project}, but the file has no such service"
            step = "`docker compose up -d --remove-orphans` removes it"
            yield _finding(service, "extra", what, step)


def states(compose: ComposeFile, project: str, listed: Iterable[Listed]) -> list[ServiceState]:
    """Say for each service of the file how many containers it has and how they are."""
    found = []
    for name in compose.services:
        mine = [
            c
            for c in listed
            if c.compose and (c.compose.project, c.compose.service) == (project, name)
        ]
        found.append(
            ServiceState(
                service=name,
                containers=len(mine),
                running=sum(c.state == "running" for c in mine),
                status="; ".join(dict.fromkeys(c.status or c.state for c in mine)) or "none",
            )
        )
    return found
