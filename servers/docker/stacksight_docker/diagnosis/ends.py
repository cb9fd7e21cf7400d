"""Containers that ended or are not running: what their state alone proves."""

from collections.abc import Sequence

from stacksight_core.units import format_bytes, format_duration
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.exits import (
    INTERRUPTED,
    KILLED,
    TERMINATED,
    explain_exit,
)
from stacksight_docker.analysis.view import command_text
from stacksight_docker.clock import short_time
from stacksight_docker.diagnosis.clues import find_clue, find_exception
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.diagnosis.quotes import last_records, quote
from stacksight_docker.facts import Event, OomKill

AT_ONCE_SECONDS = 2.0
STOP_SECONDS = 60.0
"""A stop that came longer before the end is not its cause."""
NO_LIMIT = "HostConfig.Memory=0 (no limit)"
ABORTED = 134
_LIBRARY = "Look for a native library that does not fit the image's architecture or C library."
# 128 + the signal's number (signal(7)).
_CRASHES = {
    132: (
        "an instruction that this processor does not have (SIGILL)",
        "Use a build for an older processor generation, or run it on a newer machine.",
    ),
    134: ("an abort of its own (SIGABRT)", "See what it wrote before: an assertion that failed?"),
    135: (
        "a bus error (SIGBUS)",
        "Look at files it maps: a full disk, or a shared memory too small.",
    ),
    136: ("an arithmetic error (SIGFPE)", "Look for a division by zero in its native code."),
    139: ("a memory access error (SIGSEGV)", _LIBRARY),
    159: (
        "a system call that a seccomp profile forbids (SIGSYS)",
        "Allow that call in the seccomp profile (security_opt), or do without it.",
    ),
}
_INTERACTIVE = frozenset("sh bash ash dash zsh python python3 node irb psql redis-cli".split())
_STOPS = frozenset({"stop", "kill"})


def find_out_of_memory(case: Case) -> Finding | None:
    """Prove that the kernel killed it for lack of memory."""
    container = case.container
    since = (container.started or 0.0) if case.is_up else 0.0
    noted = any(event.action == "oom" and event.time >= since for event in case.events)
    kills = case.oom_kills
    killed = container.exit_code == KILLED and (container.oom_killed or bool(kills))
    if not killed and not (noted and (container.exit_code == KILLED or case.is_looping)):
        return _child_out_of_memory(case, noted=noted or bool(kills))
    limit = container.memory_limit
    shown = (
        f"HostConfig.Memory={format_bytes(limit)}" if limit else "HostConfig.Memory=0 (no limit)"
    )
    flag = f"State.OOMKilled={str(container.oom_killed).lower()}"
    evidence = [f"{flag}, State.ExitCode={container.exit_code}", shown]
    evidence += ["events: oom, then die"] if noted else []
    evidence += _kernel_says(kills)
    by_host = not limit or (bool(kills) and kills[-1].by_host)
    at = "because the host had none left" if by_host else f"at its limit of {format_bytes(limit)}"
    return Finding(
        kind="out-of-memory",
        problem=f"it was killed for lack of memory {at}",
        confidence="proved",
        evidence=evidence,
        next="Free memory on the host, or give the container with the leak a limit."
        if by_host
        else "Raise the memory limit, or make it use less: measure what it needs under load.",
        ruled_out=["a crash of its own", "being stopped by someone"],
    )


def _kernel_says(kills: Sequence[OomKill]) -> list[str]:
    if not kills:
        return []
    last = kills[-1]
    times = f", {len(kills)} times in all" if len(kills) > 1 else ""
    return [f"kernel log: oom-kill of {inline(last.task, 40)} at {short_time(last.time)}{times}"]


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
        evidence=[flag + (", events: oom" if noted else ""), *_kernel_says(case.oom_kills)],
        next="Raise the memory limit, or start fewer worker processes in it.",
    )


def find_stop(case: Case) -> Finding | None:
    """Tell whether somebody stopped or killed it."""
    container = case.container
    ended = container.finished or 0.0
    asked = [e for e in case.events if e.action in _STOPS and _just_before(e.time, ended)]
    by_signal = container.exit_code in (KILLED, TERMINATED, INTERRUPTED)
    if container.status != "exited" or not (by_signal or asked):
        return None
    evidence = [f"State.ExitCode={explain_exit(container.exit_code)}, State.OOMKilled=false"]
    for event in asked[-3:]:
        sent = event.attributes.get("signal")
        evidence.append(
            f"event {event.action}{f' (signal {sent})' if sent else ''} at {short_time(event.time)}"
        )
    if container.exit_code == KILLED and not asked:
        return _killed(case, evidence)
    return _stopped(case, evidence, asked)


