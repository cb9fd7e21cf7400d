"""Why a health check fails."""

import re

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.view import command_text
from stacksight_docker.diagnosis.model import Case, Finding
from stacksight_docker.facts import Health, HealthCheck

_TOOL_MISSING = re.compile(
    r"(?:sh: |exec: \"?)?(?P<tool>[\w./-]+)\"?: (?:not found|executable file not found"
    r"|command not found|stat \S+: no such file)"
    r"|exec: \"(?P<other>[^\"]+)\": .*(?:not found|no such file)"
)
_REFUSED = re.compile(r"connection refused|ECONNREFUSED|couldn't connect|failed to connect", re.I)
_TIMEOUT = re.compile(r"exceeded timeout|timed out|timeout", re.I)
_STATUS = re.compile(r"HTTP/[\d.]+ (?P<status>[45]\d\d)|returned error: (?P<other>[45]\d\d)")
NOT_FOUND = 127
OUTPUT_CHARS = 220


def find_failing_check(case: Case) -> Finding | None:
    """Explain a failing health check by its last output."""
    health = case.container.health
    if health is None or case.container.status != "running":
        return None
    if health.status != "unhealthy" and not (health.status == "starting" and health.failing_streak):
        return None
    last = health.checks[-1] if health.checks else HealthCheck(None, None, 1, "")
    kind, problem, step, ruled_out = _explain(case, last)
    return Finding(
        kind=kind,
        problem=problem,
        confidence="proved" if kind != "check-fails" else "likely",
        evidence=_evidence(case, health, last),
        next=step,
        ruled_out=ruled_out,
    )


def _explain(case: Case, last: HealthCheck) -> tuple[str, str, str, list[str]]:
    container = case.container
    missing = _TOOL_MISSING.search(last.output)
    if missing or last.exit_code == NOT_FOUND:
        tool = inline((missing["tool"] or missing["other"]) if missing else "its command", 60)
        return (
            "check-tool-missing",
            f"its health check cannot run: {tool} is not in the image",
            "Install the tool in the image, or check with something it has (wget, nc).",
            ["a fault of the service itself (it was never asked)"],
        )
    if _TIMEOUT.search(last.output) or last.exit_code == -1:
        limit = format_duration(container.health_timeout)
        return (
            "check-times-out",
            f"its health check does not finish within its timeout of {limit}",
            f'See what it is busy with: read_logs(["{container.name}"]); or raise the timeout.',
            ["a missing tool"],
        )
    if _REFUSED.search(last.output):
        return (
            "check-refused",
            "nothing listens where its health check connects",
            "Compare the check's address and port with what the service listens on; it may still "
            "be starting (start_period), or listen on another port.",
            ["a missing tool"],
        )
    status = _STATUS.search(last.output)
    if status:
        code = status["status"] or status["other"]
        return (
            "check-gets-error",
            f"its health check is answered with HTTP {code}",
            f'Look for the reason: read_logs(["{container.name}"], level="error").',
            ["a missing tool", "nothing listening"],
        )
    return (
        "check-fails",
        f"its health check fails with exit code {last.exit_code}",
        f'Run the check by hand, and see read_logs(["{container.name}"]).',
        ["a timeout"],
    )


def _evidence(case: Case, health: Health, last: HealthCheck) -> list[str]:
    output = inline(redact_assignments(last.output.strip()), OUTPUT_CHARS) or "(none)"
    streak = plural(health.failing_streak, "time")
    return [
        f"State.Health.Status={health.status}, failed {streak} in a row",
        f"Config.Healthcheck.Test: {command_text(case.container.health_test)}",
        f"last check: exit {last.exit_code}, output: {output}",
    ]
