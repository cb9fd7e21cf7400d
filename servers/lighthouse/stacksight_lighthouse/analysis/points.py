"""What a failing audit costs: points of its category's score, from 0 to 100."""

import math
from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

# From the names in an audit's metricSavings to the audits that measure them.
METRIC_AUDITS = {
    "FCP": "first-contentful-paint",
    "LCP": "largest-contentful-paint",
    "TBT": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
    "SI": "speed-index",
}

# In a timespan nothing is loaded, but the page answers to what is done.
TIMESPAN_METRICS = {
    "INP": "interaction-to-next-paint",
    "TBT": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
}

_INVERSE_ERFC_ONE_FIFTH = 0.9061938024368232


def log_normal_score(value: float, *, p10: float, median: float) -> float:
    """Return a metric's score between 0 and 1, as Lighthouse computes it.

    A value of ``p10`` scores 0.9, one of ``median`` 0.5 (``getLogNormalScore`` in Lighthouse's
    shared/statistics.js).
    """
    if value <= 0:
        return 1.0
    scale = _INVERSE_ERFC_ONE_FIFTH / -math.log(p10 / median)
    return (1 - math.erf(math.log(value / median) * scale)) / 2


def points_lost(lhr: Json, category: str, audit_id: str) -> float:
    """Return how many points of a category's score an audit's failure takes away by its weight."""
    references = lhr["categories"][category]["auditRefs"]
    weights = {
        ref["id"]: ref["weight"]
        for ref in references
        if lhr["audits"][ref["id"]].get("score") is not None
    }
    total = sum(weights.values())
    if not total or audit_id not in weights:
        return 0.0
    score = float(lhr["audits"][audit_id]["score"])
    return float(100 * weights[audit_id] / total * (1 - score))


def points_to_gain(lhr: Json, savings: Mapping[str, float]) -> float:
    """Return how many points of performance the savings on metrics would bring.

    Args:
        lhr: Lighthouse's result, with the performance category.
        savings: by metric (``LCP``), in its unit: milliseconds, for CLS its own.
    """
    weights = {ref["id"]: ref["weight"] for ref in lhr["categories"]["performance"]["auditRefs"]}
    gained = 0.0
    for metric, saving in savings.items():
        audit_id = METRIC_AUDITS.get(metric, "")
        audit = lhr["audits"].get(audit_id, {})
        value, options = audit.get("numericValue"), audit.get("scoringOptions")
        if saving <= 0 or value is None or not options:
            continue
        now = log_normal_score(value, **options)
        then = log_normal_score(value - saving, **options)
        gained += weights[audit_id] * (then - now)
    return gained
