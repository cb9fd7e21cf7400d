"""What a container needs from others: names, connections, dependencies."""

import ipaddress
import re
from collections.abc import Iterator

from stacksight_core.untrusted import inline
from stacksight_docker.clock import parse_time
from stacksight_docker.diagnosis.clues import LAST_RECORDS, TEXT_CHARS, last_records, quote
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.facts import Container, Listed
from stacksight_docker.logs.records import Record

_HOST = r"(?P<host>[A-Za-z0-9_][\w.-]*)"
_UNKNOWN_NAME = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"bad address '?{_HOST}",
        rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {_HOST}",
        rf"could not translate host name \"?{_HOST}",
        rf"lookup {_HOST}(?: on [^:]+(?::\d+)?)?: (?:no such host|server misbehaving|i/o timeout)",
        rf"could not resolve(?: host)?:? \"?{_HOST}",
        rf"UnknownHostException: {_HOST}",
        rf"unable to resolve host(?:name)? \"?{_HOST}",
        rf"(?:connecting to|host[= ]|for) '?{_HOST}(?::\d+)?\b.*(?:name or service not known"
        r"|name does not resolve|temporary failure in name resolution|nodename nor servname)",
        rf"unknown host '?{_HOST}",
        rf"host '{_HOST}' .*(?:not known|not found|resolve)",
        rf"host not found in upstream \"{_HOST}",
    )
)
_REFUSED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"connect ECONNREFUSED {_HOST}:(?P<port>\d+)",
        rf"dial tcp {_HOST}:(?P<port>\d+): connect: connection refused",
        rf"connecting to {_HOST}:(?P<port>\d+).{{0,40}}refused",
        rf"can't connect to remote host \({_HOST}\): connection refused",
        rf"connection to server at \"{_HOST}\"(?: \([^)]*\))?, port (?P<port>\d+) "
        r"failed.{0,20}refused",
        rf"host='{_HOST}', port=(?P<port>\d+).{{0,300}}refused",
        rf"connect to {_HOST} port (?P<port>\d+).{{0,60}}refused",
        rf"{_HOST}:(?P<port>\d+)[^\n]{{0,60}}(?:connection refused|ECONNREFUSED)",
        rf"(?:connection refused|ECONNREFUSED)[^\n]{{0,40}}?{_HOST}[:/](?P<port>\d+)",
    )
)
_TIMED_OUT = re.compile(
    rf"(?:connect(?:ion)?|dial tcp)[^\n]{{0,60}}?{_HOST}:(?P<port>\d+)[^\n]{{0,40}}"
    r"(?:timed out|i/o timeout|ETIMEDOUT|no route to host|EHOSTUNREACH|network is unreachable)",
    re.I,
)
_UP = "running"


def find_unknown_name(case: Case) -> Finding | None:
    """Explain a host name that the container cannot resolve."""
    found = _search(case, _UNKNOWN_NAME)
    if found is None:
        return None
    record, match = found
    host = match["host"].rstrip(".").partition(":")[0]
    others = [c for c in case.scene.listed.values() if _goes_by(case, c, host)]
    mine = sorted(a.network for a in case.container.attachments)
    evidence = [quote(record)]
    networks = ", ".join(mine) or case.container.network_mode
    if not others:
        return Finding(
            kind="name-unknown",
            problem=f"it cannot resolve the name {inline(host, 80)}, and no container goes by it",
            confidence="likely",
            evidence=[*evidence, f"NetworkSettings.Networks: {networks}"],
            next="Correct the host name, or start the service that should have it.",
            ruled_out=["a stopped container of that name"],
        )
    other = others[0]
    if other.state != _UP:
        return _needs_down(case, other, evidence, f"it cannot resolve {inline(host, 80)}")
    shared = set(mine) & set(other.networks)
    theirs = ", ".join(sorted(other.networks)) or "none"
    if not shared:
        return Finding(
            kind="no-shared-network",
            problem=f"it shares no network with {other.label}, so it cannot reach it by name",
            confidence="proved",
            evidence=[*evidence, f"its networks: {networks}", f"{other.name}'s networks: {theirs}"],
            next=f"Put both into one user-defined network, e.g. `docker network connect <net> "
            f"{case.container.name}`, or under the same networks in compose.",
            ruled_out=[f"{other.name} being down (it runs)"],
        )
    if shared == {"bridge"}:
        return Finding(
            kind="default-bridge",
            problem=f"both are on the default bridge, which has no names, so {host} is unknown",
            confidence="proved",
            evidence=[
                *evidence,
                f"NetworkSettings.Networks: {networks}",
                f"{other.name}: {theirs}",
            ],
            next="Put both into a user-defined network; only there do names work.",
        )
    return Finding(
        kind="name-unknown",
        problem=f"it could not resolve {inline(host, 80)} at that moment",
        confidence="likely",
        evidence=[*evidence, f"shared networks: {', '.join(sorted(shared))}"],
        next=f"Check that {other.name} was up then, and that {host} is one of its aliases.",
    )


