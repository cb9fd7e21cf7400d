"""The answer of check_budget as text. No I/O."""

from stacksight_core.layout import render_table
from stacksight_core.units import plural
from stacksight_lighthouse.models.budget import BudgetLine, BudgetReport

MAX_WITHIN = 12


def render_budget(report: BudgetReport) -> str:
    """Write the verdict, then what is over or not measured, then what is kept."""
    bad = [line for line in report.lines if line.outcome != "within"]
    good = [line for line in report.lines if line.outcome == "within"]
    lines = [
        _verdict(report, bad),
        f"{report.audit_id}: {report.url} ({report.device}, {plural(report.runs, 'run')})",
        *(f"Note: {note}" for note in report.notes),
    ]
    if bad:
        columns = ["outcome", "level", "what", "limit", "actual", "runs", "counted"]
        lines.append(render_table(columns, map(_row, bad)))
    if good:
        lines.append(_kept(good))
    over = [line for line in bad if line.outcome == "over"]
    if over:
        topic = over[0].what.split(":")[0]
        topic = {"categories": "", "resource-summary": "requests"}.get(topic, topic)
        named = f', topic="{topic}"' if topic else ""
        lines.append(f'What is behind it: inspect_audit(audit_id="{report.audit_id}"{named})')
    return "\n".join(lines)


def _kept(good: list[BudgetLine]) -> str:
    """Write what is kept, figures before scores, which presets have by the hundred."""
    ordered = sorted(good, key=lambda line: line.limit.startswith("at least"))
    shown = [
        f"{line.what} {line.actual} ({line.limit}{f'; {line.method}' if line.method else ''})"
        for line in ordered[:MAX_WITHIN]
    ]
    left = len(good) - len(shown)
    return f"Kept: {', '.join(shown)}" + (f", and {left} more" if left else "")


def _verdict(report: BudgetReport, bad: list[BudgetLine]) -> str:
    over = sum(1 for line in bad if line.outcome == "over" and line.level == "error")
    missing = sum(1 for line in bad if line.outcome == "not measured" and line.level == "error")
    warned = sum(1 for line in bad if line.level == "warn")
    total = plural(len(report.lines), "limit")
    parts = [f"{over} over"] if over else []
    parts += [f"{missing} not measured, which is no pass"] if missing else []
    parts += [plural(warned, "warning")] if warned else []
    said = ", ".join(parts) or "all are kept"
    return f"The budget is {'kept' if report.passed else 'NOT kept'}: of {total} {said}."


def _row(line: BudgetLine) -> list[object]:
    return [
        line.outcome,
        line.level,
        line.what,
        line.limit,
        line.actual,
        line.runs,
        line.method,
    ]
