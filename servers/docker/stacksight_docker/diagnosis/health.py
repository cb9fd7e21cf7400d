"""Why a health check fails."""

import re
from typing import NamedTuple

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.exits import explain_exit
from stacksight_docker.analysis.view import command_text
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.diagnosis.peers import describe_listeners
from stacksight_docker.facts import Container, Health, HealthCheck

_TOOL_MISSING = re.compile(
    r"(?:sh: |exec: \"?)?(?P<tool>[\w./-]+)\"?: (?:not found|executable file not found"
    r"|command not found|stat \S+: no such file)"
    r"|exec: \"(?P<other>[^\"]+)\": .*(?:not found|no such file)"
)
_REFUSED = re.compile(r"connection refused|ECONNREFUSED|couldn't connect|failed to connect", re.I)
_TIMEOUT = re.compile(r"timed out|timeout", re.I)
_STATUS = re.compile(
    r"HTTP(?:/[\d.]+| status| error)?:? (?P<status>[45]\d\d)|returned error: (?P<other>[45]\d\d)",
    re.I,
)
_PORT = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]|0\.0\.0\.0)[: ](?P<port>\d+)\b")
_CANNOT_RUN = re.compile(r"OCI runtime exec failed")
_UNKNOWN_NAME = re.compile(
    r"(?:bad address|could not resolve host:?|unable to resolve host address) "
    r"['\"\u2018]?(?P<host>[\w.-]+)",
    re.I,
)
_EXCEEDED = re.compile(r"exceeded timeout", re.I)
SHARED = ("host", "container:")
NOT_FOUND = 127
OUTPUT_CHARS = 220


def find_failing_check(case: Case) -> Finding | None:
    """Explain a failing health check by its last output."""
    health = case.container.health
    if health is None or case.container.status != "running":
        return None
    last = health.checks[-1] if health.checks else HealthCheck(None, None, 1, "")
    if health.status == "starting" and health.failing_streak:
        return _starting(case, health, last)
    if health.status != "unhealthy":
        return None
    reason = _explain(case, last)
    return Finding(
        kind=reason.kind,
        problem=reason.problem,
        confidence="proved" if reason.kind != "check-fails" else "likely",
        evidence=[*_evidence(case, health, last), *reason.evidence],
        next=reason.next,
        ruled_out=reason.ruled_out,
    )


def _starting(case: Case, health: Health, last: HealthCheck) -> Finding:
    return Finding(
        kind="starting",
        problem=f"it is still starting: its health check failed {health.failing_streak} of the "
        f"{case.container.health_retries} times that make it unhealthy",
        confidence="proved",
        evidence=_evidence(case, health, last),
        next="Ask again in a moment; a start_period keeps checks of a slow start from counting.",
    )


class _Reason(NamedTuple):
    kind: str
    problem: str
    next: str
    ruled_out: list[str]
    evidence: list[str] = []  # noqa: RUF012


def _explain(case: Case, last: HealthCheck) -> _Reason:
    rules = (_not_run, _exceeded, _no_listener, _unanswered)
    found = (reason for rule in rules if (reason := rule(case, last)) is not None)
    return next(found, None) or _Reason(
        "check-fails",
        f"its health check fails with exit code {explain_exit(last.exit_code)}",
        f"Run the check by hand: `docker exec {case.container.name} {_by_hand(case.container)}`; "
        f'see read_logs(["{case.container.name}"]).',
        ["a timeout"],
    )


def _not_run(_case: Case, last: HealthCheck) -> _Reason | None:
    never_asked = ["a fault of the service itself (it was never asked)"]
    missing = _TOOL_MISSING.search(last.output)
    if missing or last.exit_code == NOT_FOUND:
        tool = inline((missing["tool"] or missing["other"]) if missing else "its command", 60)
        return _Reason(
            "check-tool-missing",
            f"its health check cannot run: {tool} is not in the image",
            "Install the tool in the image, or check with something it has (wget, nc).",
            never_asked,
        )
    if _CANNOT_RUN.search(last.output):
        return _Reason(
            "check-cannot-run",
            "its health check cannot be executed",
            "Correct the check's command, or its permissions in the image.",
            never_asked,
        )
    return None


def _exceeded(case: Case, last: HealthCheck) -> _Reason | None:
    if not _EXCEEDED.search(last.output):
        return None
    limit = format_duration(case.container.health_timeout)
    return _Reason(
        "check-times-out",
        f"its health check does not finish within its timeout of {limit}",
        f'See what it is busy with: read_logs(["{case.container.name}"]); or raise the timeout.',
        ["a missing tool"],
    )


def _no_listener(case: Case, last: HealthCheck) -> _Reason | None:
    closed = _closed_port(case)
    return _refused(case, closed) if closed or _REFUSED.search(last.output) else None


def _unanswered(case: Case, last: HealthCheck) -> _Reason | None:
    name = case.container.name
    unknown = _UNKNOWN_NAME.search(last.output)
    if unknown:
        return _Reason(
            "check-unknown-name",
            f"its health check asks a host whose name cannot be resolved: {unknown['host']}",
            "A check runs inside the container: ask 127.0.0.1, or correct the name.",
            ["a missing tool", "the service itself (it was never asked)"],
        )
    status = _STATUS.search(last.output)
    if status:
        return _Reason(
            "check-gets-error",
            f"its health check is answered with HTTP {status['status'] or status['other']}",
            f'Look for the reason: read_logs(["{name}"], level="error").',
            ["a missing tool", "nothing listening"],
        )
    if _TIMEOUT.search(last.output):
        return _Reason(
            "check-times-out",
            "its health check connects, but gets no answer in time",
            f'See what it is busy with: read_logs(["{name}"]).',
            ["a missing tool", "nothing listening"],
        )
    return None


def _refused(case: Case, closed: str) -> _Reason:
    inside = case.scene.insides.get(case.container.id)
    listens = [f"it listens on: {describe_listeners(inside)}"] if inside else []
    return _Reason(
        "check-refused",
        f"nothing listens {f'on port {closed}, ' if closed else ''}where its health check connects",
        "Compare the check's address and port with what the service listens on; it may still "
        "be starting (start_period), or listen on another port.",
        ["a missing tool"],
        listens,
    )


def _closed_port(case: Case) -> str:
    """Return the port of the container itself that the check asks and nothing listens on."""
    inside = case.scene.insides.get(case.container.id)
    asked = _PORT.search(" ".join(case.container.health_test))
    if inside is None or asked is None or case.container.network_mode.startswith(SHARED):
        return ""
    is_open = any(listener.port == int(asked["port"]) for listener in inside.listeners)
    return "" if is_open else asked["port"]


def _by_hand(container: Container) -> str:
    kind, *words = container.health_test or ("",)
    text = " ".join(words)
    return command_text((f"sh -c '{text}'" if kind == "CMD-SHELL" else text,))


def _evidence(case: Case, health: Health, last: HealthCheck) -> list[str]:
    output = inline(redact_assignments(last.output.strip()), OUTPUT_CHARS) or "(none)"
    streak = plural(health.failing_streak, "time")
    return [
        f"State.Health.Status={health.status}, failed {streak} in a row",
        f"Config.Healthcheck.Test: {command_text(case.container.health_test)}",
        f"last check: exit {last.exit_code}, output: {output}",
    ]
