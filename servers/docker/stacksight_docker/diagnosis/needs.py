"""What a container depends on, as its compose labels say."""

from collections.abc import Iterator

from stacksight_docker.diagnosis.model import UP, Case, Finding
from stacksight_docker.diagnosis.quotes import last_records, quote
from stacksight_docker.facts import Listed

MAX_CIRCLE = 8


def find_waiting(case: Case) -> Finding | None:
    """Explain a container that was created and waits for what it depends on."""
    container = case.container
    if container.status != "created" or container.error:
        return None
    blocking = [entry for entry in dependencies(case) if not _is_ready(*entry)]
    if not blocking:
        return Finding(
            kind="never-started",
            problem="it was created, but never started",
            confidence="proved",
            evidence=["State.Status=created, State.Error empty"],
            next=f"Start it: `docker start {container.name}`.",
            ruled_out=[]
            if case.scene.info.is_podman
            else ["a failed start (State.Error is empty)"],
        )
    circle = _circle(case)
    if circle:
        return _in_a_circle(circle)
    service, condition, other = blocking[0]
    state = other.status or other.state if other else "there is no container of it"
    return Finding(
        kind="waits-for-dependency",
        problem=f"it was never started: it waits for {service} ({condition})",
        confidence="proved" if other else "likely",
        evidence=[
            "State.Status=created, State.Error empty",
            f"label depends_on: {service} ({condition})",
            f"{service}: {state}",
        ],
        next=f"Fix {other.name if other else service} first, then start this one again.",
        ruled_out=["a failed start (State.Error is empty)"],
        needs=[other.id] if other else [],
    )


def _circle(case: Case) -> list[str]:
    """Return the services that lead from a container's dependencies back to it; else none."""
    compose = case.container.compose
    if compose is None:
        return []
    needs = {
        c.compose.service: list(c.compose.depends_on)
        for c in case.scene.inspected.values()
        if c.compose and c.compose.project == compose.project
    }
    ways = [[compose.service]]
    for way in ways:
        for service in needs.get(way[-1], ()):
            if service == compose.service:
                return [*way, service]
            if service not in way and len(way) < MAX_CIRCLE:
                ways.append([*way, service])
    return []


def _in_a_circle(circle: list[str]) -> Finding:
    return Finding(
        kind="dependency-cycle",
        problem=f"it was never started: services depend on each other in a circle, "
        f"{' -> '.join(_from_first(circle))}",
        confidence="proved",
        evidence=["State.Status=created, State.Error empty", "labels depends_on of these services"],
        next="Remove one of these dependencies in the compose file.",
    )


def _from_first(circle: list[str]) -> list[str]:
    """Return a circle as it reads from its first service by name, so that all say the same."""
    open_circle = circle[:-1]
    start = open_circle.index(min(open_circle))
    turned = [*open_circle[start:], *open_circle[:start]]
    return [*turned, turned[0]]


def find_failed_dependency(case: Case) -> Finding | None:
    """Blame a dependency that is down, when nothing else explains the container's trouble."""
    for service, condition, other in dependencies(case):
        if other is None or _is_ready(service, condition, other):
            continue
        return Finding(
            kind="dependency-down",
            problem=f"{other.label}, which it depends on, is not well",
            confidence="likely",
            evidence=[
                f"label depends_on: {service} ({condition})",
                f"{other.name}: {other.status or other.state}",
                *[quote(record) for record in last_records(case)[:1]],
            ],
            next=f"Fix {other.name} first.",
            needs=[other.id],
        )
    return None


def dependencies(case: Case) -> Iterator[tuple[str, str, Listed | None]]:
    """Yield what a container depends on by its compose labels: service, condition, container."""
    compose = case.container.compose
    if compose is None:
        return
    for service, condition in compose.depends_on.items():
        others = [
            c
            for c in case.scene.listed.values()
            if c.compose and (c.compose.project, c.compose.service) == (compose.project, service)
        ]
        yield service, condition, others[0] if others else None


def _is_ready(_service: str, condition: str, other: Listed | None) -> bool:
    if other is None:
        return False
    if condition == "service_completed_successfully":
        return other.state == "exited" and other.exit_code == 0
    if condition == "service_healthy":
        return other.state == UP and other.health in ("healthy", None)
    return other.state == UP and other.health != "unhealthy"
