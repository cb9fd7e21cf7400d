"""The answer of list_audits as text. No I/O."""

from stacksight_core.layout import render_table
from stacksight_core.units import plural
from stacksight_lighthouse.analysis.metrics import format_metric
from stacksight_lighthouse.models.audits import AuditEntry, AuditList, Trend

MAX_SHOWN = 12
NONE_KEPT = "No audit is kept that matches. run_audit(url) makes one."


def render_list(audits: AuditList) -> str:
    """Write the audits as a table, then how the scores of the page went."""
    if not audits.audits:
        return NONE_KEPT
    columns = ["audit", "made (UTC)", "device", "runs", "scores", "metrics", "page"]
    lines = [
        f"{plural(audits.total, 'audit')}, newest first:",
        render_table(columns, map(_row, audits.audits)),
    ]
    lines += [line for trend in audits.trends for line in _trend(trend)]
    newest = audits.audits[0].audit_id
    lines.append(
        f"A report to open in a browser: resource lighthouse://audits/{newest}/report.html"
    )
    if audits.next_cursor:
        lines.append(f'More: list_audits(cursor="{audits.next_cursor}") with the same arguments')
    return "\n".join(lines)


def _trend(trend: Trend) -> list[str]:
    """Write how each figure of a page went; what never changed is said once."""
    lines = [
        f"Trend of {trend.url} ({trend.device}), {trend.audits} audits, {trend.first} to "
        f"{trend.last} UTC:"
    ]
    for name, scores in trend.scores.items():
        lines.append(f"  {name}: {_series([str(score) for score in scores])}")
    for name, values in trend.metrics.items():
        lines.append(f"  {name}: {_series(values)}")
    return lines


def _series(values: list[str]) -> str:
    if len(set(values)) == 1:
        return f"{values[0]} in all {len(values)}"
    return " → ".join(values[-MAX_SHOWN:])


def _row(entry: AuditEntry) -> list[object]:
    scores = ", ".join(f"{name} {score}" for name, score in entry.scores.items())
    metrics = ", ".join(
        f"{name} {format_metric(name, value)}" for name, value in entry.metrics.items()
    )
    name = entry.audit_id
    return [name, entry.made, entry.device, entry.runs, scores, metrics or None, entry.url]
