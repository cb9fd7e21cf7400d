"""What an audit's outcome means. A missing score is not a zero, and no pass either."""

from collections.abc import Mapping
from typing import Any

FAILS = "fails"
PASSES = "passes"
INFORMS = "informs"
NOT_APPLICABLE = "does not apply"
MANUAL = "manual"
NOT_MEASURED = "not measured"

PASSING_SCORE = 0.9  # Lighthouse's own, in report/renderer/report-utils.js
MOST_ELEMENTS = 1400
"""Lighthouse failed larger documents until its insight came, which waits for a measured delay."""
LONG_TASK_MS = 200
"""A task of this length is felt, also where no metric counts it."""
UNATTRIBUTABLE = "Unattributable"  # Lighthouse's word for work of the browser itself

_BY_MODE = {
    "manual": MANUAL,
    "notApplicable": NOT_APPLICABLE,
    "error": NOT_MEASURED,
    "informative": INFORMS,
}


def state_of(audit: Mapping[str, Any]) -> str:
    """Return one of the states above for a value of ``lhr["audits"]``."""
    mode, score = audit["scoreDisplayMode"], audit.get("score")
    if mode not in ("error", "notApplicable") and _known_fault(audit):
        return FAILS
    if mode == "informative" and any(s > 0 for s in (audit.get("metricSavings") or {}).values()):
        return FAILS
    if mode in _BY_MODE:
        return _BY_MODE[mode]
    if score is None:
        return NOT_MEASURED
    return PASSES if score >= PASSING_SCORE else FAILS


def _known_fault(audit: Mapping[str, Any]) -> bool:
    """Tell of a fault that Lighthouse only informs of, or counts where it finds a delay."""
    details = audit.get("details") or {}
    items = details.get("items") or []
    if audit["scoreDisplayMode"] == "informative" and (details.get("debugData") or {}).get(
        "impact"
    ):
        return bool(items)  # of axe: broken rules, some of which need a second look
    check = audit.get("id")
    if check == "non-composited-animations":
        return bool(items)
    if check == "valid-source-maps":
        return any((item.get("subItems") or {}).get("items") for item in items)
    if check == "dom-size-insight":
        return float(audit.get("numericValue") or 0) > MOST_ELEMENTS
    if check == "long-tasks":
        return any(
            item["duration"] >= LONG_TASK_MS and item["url"] != UNATTRIBUTABLE for item in items
        )
    return False
