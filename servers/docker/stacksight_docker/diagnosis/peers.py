"""Names that cannot be resolved and connections that are refused: who was meant, and why not."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from stacksight_core.untrusted import inline
from stacksight_docker.clock import parse_time
from stacksight_docker.diagnosis.model import UP, Case, Finding
from stacksight_docker.diagnosis.neighbours import (
    DEFAULT_BRIDGE,
    goes_by,
    is_address,
    is_itself,
    is_near,
    same_project,
    shares_network,
)
from stacksight_docker.diagnosis.quotes import TEXT_CHARS, last_records, quote_match
from stacksight_docker.facts import Container, Inside, Listed
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
        rf"unknown (?:\w+ )?host '?{_HOST}",
        rf"host '{_HOST}' .*(?:not known|not found|resolve)",
        rf"host not found in upstream \"{_HOST}",
        rf"failed to resolve '{_HOST}'",
        rf"{_HOST}:\d+[^\n]{{0,40}}(?:name or service not known|name does not resolve"
        r"|temporary failure in name resolution|nodename nor servname|no address associated)",
        rf"{_HOST}: (?:name or service not known|temporary failure in name resolution"
        r"|name does not resolve|nodename nor servname|no address associated)",
    )
)
_SOME_UNKNOWN_NAME = re.compile(
    r"name or service not known|temporary failure in name resolution|nodename nor servname"
    r"|name does not resolve|no address associated with hostname",
    re.I,
)
_REFUSED = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"connect ECONNREFUSED {_HOST}:(?P<port>\d+)",
        rf"dial tcp {_HOST}:(?P<port>\d+): connect: connection refused",
        rf"connecting to {_HOST}:(?P<port>\d+).{{0,40}}refused",
        rf"can't connect to remote host \({_HOST}\): connection refused",
        rf"connection to (?:server at )?\"?{_HOST}\"?(?: \([^)]*\))?, port (?P<port>\d+) "
        r"failed.{0,20}refused",
        rf"connection to {_HOST}:(?P<port>\d+) refused",
        rf"host='?{_HOST}'?, port=(?P<port>\d+).{{0,300}}refused",
        rf"connect to {_HOST} port (?P<port>\d+).{{0,60}}refused",
        rf"connect call failed \('{_HOST}', (?P<port>\d+)",
        rf"{_HOST}:(?P<port>\d+)[^\n]{{0,60}}(?:connection refused|ECONNREFUSED|Errno 111)",
        rf"(?:connection refused|ECONNREFUSED)[^\n]{{0,40}}?{_HOST}[:/](?P<port>\d+)",
        rf"connect\(\) failed \(111[^\n]*?upstream: \"\w+://{_HOST}:(?P<port>\d+)",
        rf"can't connect to (?:\w+ )*server on '{_HOST}(?::(?P<port>\d+))?'",
    )
)
_SOME_REFUSED = re.compile(r"connection refused|ECONNREFUSED|Errno 111\b|actively refused", re.I)
_NOT_ESTABLISHED = re.compile(
    r"\((?:[\w.-]+/)?(?P<host>[\w.-]+):(?P<port>\d+)\) could not be established", re.I
)
_NO_WAY = (
    r"(?:timed? ?out|timeout expired|i/o timeout|ETIMEDOUT|no route to host|EHOSTUNREACH"
    r"|ENETUNREACH|network is unreachable)"
)
_TIMED_OUT = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"connect {_NO_WAY} {_HOST}:(?P<port>\d+)",
        rf"connection to (?:server at )?\"?{_HOST}\"?(?: \([^)]*\))?, port (?P<port>\d+) "
        rf"failed.{{0,20}}{_NO_WAY}",
        rf"(?:connect(?:ion)?|dial tcp)[^\n]{{0,60}}?{_HOST}:(?P<port>\d+)[^\n]{{0,40}}{_NO_WAY}",
        rf"host='?{_HOST}'?, port=(?P<port>\d+).{{0,300}}connect timeout",
        rf"upstream timed out[^\n]*?while connecting[^\n]*?upstream: \"\w+://{_HOST}:(?P<port>\d+)",
    )
)
# The source line that a Python traceback quotes.
_CALLED = re.compile(r"\(\s*['\"](?P<host>[\w.-]+)['\"],\s*(?P<port>\d+)\s*[,)]")
NO_NETWORK = "none"


class _Wanted(NamedTuple):
    """Where a program wanted to connect, and what shows it."""

    host: str
    port: int | None
    evidence: list[str]
    record: Record


def find_unknown_name(case: Case) -> Finding | None:
    """Explain a host name that the container cannot resolve."""
    if case.container.network_mode == NO_NETWORK:
        return _no_network(case, (*_UNKNOWN_NAME, _SOME_UNKNOWN_NAME))
    asked = _asked(case, _UNKNOWN_NAME, _SOME_UNKNOWN_NAME)
    names = [w for w in asked if not is_address(w.host) and not is_itself(w.host)]
    if names:
        wanted = next((w for w in names if not _is_resolvable(case, w.host)), names[0])
        return _explain_name(case, wanted)
    found = _first(case, _SOME_UNKNOWN_NAME)
    if found is None:
        return None
    return Finding(
        kind="name-unknown",
        problem="it cannot resolve the name of a host; its log does not say which",
        confidence="likely",
        evidence=[found[1], f"NetworkSettings.Networks: {_networks(case)}"],
        next="Look in its configuration for the host names it uses; each must be a service, a name "
        "or an alias on a network that both share.",
    )


def _no_network(case: Case, patterns: Iterable[re.Pattern[str]]) -> Finding | None:
    said = next((found for p in patterns if (found := _first(case, p)) is not None), None)
    if said is None:
        return None
    return Finding(
        kind="no-network",
        problem="it has no network at all, so it can reach nothing by name",
        confidence="proved",
        evidence=[said[1], f"HostConfig.NetworkMode={NO_NETWORK}"],
        next="Give it a network (`network_mode: none` says it shall have none), and recreate it.",
    )


def _is_resolvable(case: Case, host: str) -> bool:
    return any(c.state == UP and shares_network(case, c) for c in goes_by(case, host))


def _explain_name(case: Case, wanted: _Wanted) -> Finding:
    host, evidence = wanted.host, wanted.evidence
    others = list(goes_by(case, host))
    shown = inline(host, 80)
    if not others:
        outside = "." in host
        return Finding(
            kind="name-unknown",
            problem=f"it cannot resolve the name {shown}, and no container goes by it",
            confidence="likely",
            evidence=[*evidence, f"NetworkSettings.Networks: {_networks(case)}"],
            next="Check that the container has a way out (an internal network has none) and that "
            "the engine's machine resolves the name."
            if outside
            else "Correct the host name, or start the service that should have it.",
            ruled_out=["a stopped container of that name"],
        )
    other = others[0]
    known = shares_network(case, other) or same_project(case, other)
    if known and other.state != UP:
        return needs_down(case, other, evidence, f"it cannot resolve {shown}")
    return _explain_network(case, other, wanted)


def _explain_network(case: Case, other: Listed, wanted: _Wanted) -> Finding:
    mine = {a.network for a in case.container.attachments}
    theirs = ", ".join(sorted(other.networks)) or "none"
    shared = mine & set(other.networks)
    both = [f"its networks: {_networks(case)}", f"{other.name}'s networks: {theirs}"]
    near = same_project(case, other) or other.name == wanted.host
    if not shared or (shared == {DEFAULT_BRIDGE} and not near):
        return Finding(
            kind="no-shared-network",
            problem=f"it shares no network with {other.label}, so it cannot reach it by name",
            confidence="proved" if near else "likely",
            evidence=[*wanted.evidence, *both],
            next=f"Put both into one user-defined network, e.g. `docker network connect <net> "
            f"{case.container.name}`, or under the same networks in compose.",
            ruled_out=[f"{other.name} being down (it runs)"] if other.state == UP else [],
        )
    if shared == {DEFAULT_BRIDGE}:
        return Finding(
            kind="default-bridge",
            problem=f"both are on the default bridge, which has no names, so {wanted.host} is "
            "unknown",
            confidence="proved",
            evidence=[*wanted.evidence, *both],
            next="Put both into a user-defined network; only there do names work.",
        )
    return Finding(
        kind="name-unknown",
        problem=f"it could not resolve {inline(wanted.host, 80)} at that moment",
        confidence="likely",
        evidence=[*wanted.evidence, f"shared networks: {', '.join(sorted(shared))}"],
        next=f"Check that {other.name} was up then, and that {wanted.host} is one of its aliases.",
    )


def find_refused(case: Case) -> Finding | None:
    """Explain a connection that was refused or timed out, and find who should have answered."""
    asked = list(_asked(case, (*_REFUSED, _NOT_ESTABLISHED, *_TIMED_OUT), _SOME_REFUSED))
    findings = [_explain_refused(case, wanted) for wanted in asked]
    certain = (f for f in findings if f.kind != "connection-refused")
    if findings:
        return next(certain, findings[0])
    found = _first(case, _SOME_REFUSED)
    if found is None:
        return None
    return _deaf_neighbour(case, *found) or Finding(
        kind="connection-refused",
        problem="what it connects to refuses the connection; its log does not say what that is",
        confidence="likely",
        evidence=[found[1]],
        next="Look in its configuration for the hosts it connects to. localhost is the container "
        "itself; another service goes by its service name.",
    )


def _deaf_neighbour(case: Case, record: Record, said: str) -> Finding | None:
    """Find a service of the same project that only listens to itself, when no name is known."""
    for other in case.scene.listed.values():
        inside = case.scene.insides.get(other.id)
        if inside is None or not (same_project(case, other) and shares_network(case, other)):
            continue
        ports = sorted(x.port for x in inside.listeners if x.loopback)
        if other.id != case.container.id and ports and all(x.loopback for x in inside.listeners):
            wanted = _Wanted(other.name, ports[0], [said], record)
            closed = _explain_closed(case, other, wanted, f"{other.name}:{ports[0]}")
            return replace(closed, confidence="likely") if closed else None
    return None


def _explain_refused(case: Case, wanted: _Wanted) -> Finding:
    where = inline(f"{wanted.host}:{wanted.port}" if wanted.port else wanted.host, 80)
    if is_itself(wanted.host) and case.container.network_mode != "host":
        return _to_itself(case, where, wanted.evidence)
    others = [c for c in goes_by(case, wanted.host) if is_near(case, c, wanted.host)]
    if not others:
        return _explain_absent(wanted, where)
    other = others[0]
    if other.state != UP or other.health == "unhealthy":
        return needs_down(case, other, wanted.evidence, f"{where} refuses connections")
    if _is_silent(wanted) and not shares_network(case, other):
        return _on_another_network(case, other, wanted)
    closed = _explain_closed(case, other, wanted, where)
    if closed is not None:
        return closed
    late = _started_later(wanted.record, case.scene.inspected.get(other.id))
    return Finding(
        kind="connection-refused",
        problem=f"{other.label} runs, but "
        + ("was not ready yet" if late else f"did not accept connections at {where}"),
        confidence="likely",
        evidence=[*wanted.evidence, f"{other.name}: {other.status}", *late],
        next=f"Wait for it with a health check and depends_on condition service_healthy, and check "
        f"that {other.name} listens on 0.0.0.0:{wanted.port or '<port>'}, not on 127.0.0.1.",
        ruled_out=[f"{other.name} being down (it runs)", "the name (it was resolved)"],
        needs=[other.id],
    )


def _explain_absent(wanted: _Wanted, where: str) -> Finding:
    """Explain a connection to what no container on the same networks goes by."""
    silent = _is_silent(wanted)
    effect = "does not answer" if silent else "does not accept connections"
    return Finding(
        kind="connection-refused",
        problem=f"what it needs at {where} {effect}",
        confidence="likely",
        evidence=wanted.evidence,
        next=f"Check what should listen at {where}; no container on its networks has that name or "
        f"address now{', and a firewall may drop what is sent there' if silent else ''}.",
    )


def _is_silent(wanted: _Wanted) -> bool:
    return re.search(_NO_WAY, wanted.record.text, re.I) is not None


def _on_another_network(case: Case, other: Listed, wanted: _Wanted) -> Finding:
    return Finding(
        kind="no-shared-network",
        problem=f"it shares no network with {other.label}, which has the address {wanted.host}",
        confidence="proved",
        evidence=[
            *wanted.evidence,
            f"{case.container.name}: {_networks(case)}; {other.name}: {', '.join(other.networks)}",
        ],
        next="Put both into one user-defined network and use the service's name: an address "
        "changes.",
    )


def _explain_closed(case: Case, other: Listed, wanted: _Wanted, where: str) -> Finding | None:
    """Prove by the other's open ports that nothing can answer there; None when something does."""
    inside = case.scene.insides.get(other.id)
    if inside is None or wanted.port is None:
        return None
    port = wanted.port
    ways = {listener.loopback for listener in inside.listeners if listener.port == port}
    if False in ways:
        return None
    evidence = [*wanted.evidence, f"{other.name} listens on: {describe_listeners(inside)}"]
    ruled_out = [f"{other.name} being down (it runs)", "the name (it was resolved)"]
    if ways:
        return Finding(
            kind="listens-on-loopback",
            problem=f"{other.label} listens on port {port} of 127.0.0.1 only, which no other "
            "container can reach",
            confidence="proved",
            evidence=evidence,
            next=f"Make {other.name} listen on 0.0.0.0:{port}.",
            ruled_out=ruled_out,
            needs=[other.id],
        )
    open_ports = sorted({x.port for x in inside.listeners if not x.loopback})
    instead = f", but on {', '.join(map(str, open_ports[:4]))}" if open_ports else ""
    return Finding(
        kind="wrong-port" if open_ports else "nothing-listens",
        problem=f"{other.label} runs, but does not listen on port {port}{instead}",
        confidence="proved",
        evidence=evidence,
        next=f"Correct the port in what connects to {where}, or in {other.name}."
        if open_ports
        else f'See what {other.name} is doing: read_logs(["{other.name}"]).',
        ruled_out=ruled_out,
        needs=[other.id],
    )


