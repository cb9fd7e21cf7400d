"""Kept audits as a list, and how the scores of a page went."""

from collections.abc import Sequence

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.metrics import values_of
from stacksight_lighthouse.analysis.scores import scores_of
from stacksight_lighthouse.models import AuditEntry, AuditList, StoredAudit

PAGE_SIZE = 20
MAX_TREND = 12


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
    """Return a page of the entries whose address holds ``match``, with their trend.

    Args:
        entries: newest first.
        match: a part of an address; None for all.
        cursor: from the page before.

    Raises:
        ToolFailure: the cursor is not one of this list.
    """
    found = [entry for entry in entries if match is None or match in entry.url]
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
        trend=_trend(found),
        next_cursor=encode_cursor(page[-1].audit_id, **scope) if more else None,
    )


def _trend(entries: Sequence[AuditEntry]) -> dict[str, str]:
    if len(entries) < 2 or len({(entry.url, entry.device) for entry in entries}) > 1:
        return {}
    series: dict[str, list[int]] = {}
    for entry in reversed(entries):
        for name, score in entry.scores.items():
            series.setdefault(name, []).append(score)
    return {
        name: " → ".join(str(score) for score in scores[-MAX_TREND:])
        for name, scores in series.items()
        if len(scores) > 1
    }
