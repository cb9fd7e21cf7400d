"""From the rules' findings to verdicts: one for each problem, causes before their effects."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from stacksight_core.units import format_duration, plural
from stacksight_docker.analysis.drift import find_drift
from stacksight_docker.analysis.exits import WANTED_ENDS, explain_exit
from stacksight_docker.clock import format_time, parse_time
from stacksight_docker.diagnosis.clues import (
    find_clue,
    find_complaint,
    find_error_in_log,
    find_exception,
    find_last_words,
)
from stacksight_docker.diagnosis.ends import (
    find_done_at_once,
    find_out_of_memory,
    find_signal_crash,
    find_stop,
    find_unusual_state,
)
from stacksight_docker.diagnosis.health import find_failing_check
from stacksight_docker.diagnosis.model import MAX_EVIDENCE, Case, Finding, Scene, Verdict
from stacksight_docker.diagnosis.needs import dependencies, find_failed_dependency, find_waiting
from stacksight_docker.diagnosis.peers import find_refused, find_unknown_name
from stacksight_docker.diagnosis.setup import (
    find_changed_file,
    find_closed_ports,
    find_near_limit,
    find_process_limit,
    find_restarts,
    find_shared_name,
    find_stale_image,
    find_throttled,
    find_unreachable_port,
    find_zombies,
)
from stacksight_docker.diagnosis.starts import find_start_failure
from stacksight_docker.diagnosis.variables import find_missing_variable

Rule = Callable[[Case], Finding | None]

COMPLAINT_SECONDS = 300.0
LAST_ERRORS = 10
LAST_SAID = 6
LAST_SECONDS = 10.0
"""Errors said this long before the last record may have ended the run."""
COMPLAINTS = 3
"""A container that runs has to complain this often before its log counts as a problem."""
_BEFORE_RUNNING: tuple[Rule, ...] = (find_start_failure, find_waiting, find_unusual_state)
_FROM_STATE: tuple[Rule, ...] = (find_out_of_memory, find_stop, find_signal_crash)
_FROM_LOG: tuple[Rule, ...] = (
    find_missing_variable,
    find_unknown_name,
    find_refused,
    find_clue,
)
_LAST_RESORTS: tuple[Rule, ...] = (find_done_at_once, find_failed_dependency, find_error_in_log)
_NOTICES: tuple[Rule, ...] = (
    find_out_of_memory,
    find_near_limit,
    find_process_limit,
    find_throttled,
    find_restarts,
    find_closed_ports,
    find_unreachable_port,
    find_zombies,
    find_shared_name,
    find_stale_image,
    find_changed_file,
)
# A service that complains of these while it runs is in trouble; other complaints may be its work.
_COMPLAINING = frozenset({"error", "warning"})
_COMPLAINTS: tuple[Rule, ...] = (find_unknown_name, find_refused, find_complaint)
_NOTICE_KINDS = frozenset(
    "stale-image config-changed restarted cpu-throttled stopped starting shared-name "
    "zombie-processes".split()
)
_VAGUE = frozenset({"check-fails", "check-gets-error", "check-refused", "check-times-out"})
# What may come from a dependency that is not well.
_PERHAPS_OTHERS = _VAGUE | {
    "connection-refused",
    "error-in-log",
    "exception",
    "name-unknown",
    "unknown",
}


def judge(scene: Scene, wanted: Iterable[str]) -> list[Verdict]:
    """Return the verdicts on containers, the roots of others' problems first.

    Args:
        scene: all that is known.
        wanted: ids of the containers asked about; the causes of their problems are judged too.
    """
    cases = {cid: _case(scene, cid) for cid in scene.inspected if cid in scene.listed}
    findings = {cid: _find(case) for cid, case in cases.items()}
    troubled = {cid for cid, found in findings.items() if any(_hurts(f) for f in found)}
    causes = {cid: _cause(cases[cid], findings[cid], troubled) for cid in findings}
    shown = _with_causes(wanted, causes)
    effects = {cid: sum(_leads_to(other, cid, causes) for other in shown) for cid in shown}
    roots = {cause for cid, cause in causes.items() if cause and cid in troubled}
    ordered = sorted(
        (cid for cid in shown if findings.get(cid)),
        key=lambda cid: (
            cid not in troubled | roots,
            -effects[cid],
            causes[cid] is not None,
            findings[cid][0].confidence == "unknown",
        ),
    )
    verdicts = [
        _verdict(cases[cid], finding, causes[cid], scene, is_root=cid in roots)
        for cid in ordered
        for finding in findings[cid]
    ]
    return _fold(verdicts)


def _fold(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Make one of the verdicts that say the same of several containers."""
    folded: dict[tuple[str, str, str | None], Verdict] = {}
    for verdict in verdicts:
        first = folded.setdefault((verdict.kind, verdict.problem, verdict.because_of), verdict)
        if first is not verdict and verdict.container:
            first.also.append(verdict.container)
    return list(folded.values())