def _killed(case: Case, evidence: list[str]) -> Finding:
    """Explain a SIGKILL of which the engine remembers no cause."""
    container, known = case.container, case.scene.events_from
    limit = container.memory_limit
    evidence.append(f"HostConfig.Memory={format_bytes(limit)}" if limit else NO_LIMIT)
    remembered = known is not None and known <= (container.finished or 0.0)
    if remembered:
        evidence.append("events: no stop and no kill before it ended")
    elif known is not None:
        evidence.append(f"events: forgotten by the engine before {short_time(known)}")
    problem = "it was killed (SIGKILL) from outside; whether by somebody or for lack of memory on "
    problem += "the host is not recorded"
    if remembered:
        problem = "it was killed (SIGKILL), but not through the engine: by a process of the host, "
        problem += "such as its out-of-memory killer, or by one of its own"
    return Finding(
        kind="killed",
        problem=problem,
        confidence="unknown",
        evidence=evidence,
        next="See whether the kernel killed it: `dmesg -T | grep -i -E 'oom|killed'`."
        + ("" if remembered else " A `docker stop` that had to wait too long ends like this too."),
        ruled_out=[] if limit else ["a memory limit of its own (it has none)"],
    )


def _stopped(case: Case, evidence: list[str], asked: Sequence[Event]) -> Finding:
    container = case.container
    killed = container.exit_code == KILLED
    slow = killed and any(e.action == "stop" for e in asked)
    step = f"Start it again if it should run: `docker start {container.name}`."
    if slow:
        step += (
            " To end in time it must handle SIGTERM: an entrypoint in exec form, or `init: true`."
        )
    stays = ""
    if container.restart_policy != "no":
        stays = f"; policy {container.restart_policy} does not start it again after a stop"
    return Finding(
        kind="stopped",
        problem=f"somebody {'killed' if killed and not slow else 'stopped'} it on purpose"
        + ("; it ignored the first signal and was killed when its time was up" if slow else ""),
        confidence="proved" if asked else "likely",
        evidence=[*evidence, f"HostConfig.RestartPolicy={container.restart_policy}{stays}"],
        next=step,
        ruled_out=["lack of memory", "a crash of its own"],
    )


def _just_before(asked: float, finished: float) -> bool:
    return -1.0 <= finished - asked <= STOP_SECONDS


def find_done_at_once(case: Case) -> Finding | None:
    """Notice a service whose command ends at once without an error."""
    container, run = case.container, case.container.run_seconds
    is_service = container.requested_ports or container.restart_policy in (
        "always",
        "unless-stopped",
    )
    if case.last_exit_code != 0 or not is_service or case.is_up:
        return None
    if not case.is_looping and (run is None or run > AT_ONCE_SECONDS):
        return None
    words = container.entrypoint + container.command
    ran = "" if run is None else f" after running {format_duration(run)}"
    reason = "its command ends, or goes to the background, instead of staying in the foreground"
    interactive = bool(words) and words[-1].rpartition("/")[2] in _INTERACTIVE
    if interactive and not container.tty and not container.open_stdin:
        reason = f"its command is {words[-1]} alone, which ends at once without a terminal or stdin"
    return Finding(
        kind="ends-at-once",
        problem=f"it ends by itself at once, without an error: {reason}",
        confidence="likely",
        evidence=[
            f"State.ExitCode=0{ran}",
            f"command: {command_text(words)}",
        ],
        next="Run the program in the foreground (nginx: `daemon off;`), or give a shell a terminal "
        "(`tty: true`).",
        ruled_out=["an error of the program", "lack of memory"],
    )


def find_signal_crash(case: Case) -> Finding | None:
    """Name a crash by signal."""
    code = case.container.exit_code
    if code not in _CRASHES or case.container.status == "running":
        return None
    if code == ABORTED and (find_clue(case) or find_exception(case)):
        return None  # .NET and Node abort after an error that they have logged
    what, step = _CRASHES[code]
    return Finding(
        kind="native-crash",
        problem=f"the program crashed with {what}",
        confidence="proved",
        evidence=[f"State.ExitCode={code}", *[quote(record) for record in last_records(case)[:1]]],
        next=step,
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
