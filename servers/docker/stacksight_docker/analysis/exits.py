"""What exit codes and states mean, in a few words."""

import signal

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_bytes, format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_docker.facts import Container

SIGNAL_BASE = 128
KILLED = 137
TERMINATED = 143
INTERRUPTED = 130
NOT_EXECUTABLE = 126
NOT_FOUND = 127
# Ends that somebody asked for: 0, Ctrl-C, and a stop that the program handled.
WANTED_ENDS = frozenset({0, INTERRUPTED, TERMINATED})
REASON_CHARS = 160
OUTPUT_CHARS = 100

_MEANINGS = {
    NOT_EXECUTABLE: "the command cannot be executed",
    NOT_FOUND: "command not found",
}


def explain_exit(code: int) -> str:
    """Write an exit code with what it means, where it has a meaning: ``139 (SIGSEGV)``."""
    if code in _MEANINGS:
        return f"{code} ({_MEANINGS[code]})"
    try:
        return f"{code} ({signal.Signals(code - SIGNAL_BASE).name})"
    except ValueError:
        return str(code)


def describe_trouble(container: Container, now: float) -> str | None:
    """Say in a few words what is wrong with a container, from its state alone; None if nothing is.

    Args:
        container: as inspected.
        now: the engine's clock.
    """
    if container.status == "created":
        if container.error:
            return f"could not start: {_quoted(container.error, REASON_CHARS)}"
        return "created, but never started"
    if container.oom_killed and container.status != "running":
        limit = container.memory_limit
        at = f" at its limit of {format_bytes(limit)}" if limit else " (it has no limit of its own)"
        return f"out of memory: killed{at}, exit code {container.exit_code}{_restarts(container)}"
    if container.status == "restarting":
        return f"crash loop: {_end(container)}{_restarts(container)}"
    if container.status == "exited":
        return _describe_end(container)
    return _describe_living(container, now)


def _describe_end(container: Container) -> str | None:
    if container.error:
        return f"could not start: {_quoted(container.error, REASON_CHARS)}"
    if container.exit_code == KILLED:
        return f"killed (SIGKILL, exit code 137){_restarts(container)}"
    if container.exit_code in WANTED_ENDS:
        return None
    return f"failed: {_end(container)}{_restarts(container)}"


def _describe_living(container: Container, now: float) -> str | None:
    health = container.health
    if health is not None and health.status == "unhealthy":
        last = health.checks[-1] if health.checks else None
        output = _quoted(last.output, OUTPUT_CHARS) if last else ""
        said = f": {output}" if output else ""
        return f"unhealthy: its check failed {plural(health.failing_streak, 'time')} in a row{said}"
    if container.status == "running":
        if container.restart_count and container.started and now - container.started < 60:
            up = format_duration(max(0.0, now - container.started))
            looping = container.restart_count > 1
            word = "crash loop: up" if looping else "restarted by its policy: up"
            return f"{word} {up} since its last start{_restarts(container)}"
        return None
    return {
        "paused": "paused: its processes are frozen until it is unpaused",
        "dead": "dead: the engine could not remove it",
        "removing": "being removed",
    }.get(container.status)


def _end(container: Container) -> str:
    seconds = container.run_seconds
    ran = "" if seconds is None else f" after running {format_duration(seconds)}"
    return f"exit code {explain_exit(container.exit_code)}{ran}"


def _restarts(container: Container) -> str:
    if not container.restart_count:
        return ""
    times = plural(container.restart_count, "time")
    limit = f":{container.restart_limit}" if container.restart_limit else ""
    return f", restarted {times} (policy {container.restart_policy}{limit})"


def _quoted(text: str, limit: int) -> str:
    return inline(redact_assignments(text.strip()), limit)