def find_refused(case: Case) -> Finding | None:
    """Explain a connection that was refused or timed out, and find who should have answered."""
    found = _search(case, (*_REFUSED, _TIMED_OUT))
    if found is None:
        return None
    record, match = found
    host = match["host"]
    port = match.groupdict().get("port") or ""
    where = inline(f"{host}:{port}" if port else host, 80)
    evidence = [quote(record)]
    if host.lower() == "localhost" or host.startswith("127.") or host == "::1":
        return _to_itself(case, where, evidence)
    others = [c for c in case.scene.listed.values() if _goes_by(case, c, host)]
    if not others:
        return Finding(
            kind="connection-refused",
            problem=f"what it needs at {where} does not accept connections",
            confidence="likely",
            evidence=evidence,
            next=f"Check what should listen at {where}; no container of this engine has that name "
            "or address now.",
        )
    other = others[0]
    if other.state != _UP or other.health == "unhealthy":
        return _needs_down(case, other, evidence, f"{where} refuses connections")
    inspected = case.scene.inspected.get(other.id)
    late = _started_later(record, inspected)
    return Finding(
        kind="connection-refused",
        problem=f"{other.label} runs, but "
        + ("was not ready yet" if late else f"does not accept connections at {where}"),
        confidence="likely",
        evidence=[*evidence, f"{other.name}: {other.status}", *late],
        next=f"Wait for it with a health check and depends_on condition service_healthy, and check "
        f"that {other.name} listens on 0.0.0.0:{port or '<port>'}, not on 127.0.0.1.",
        ruled_out=[f"{other.name} being down (it runs)", "the name (it was resolved)"],
        needs=[other.id],
    )


def _started_later(record: Record, other: Container | None) -> list[str]:
    said = parse_time(record.time)
    if other is None or other.started is None or said is None or other.started < said - 15:
        return []
    return [
        f"{other.name} State.StartedAt is only {max(0.0, said - other.started):.0f} s before that"
    ]


def _to_itself(case: Case, where: str, evidence: list[str]) -> Finding | None:
    if case.container.network_mode == "host":
        return None
    return Finding(
        kind="connects-to-itself",
        problem=f"it connects to {where}, which inside a container is the container itself",
        confidence="likely",
        evidence=[*evidence, f"HostConfig.NetworkMode={case.container.network_mode}"],
        next="Use the other service's name as host (compose service or container name), or "
        "host.docker.internal for a service on the host.",
        ruled_out=["the other service being down (it was never asked)"],
    )


def _needs_down(case: Case, other: Listed, evidence: list[str], effect: str) -> Finding:
    return Finding(
        kind="dependency-down",
        problem=f"{effect}, because {other.label} is not up",
        confidence="proved",
        evidence=[*evidence, f"{other.name}: State={other.state}, {other.status}"],
        next=f"Fix {other.name} first.",
        ruled_out=[f"a fault of {case.container.name} itself"],
        needs=[other.id],
    )


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
            ruled_out=["a failed start (State.Error is empty)"],
        )
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
        return other.state == _UP and other.health in ("healthy", None)
    return other.state == _UP and other.health != "unhealthy"


def _search(
    case: Case, patterns: tuple[re.Pattern[str], ...]
) -> tuple[Record, re.Match[str]] | None:
    for record in last_records(case)[:LAST_RECORDS]:
        for pattern in patterns:
            match = pattern.search(record.text[:TEXT_CHARS])
            if match is not None:
                return record, match
    return None


def _goes_by(case: Case, other: Listed, host: str) -> bool:
    """Tell whether another container has this name, service name, alias or address."""
    if other.id == case.container.id:
        return False
    if _is_address(host):
        return host in other.networks.values()
    mine, theirs = case.container.compose, other.compose
    if theirs and theirs.service == host and (mine is None or mine.project == theirs.project):
        return True
    inspected = case.scene.inspected.get(other.id)
    aliases = {alias for a in inspected.attachments for alias in a.aliases} if inspected else set()
    return host == other.name or host in aliases


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