def _case(scene: Scene, container_id: str) -> Case:
    container = scene.inspected[container_id]
    records = list(scene.records.get(container_id, ()))
    if container.speaks_since is not None:
        started = format_time(container.speaks_since)
        last_run = [record for record in records if record.time >= started]
        # A restarted container may not have come to its error yet: the run before it did.
        if any(record.level == "error" for record in last_run) or not container.restart_count:
            records = last_run or records
    return Case(scene, scene.listed[container_id], container, records)


def _find(case: Case) -> list[Finding]:
    first = _first(case, _BEFORE_RUNNING)
    if first is not None:
        return [first]
    if case.is_up:
        return _find_running(case)
    if case.container.status == "exited" and _is_fine(case):
        return []
    return [_with_state(case, _first_of_ended(case))]


def _first(case: Case, rules: Iterable[Rule]) -> Finding | None:
    return next((finding for rule in rules if (finding := rule(case)) is not None), None)


def _is_fine(case: Case) -> bool:
    """Tell whether a container that ended was meant to: a job that is done, or a stop."""
    container = case.container
    if container.exit_code not in WANTED_ENDS:
        return False
    return find_done_at_once(case) is None and find_stop(case) is None


def _first_of_ended(case: Case) -> Finding:
    found = _first(case, _FROM_STATE)
    if found is None and case.last_exit_code != 0:
        found = _from_log(case)
    if found is None:
        found = _first(case, _LAST_RESORTS)
    return found or _unknown(case)


def _from_log(case: Case) -> Finding | None:
    """Find the cause in what it said last: what ended a run is said at its end."""
    if not case.records:
        return None
    end = parse_time(case.records[-1].time) or case.scene.now
    recent = format_time(end - LAST_SECONDS)
    last = [r for r in case.records if r.level == "error" and r.time >= recent]
    for record in reversed(last[-LAST_ERRORS:]):
        found = _first(replace(case, records=[record]), _FROM_LOG)
        if found is not None:
            return found
    return find_exception(replace(case, records=last)) or _first(case, (*_FROM_LOG, find_exception))


def _unknown(case: Case) -> Finding:
    container = case.container
    words = find_last_words(case)
    unreadable = case.scene.unreadable.get(container.id)
    said = [f"its log cannot be read: {unreadable}"] if unreadable else ["its log says nothing"]
    gone = [note for note in find_drift(container, case.scene.tags) if "no image" in note]
    image = container.image_id.removeprefix("sha256:")[:12] if gone else container.image
    return Finding(
        kind="unknown",
        problem="it ended by itself; neither the engine nor its log says why",
        confidence="unknown",
        evidence=[*(words or said), *gone],
        next=f'Read on: read_logs(["{container.name}"], mode="patterns").'
        if words
        else f"Run its command by hand with more logging, e.g. `docker run -it --entrypoint sh "
        f"{image}`.",
        ruled_out=["lack of memory (State.OOMKilled=false)", "a failed start (State.Error empty)"],
    )


def _with_state(case: Case, finding: Finding) -> Finding:
    """Add how the container ended, and that it stays down or starts again and again."""
    container = case.container
    run = container.run_seconds
    ran = f", ran {format_duration(run)}" if run is not None else ""
    evidence = [
        f"State.Status={container.status}, State.ExitCode={explain_exit(container.exit_code)}{ran}"
    ]
    policy = f"{container.restart_policy}"
    if container.restart_limit:
        policy += f":{container.restart_limit}"
    problem = finding.problem
    if case.is_looping:
        problem = f"crash loop: {problem}"
        evidence.append(f"RestartCount={container.restart_count}, RestartPolicy={policy}")
    elif container.restart_limit and container.restart_count >= container.restart_limit:
        problem = f"{problem}; it stays down, its restarts are used up"
        evidence.append(f"RestartCount={container.restart_count}, RestartPolicy={policy}")
    known = {line for line in finding.evidence if line.startswith("State.ExitCode")}
    evidence = [] if known and not case.is_looping else evidence
    return replace(finding, problem=problem, evidence=[*finding.evidence, *evidence])