def describe_listeners(inside: Inside) -> str:
    """Write the ports that a container listens on."""
    ports = sorted(inside.listeners)
    shown = [f"{'127.0.0.1' if x.loopback else '0.0.0.0'}:{x.port}" for x in ports]  # noqa: S104
    return ", ".join(shown[:6]) or "no TCP port"


def _started_later(record: Record, other: Container | None) -> list[str]:
    said = parse_time(record.time)
    if other is None or other.started is None or said is None or other.started < said - 15:
        return []
    return [
        f"{other.name} State.StartedAt is only {max(0.0, said - other.started):.0f} s before that"
    ]


def _to_itself(case: Case, where: str, evidence: list[str]) -> Finding:
    return Finding(
        kind="connects-to-itself",
        problem=f"it connects to {where}, which inside a container is the container itself",
        confidence="likely",
        evidence=[*evidence, f"HostConfig.NetworkMode={case.container.network_mode}"],
        next="Use the other service's name as host (compose service or container name), or "
        "host.docker.internal for a service on the host.",
        ruled_out=["the other service being down (it was never asked)"],
    )


def needs_down(case: Case, other: Listed, evidence: list[str], effect: str) -> Finding:
    """Return that another container, which this one needs, is not up."""
    return Finding(
        kind="dependency-down",
        problem=f"{effect}, because {other.label} is not up",
        confidence="proved",
        evidence=[*evidence, f"{other.name}: State={other.state}, {other.status}"],
        next=f"Fix {other.name} first.",
        ruled_out=[f"a fault of {case.container.name} itself"],
        needs=[other.id],
    )


