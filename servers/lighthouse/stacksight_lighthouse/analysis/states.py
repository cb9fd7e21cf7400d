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

_BY_MODE = {
    "manual": MANUAL,
    "notApplicable": NOT_APPLICABLE,
    "error": NOT_MEASURED,
    "informative": INFORMS,
}


def state_of(audit: Mapping[str, Any]) -> str:
    """Return one of the states above for a value of ``lhr["audits"]``."""
    mode, score = audit["scoreDisplayMode"], audit.get("score")
    if mode == "informative" and any(s > 0 for s in (audit.get("metricSavings") or {}).values()):
        return FAILS
    if mode in _BY_MODE:
        return _BY_MODE[mode]
    if score is None:
        return NOT_MEASURED
    return PASSES if score >= PASSING_SCORE else FAILS