def _find_running(case: Case) -> list[Finding]:
    found = []
    check = find_failing_check(case)
    if check is not None:
        found.append(_deepen(case, check))
    elif (complaint := _complaint(case)) is not None:
        found.append(complaint)
    found += [finding for rule in _NOTICES if (finding := rule(case)) is not None]
    if case.scene.unreadable.get(case.container.id) and found:
        found[0] = replace(found[0], evidence=[*found[0].evidence, "its log cannot be read"])
    return found


def _deepen(case: Case, check: Finding) -> Finding:
    """Say what makes a health check fail, when the log or a dependency shows it."""
    if check.kind not in _VAGUE:
        return check
    cause = _first(case, (find_missing_variable, *_COMPLAINTS, find_failed_dependency))
    if cause is None:
        return check
    return replace(
        cause,
        problem=f"unhealthy: {cause.problem}",
        evidence=[*cause.evidence, *check.evidence],
    )


def _complaint(case: Case) -> Finding | None:
    """Find what a running container without a failing check complains of, if it keeps doing so."""
    recent = format_time(case.scene.now - COMPLAINT_SECONDS)
    said = [r for r in case.records if r.time >= recent]
    errors = [r for r in said if r.level in _COMPLAINING]
    lately = [r for r in said[-LAST_SAID:] if r.level in _COMPLAINING]
    if len(errors) < COMPLAINTS or len(lately) * 2 < min(LAST_SAID, len(said)):
        return None  # it may have complained while it started, and be well by now
    finding = _first(replace(case, records=errors), _COMPLAINTS)
    if finding is None:
        return None
    # Complaints among much else, or of a program whose check passes, may be about its work.
    mostly = len(errors) * 2 >= len(said) and case.listed.health is None
    if not mostly and not _others_down(case, finding):
        return None
    often = (
        f"{plural(len(errors), 'error or warning', 'errors and warnings')} in its log within 5 min"
    )
    return replace(
        finding, problem=f"it runs, but {finding.problem}", evidence=[*finding.evidence, often]
    )


def _others_down(case: Case, finding: Finding) -> bool:
    return any(case.scene.listed[other].state != "running" for other in finding.needs)


def _hurts(finding: Finding) -> bool:
    return finding.kind not in _NOTICE_KINDS


def _cause(case: Case, found: Sequence[Finding], troubled: set[str]) -> str | None:
    """Return the container whose trouble explains this one's, if there is one."""
    if not found:
        return None
    named = [other for finding in found for other in finding.needs]
    for other in named:
        if other != case.container.id and _is_down(case.scene, other, troubled):
            return other
    if found[0].kind not in _PERHAPS_OTHERS:
        return None
    for _, _, listed in dependencies(case):
        if listed is not None and listed.id in troubled:
            return listed.id
    return None


def _is_down(scene: Scene, container_id: str, troubled: set[str]) -> bool:
    return container_id in troubled or scene.listed[container_id].state != "running"


def _with_causes(wanted: Iterable[str], causes: dict[str, str | None]) -> list[str]:
    shown: dict[str, None] = {}
    for container_id in wanted:
        current: str | None = container_id
        while current is not None and current not in shown:
            shown[current] = None
            current = causes.get(current)
    return list(shown)


def _leads_to(container_id: str, root: str, causes: dict[str, str | None]) -> bool:
    seen = {container_id}
    current = causes.get(container_id)
    while current is not None and current not in seen:
        if current == root:
            return True
        seen.add(current)
        current = causes.get(current)
    return False


def _verdict(
    case: Case, finding: Finding, cause: str | None, scene: Scene, *, is_root: bool
) -> Verdict:
    root = scene.listed[cause] if cause is not None and cause in scene.listed else None
    blamed = root is not None and finding.kind not in _NOTICE_KINDS
    return Verdict(
        container=case.listed.name,
        service=case.listed.service,
        problem=finding.problem,
        kind=finding.kind,
        confidence=finding.confidence,
        evidence=list(dict.fromkeys(finding.evidence))[:MAX_EVIDENCE],
        ruled_out=list(finding.ruled_out),
        next=f"Fix {root.name} first." if root is not None and blamed else finding.next,
        notice=not _hurts(finding) and not (is_root and finding.kind == "stopped"),
        because_of=root.name if root is not None and blamed else None,
    )
