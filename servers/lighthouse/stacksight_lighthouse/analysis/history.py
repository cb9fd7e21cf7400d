"""Kept audits as a list, and how the scores of a page went."""

from collections.abc import Sequence

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.metrics import format_metric, values_of
from stacksight_lighthouse.analysis.scores import scores_of
from stacksight_lighthouse.models.audits import AuditEntry, AuditList, Device, StoredAudit, Trend

PAGE_SIZE = 20
MAX_TRENDS = 3
MAX_POINTS = 20
"""Of a trend, the newest."""


def entry_of(audit_id: str, audit: StoredAudit) -> AuditEntry:
    """Return what a list shows of an audit."""
    lhr = audit.lhr
    return AuditEntry(
        audit_id=audit_id,
        made=lhr["fetchTime"][:19].replace("T", " "),
        url=inline(lhr["finalDisplayedUrl"], 200),
        device=audit.device,
        runs=len(audit.runs),
        scores=scores_of(lhr),
        metrics={name: round(value, 3) for name, value in values_of(lhr).items()},
    )


def list_entries(entries: Sequence[AuditEntry], match: str | None, cursor: str | None) -> AuditList:
    """Return a page of the entries whose address is or holds ``match``, with their trends.

    Args:
        entries: newest first.
        match: a part of an address; None for all.
        cursor: from the page before.

    Raises:
        ToolFailure: the cursor is not one of this list.
    """
    exact = [entry for entry in entries if match in (entry.url, entry.audit_id)]
    found = exact or [entry for entry in entries if match is None or match in entry.url]
    scope = {"tool": "list_audits", "match": match}
    # The handle of the last one shown, since new audits come in at the front.
    last = decode_cursor(cursor, **scope) if cursor else None
    handles = [entry.audit_id for entry in found]
    start = handles.index(last) + 1 if last in handles else 0
    page = found[start : start + PAGE_SIZE]
    more = start + PAGE_SIZE < len(found)
    return AuditList(
        total=len(found),
        audits=page,
        trends=_trends(found),
        next_cursor=encode_cursor(page[-1].audit_id, **scope) if more else None,
    )


def _trends(entries: Sequence[AuditEntry]) -> list[Trend]:
    """Return the trends of the pages that were audited most often."""
    pages: dict[tuple[str, Device], list[AuditEntry]] = {}
    for entry in reversed(entries):
        pages.setdefault((entry.url, entry.device), []).append(entry)
    several = [page for page in pages.values() if len(page) > 1]
    several.sort(key=len, reverse=True)
    return [_trend(page) for page in several[:MAX_TRENDS]]


def _trend(entries: Sequence[AuditEntry]) -> Trend:
    shown = entries[-MAX_POINTS:]
    categories = dict.fromkeys(name for entry in shown for name in entry.scores)
    metrics = dict.fromkeys(name for entry in shown for name in entry.metrics)
    return Trend(
        url=shown[0].url,
        device=shown[0].device,
        audits=len(entries),
        first=shown[0].made,
        last=shown[-1].made,
        scores={
            name: scores
            for name in categories
            if len(scores := [e.scores[name] for e in shown if name in e.scores]) > 1
        },
        metrics={
            name: [format_metric(name, value) for value in values]
            for name in metrics
            if len(values := [e.metrics[name] for e in shown if name in e.metrics]) > 1
        },
    )
