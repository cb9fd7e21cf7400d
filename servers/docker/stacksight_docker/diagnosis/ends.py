"""Containers that ended or are not running: what their state alone proves."""

from stacksight_core.units import format_bytes, format_duration
from stacksight_docker.analysis.exits import (
    INTERRUPTED,
    KILLED,
    TERMINATED,
    explain_exit,
)
from stacksight_docker.analysis.view import command_text
from stacksight_docker.clock import short_time
from stacksight_docker.diagnosis.model import Case, Finding

AT_ONCE_SECONDS = 2.0
NO_LIMIT = "HostConfig.Memory=0 (no limit)"
SEGFAULT = 139
ABORT = 134
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "/bin/sh", "/bin/bash", "/bin/ash"})
_STOPS = frozenset({"stop", "kill"})


def find_out_of_memory(case: Case) -> Finding | None:
    """Prove that the kernel killed it for lack of memory."""
    container = case.container
    noted = any(event.action == "oom" for event in case.events)
    killed = container.oom_killed and container.exit_code == KILLED
    if not killed and not (noted and (container.exit_code == KILLED or case.is_looping)):
        return _child_out_of_memory(case, noted=noted)
    limit = container.memory_limit
    shown = (
        f"HostConfig.Memory={format_bytes(limit)}" if limit else "HostConfig.Memory=0 (no limit)"
    )
    flag = f"State.OOMKilled={str(container.oom_killed).lower()}"
    evidence = [f"{flag}, State.ExitCode={container.exit_code}", shown]
    evidence += ["events: oom, then die"] if noted else []
    at = f"at its limit of {format_bytes(limit)}" if limit else "because the host had none left"
    return Finding(
        kind="out-of-memory",
        problem=f"it was killed for lack of memory {at}",
        confidence="proved",
        evidence=evidence,
        next="Raise the memory limit, or make it use less: measure what it needs under load."
        if limit
        else "Free memory on the host, or give the container with the leak a limit.",
        ruled_out=["a crash of its own", "being stopped by someone"],
    )


def _child_out_of_memory(case: Case, *, noted: bool) -> Finding | None:
    container = case.container
    if not (container.oom_killed or noted):
        return None
    limit = container.memory_limit
    flag = f"State.OOMKilled={str(container.oom_killed).lower()}"
    return Finding(
        kind="out-of-memory-child",
        problem="a process in it was killed for lack of memory"
        + (f", at the limit of {format_bytes(limit)}" if limit else ""),
        confidence="proved",
        evidence=[flag, *(["events: oom"] if noted else []), f"State.Status={container.status}"],
        next="Raise the memory limit, or start fewer worker processes in it.",
    )


def find_stop(case: Case) -> Finding | None:
    """Tell whether somebody stopped or killed it."""
    container = case.container
    asked = [event for event in case.events if event.action in _STOPS]
    by_signal = container.exit_code in (KILLED, TERMINATED, INTERRUPTED)
    if container.status != "exited" or not (by_signal or asked):
        return None
    if not by_signal and not _just_before(asked[-1].time, container.finished):
        return None
    evidence = [f"State.ExitCode={explain_exit(container.exit_code)}, State.OOMKilled=false"]
    for event in asked[-3:]:
        sent = event.attributes.get("signal")
        evidence.append(
            f"event {event.action}{f' (signal {sent})' if sent else ''} at {short_time(event.time)}"
        )
    if container.exit_code == KILLED and not asked and not container.memory_limit:
        return Finding(
            kind="killed",
            problem="something outside killed it (SIGKILL), and it has no memory limit",
            confidence="unknown",
            evidence=[*evidence, NO_LIMIT],
            next="See whether the host ran out of memory: `dmesg -T | grep -i -E 'oom|killed'`.",
            ruled_out=["its own memory limit"],
        )
    how = "killed" if container.exit_code == KILLED else "stopped"
    slow = ""
    if container.exit_code == KILLED and any(e.action == "stop" for e in asked):
        slow = "; it did not end on the first signal in time"
    stays = ""
    if container.restart_policy != "no":
        stays = f"; policy {container.restart_policy} does not start it again after a stop"
    return Finding(
        kind="stopped",
        problem=f"somebody {how} it on purpose{slow}",
        confidence="proved" if asked else "likely",
        evidence=[*evidence, f"HostConfig.RestartPolicy={container.restart_policy}{stays}"],
        next=f"Start it again if it should run: `docker start {container.name}`.",
        ruled_out=["lack of memory", "a crash of its own"],
    )


def _just_before(asked: float, finished: float | None) -> bool:
    return finished is not None and -1.0 <= finished - asked <= 60.0


def find_done_at_once(case: Case) -> Finding | None:
    """Notice a service whose command ends at once without an error."""
    container, run = case.container, case.container.run_seconds
    is_service = container.requested_ports or container.restart_policy in (
        "always",
        "unless-stopped",
    )
    if container.exit_code or not is_service or case.is_up:
        return None
    if not case.is_looping and (run is None or run > AT_ONCE_SECONDS):
        return None
    words = container.entrypoint + container.command
    ran = "" if run is None else f" after running {format_duration(run)}"
    reason = "its command ends, or goes to the background, instead of staying in the foreground"
    if words and words[-1] in _SHELLS and not container.tty and not container.open_stdin:
        reason = "its command is a shell, which ends at once without a terminal or stdin"
    return Finding(
        kind="ends-at-once",
        problem=f"it ends by itself at once, without an error: {reason}",
        confidence="likely",
        evidence=[
            f"State.ExitCode=0{ran}",
            f"command: {command_text(words)}",
            f"RestartCount={container.restart_count}, policy {container.restart_policy}",
        ],
        next="Run the program in the foreground (nginx: `daemon off;`), or give a shell a terminal "
        "(`tty: true`).",
        ruled_out=["an error of the program", "lack of memory"],
    )


def find_signal_crash(case: Case) -> Finding | None:
    """Name a crash by signal."""
    code = case.container.exit_code
    names = {SEGFAULT: "a memory access error (SIGSEGV)", ABORT: "an abort of its own (SIGABRT)"}
    if code not in names or case.container.status == "running":
        return None
    return Finding(
        kind="native-crash",
        problem=f"the program crashed with {names[code]}",
        confidence="proved",
        evidence=[f"State.ExitCode={code}"],
        next="Look for a native library that does not fit the image's architecture or C library.",
        ruled_out=["lack of memory", "being stopped by someone"],
    )


def find_unusual_state(case: Case) -> Finding | None:
    """Explain paused, dead and removing."""
    name, status = case.container.name, case.container.status
    texts = {
        "paused": ("it is paused: its processes are frozen", f"`docker unpause {name}`"),
        "dead": (
            "the engine failed to remove it and it cannot be started",
            f"`docker rm -f {name}`; if that fails, see the engine's log for a busy mount",
        ),
        "removing": ("it is being removed", "Wait; if it stays so, see the engine's log."),
    }
    if status not in texts:
        return None
    problem, step = texts[status]
    return Finding(
        kind=status,
        problem=problem,
        confidence="proved",
        evidence=[f"State.Status={status}"],
        next=step,
    )
