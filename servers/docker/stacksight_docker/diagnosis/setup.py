"""Things that are wrong with how a container is set up, whether or not it runs."""

from stacksight_core.units import format_bytes, format_duration, plural
from stacksight_docker.analysis.drift import find_drift
from stacksight_docker.analysis.exits import explain_exit
from stacksight_docker.analysis.usage import NEAR_LIMIT_PERCENT, THROTTLED_PERCENT
from stacksight_docker.clock import format_time, short_time
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.diagnosis.peers import describe_listeners
from stacksight_docker.diagnosis.quotes import quote
from stacksight_docker.facts import Container

MIN_PERIODS = 50
"""Five seconds of wanting to run, at the usual period of 100 ms."""
SETTLED_SECONDS = 2.0
MANY_ZOMBIES = 5
"""A shell may have one or two for a moment."""


def find_stale_image(case: Case) -> Finding | None:
    """Notice that the image's tag names another image by now."""
    stale = [note for note in find_drift(case.container, case.scene.tags) if "stale" in note]
    if not stale:
        return None
    made = case.container.created
    return Finding(
        kind="stale-image",
        problem=f"it runs an older image than its tag {case.container.image} names now",
        confidence="proved",
        evidence=[
            f"Image={case.container.image_id.removeprefix('sha256:')[:12]}; {stale[0]}",
            *([f"Created={short_time(made)}"] if made else []),
        ],
        next="Recreate it to run the current image (compose: `docker compose up -d`).",
    )


def find_near_limit(case: Case) -> Finding | None:
    """Notice a container that uses nearly all the memory it may."""
    sample = case.scene.samples.get(case.container.id)
    if sample is None or not sample.memory_limit or not case.is_up:
        return None
    percent = sample.memory / sample.memory_limit * 100
    if percent < NEAR_LIMIT_PERCENT:
        return None
    return Finding(
        kind="memory-near-limit",
        problem=f"it uses {percent:.0f} % of its memory limit and is killed when it needs more",
        confidence="proved",
        evidence=[
            f"control group: {format_bytes(sample.memory)} in use, without droppable file cache",
            f"HostConfig.Memory={format_bytes(sample.memory_limit)}",
        ],
        next=f'See whether it grows: capture_activity on "{case.container.name}"; else raise the '
        "limit.",
    )


def find_throttled(case: Case) -> Finding | None:
    """Notice a container whose CPU limit has held it back for much of its life."""
    sample = case.scene.samples.get(case.container.id)
    if sample is None or sample.periods < MIN_PERIODS or not case.is_up:
        return None
    percent = sample.throttled / sample.periods * 100
    if percent < THROTTLED_PERCENT:
        return None
    return Finding(
        kind="cpu-throttled",
        problem=f"its CPU limit held it back in {percent:.0f} % of its scheduling periods",
        confidence="proved",
        evidence=[
            f"cpu.stat: nr_throttled={sample.throttled} of nr_periods={sample.periods}",
            f"HostConfig.NanoCpus={case.container.cpus:g} CPUs",
        ],
        next="Raise its CPU limit, or make it do less at once.",
    )


def find_changed_file(case: Case) -> Finding | None:
    """Notice that a compose file changed after the container was made; weak evidence."""
    changed = case.scene.changed_files.get(case.container.id)
    if changed is None:
        return None
    return Finding(
        kind="config-changed",
        problem="its compose file changed after it was created, so its configuration may be stale",
        confidence="likely",
        evidence=[changed],
        next="`docker compose up -d` recreates what changed.",
    )


def find_restarts(case: Case) -> Finding | None:
    """Notice a container that runs now but was restarted by its policy not long ago."""
    container = case.container
    if not case.is_up or not container.restart_count or container.started is None:
        return None
    up = case.scene.now - container.started
    if up > 900:
        return None
    ended = case.last_exit_code
    return Finding(
        kind="restarted",
        problem=f"it runs now, but restarted {plural(container.restart_count, 'time')}, the last "
        f"time {format_duration(up)} ago",
        confidence="proved",
        evidence=[
            f"RestartCount={container.restart_count}, StartedAt={short_time(container.started)}",
            *([f"event die: exit code {explain_exit(ended)}"] if ended is not None else []),
            *_said_before(case, container.started),
        ],
        next=f'See what it said before: read_logs(["{container.name}"], mode="patterns").',
    )


def _said_before(case: Case, started: float) -> list[str]:
    """Quote the last error of the runs before."""
    begin = format_time(started)
    errors = [r for r in case.records if r.time < begin and r.level == "error"]
    return [quote(errors[-1])] if errors else []