def _asked(
    case: Case, patterns: Iterable[re.Pattern[str]], general: re.Pattern[str]
) -> Iterator[_Wanted]:
    """Yield where the program wanted to connect, the surest first.

    That is what the log names; else the call that a traceback quotes; else what its variables name.
    """
    for record in last_records(case):
        text = record.text[:TEXT_CHARS]
        match = next((m for pattern in patterns if (m := pattern.search(text))), None)
        if match is not None:
            yield _wanted(match, [quote_match(record, match)], record)
            return
    found = _first(case, general)
    if found is None:
        return
    record, said = found
    called = list(_CALLED.finditer(record.text[:TEXT_CHARS]))
    if called:
        line = quote_match(record, called[0]).partition(": ")[2]
        yield _wanted(called[0], [said, f"traceback: {line}"], record)
        return
    for name, (host, port) in case.container.env_targets.items():
        where = f"{host}:{port}" if port else host
        yield _Wanted(host, port, [said, f"Config.Env: {name} points to {where}"], record)


def _wanted(match: re.Match[str], evidence: list[str], record: Record) -> _Wanted:
    port = match.groupdict().get("port")
    host = match["host"].rstrip(".").partition(":")[0]
    return _Wanted(host, int(port) if port else None, evidence, record)


def _first(case: Case, pattern: re.Pattern[str]) -> tuple[Record, str] | None:
    for record in last_records(case):
        match = pattern.search(record.text[:TEXT_CHARS])
        if match is not None:
            return record, quote_match(record, match)
    return None


def _networks(case: Case) -> str:
    names = sorted(a.network for a in case.container.attachments)
    return ", ".join(names) or case.container.network_mode
