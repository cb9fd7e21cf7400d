"""Things that are wrong with how a container is set up, whether or not it runs."""

from stacksight_core.units import format_bytes, format_duration, plural
from stacksight_docker.analysis.drift import find_drift
from stacksight_docker.analysis.usage import NEAR_LIMIT_PERCENT, THROTTLED_PERCENT
from stacksight_docker.clock import short_time
from stacksight_docker.diagnosis.model import Case, Finding

MIN_PERIODS = 50
"""Five seconds of wanting to run, at the usual period of 100 ms."""


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
    return Finding(
        kind="restarted",
        problem=f"it runs now, but restarted {plural(container.restart_count, 'time')}, the last "
        f"time {format_duration(up)} ago",
        confidence="proved",
        evidence=[
            f"RestartCount={container.restart_count}, StartedAt={short_time(container.started)}",
            f"last run ended with State.ExitCode={container.exit_code}",
        ],
        next=f'See what it said before: read_logs(["{container.name}"], mode="patterns").',
    )


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
