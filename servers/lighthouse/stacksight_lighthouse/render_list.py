"""The answer of list_audits as text. No I/O."""

from stacksight_core.layout import render_table
from stacksight_core.units import plural
from stacksight_lighthouse.analysis.metrics import format_metric
from stacksight_lighthouse.models import AuditEntry, AuditList

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
    lines += [f"{name}, oldest to newest: {series}" for name, series in audits.trend.items()]
    if audits.next_cursor:
        lines.append(f'More: list_audits(cursor="{audits.next_cursor}") with the same arguments')
    return "\n".join(lines)


def _row(entry: AuditEntry) -> list[object]:
    scores = ", ".join(f"{name} {score}" for name, score in entry.scores.items())
    metrics = ", ".join(
        f"{name} {format_metric(name, value)}" for name, value in entry.metrics.items()
    )
    name = entry.audit_id
    return [name, entry.made, entry.device, entry.runs, scores, metrics or None, entry.url]
