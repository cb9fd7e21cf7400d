"""The health of a database as text."""

from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_postgres.health.model import CheckResult, Health


def render_health(health: Health) -> str:
    """Write how many checks found something, then each with what it examined."""
    counts = [
        f"{sum(r.status == status for r in health.results)} {status}"
        for status in ("critical", "warning", "skipped", "ok")
    ]
    lines = [f"`{health.database}`: {plural(len(health.results), 'check')}: {', '.join(counts)}."]
    return "\n".join([*lines, *(_result(result) for result in health.results)])


def _result(result: CheckResult) -> str:
    lines = [f"{result.status.upper()} {result.check}: {inline(result.examined, 400)}."]
    for issue in result.issues:
        grave = "[critical] " if issue.critical and result.status == "critical" else ""
        lines.append(f"  - {grave}{inline(issue.title, 400)}")
        if issue.fix:
            lines.append(f"    Fix: {inline(issue.fix, 300)}.")
    if result.hidden_issues:
        lines.append(f"  … {plural(result.hidden_issues, 'more issue')} of this kind.")
    return "\n".join(lines)