def find_closed_ports(case: Case) -> Finding | None:
    """Notice published ports that are not open though the container runs."""
    container = case.container
    asked = {(p.private, p.protocol) for p in container.requested_ports}
    opened = {(p.private, p.protocol) for p in container.ports if p.public}
    missing = sorted(asked - opened)
    if not case.is_up or not missing or container.network_mode == "host":
        return None
    names = ", ".join(f"{port}/{protocol}" for port, protocol in missing)
    return Finding(
        kind="ports-not-open",
        problem=f"it runs, but its published ports are not open: {names}",
        confidence="proved",
        evidence=[f"HostConfig.PortBindings has {names}; NetworkSettings.Ports does not"],
        next=f"Restart it: `docker restart {container.name}`; it may have lost its network.",
    )


def find_unreachable_port(case: Case) -> Finding | None:
    """Notice a published port behind which nothing listens that could answer.

    Only for a program that listens somewhere: one that does not is no server, or not yet.
    """
    container = case.container
    inside = case.scene.insides.get(container.id)
    up = case.scene.now - (container.started or case.scene.now)
    if inside is None or not inside.listeners or not case.is_up or up < SETTLED_SECONDS:
        return None
    reachable = {listener.port for listener in inside.listeners if not listener.loopback}
    asked = {port.private for port in container.ports if port.public and port.protocol == "tcp"}
    closed = sorted(asked - reachable)
    if not closed or container.network_mode.startswith(("host", "container:")):
        return None
    port = closed[0]
    local = any(listener.port == port for listener in inside.listeners)
    others = ", ".join(str(other) for other in sorted(reachable - asked)[:4])
    return Finding(
        kind="listens-on-loopback" if local else "wrong-port",
        problem=f"its port {port} is published, but it listens there on 127.0.0.1 only"
        if local
        else f"its port {port} is published, but it does not listen there"
        + (f"; it listens on {others}" if others else ""),
        confidence="proved",
        evidence=[
            f"it listens on: {describe_listeners(inside)}",
            "NetworkSettings.Ports: " + ", ".join(str(p) for p in container.ports if p.public)[:99],
        ],
        next=f"Make it listen on 0.0.0.0:{port}."
        if local
        else "Publish the port it listens on, or make it listen on the published one.",
    )


def find_zombies(case: Case) -> Finding | None:
    """Notice dead processes that nobody collects."""
    inside = case.scene.insides.get(case.container.id)
    if inside is None or inside.zombies < MANY_ZOMBIES or not case.is_up:
        return None
    return Finding(
        kind="zombie-processes",
        problem=f"{inside.zombies} of its processes are dead, but not collected by their parent; "
        "they fill its process limit in time",
        confidence="proved",
        evidence=[
            f"/proc: {inside.zombies} processes in state Z",
            f"HostConfig.Init={str(case.container.init).lower()}",
        ],
        next="Run it with an init process (`init: true`, `docker run --init`), or make the program "
        "wait for its children.",
    )


def find_process_limit(case: Case) -> Finding | None:
    """Notice a container that has as many processes as it may."""
    sample, limit = case.scene.samples.get(case.container.id), case.container.pids_limit
    if sample is None or limit <= 0 or sample.processes < limit or not case.is_up:
        return None
    return Finding(
        kind="process-limit",
        problem=f"it has {sample.processes} processes and threads, all that its limit allows; it "
        "cannot start another",
        confidence="proved",
        evidence=[f"pids.current={sample.processes}, HostConfig.PidsLimit={limit}"],
        next="Raise its pids limit, or find what starts so many.",
    )


def find_shared_name(case: Case) -> Finding | None:
    """Notice a name that two different services answer to on one network."""
    container, compose = case.container, case.container.compose
    for other in case.scene.inspected.values():
        if other.id == container.id or other.status != "running" or not case.is_up:
            continue
        theirs = other.compose
        if compose is None or theirs is None or theirs.service == compose.service:
            continue
        for mine in container.attachments:
            names = _names(container, mine.network) & _names(other, mine.network)
            if names:
                return _shared_name(container, other, min(names), mine.network)
    return None


def _names(container: Container, network: str) -> set[str]:
    """Return what a container answers to on a network that it is on."""
    aliases = (a.aliases for a in container.attachments if a.network == network)
    return next(({container.name, *names} for names in aliases), set())


def _shared_name(container: Container, other: Container, name: str, network: str) -> Finding:
    pair = " and ".join(sorted((container.name, other.name)))
    return Finding(
        kind="shared-name",
        problem=f"the name {name} means both {pair} on network {network}: connections to it reach "
        "one or the other",
        confidence="proved",
        evidence=[f"NetworkSettings.Networks: both answer to {name} on {network}"],
        next="Take the alias away from the one that should not have it, and recreate it.",
    )
