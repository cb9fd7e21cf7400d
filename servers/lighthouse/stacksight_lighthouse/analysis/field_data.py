"""Reads a record of the Chrome UX Report API.

Names, units and thresholds are those of developer.chrome.com/docs/crux/api and web.dev/vitals.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.metrics import format_metric
from stacksight_lighthouse.models.field_data import FieldData, FieldMetric, Scope

Json = Mapping[str, Any]

# The API's name, ours, and the p75 up to which a metric is good and above which it is poor.
_METRICS = (
    ("largest_contentful_paint", "LCP", 2500, 4000),
    ("interaction_to_next_paint", "INP", 200, 500),
    ("cumulative_layout_shift", "CLS", 0.1, 0.25),
    ("first_contentful_paint", "FCP", 1800, 3000),
    ("experimental_time_to_first_byte", "TTFB", 800, 1800),
    ("round_trip_time", "RTT", 75, 275),
)
_CORE = ("LCP", "INP", "CLS")
_BINS = 3
_SHARES = {"form_factors": "devices", "navigation_types": "ways of arriving"}


def read_record(response: Json, asked: str, form_factor: str, notes: Sequence[str]) -> FieldData:
    """Return what a record says.

    Args:
        response: the API's answer, decoded.
        asked: the address that was asked for.
        form_factor: in our words.
        notes: what else the reader has to know.
    """
    record = response.get("record") or {}
    key = record.get("key") or {}
    found = key.get("url") or key.get("origin")
    scope: Scope = "page" if "url" in key else "origin"
    known = record.get("metrics") or {}
    metrics = [
        metric
        for name, ours, good, poor in _METRICS
        if (metric := _metric(known.get(name), ours, good, poor))
    ]
    return FieldData(
        asked=inline(asked, 300),
        found=inline(str(found), 300) if found else None,
        scope=scope if found else None,
        form_factor=form_factor,
        period=_period(record.get("collectionPeriod")),
        passes=_passes(metrics),
        metrics=metrics,
        shares={
            words: text
            for name, words in _SHARES.items()
            if (text := _fractions((known.get(name) or {}).get("fractions")))
        },
        notes=list(notes),
    )


def _metric(data: Any, name: str, good: float, poor: float) -> FieldMetric | None:
    p75 = _number(((data or {}).get("percentiles") or {}).get("p75"))
    if p75 is None:
        return None
    bins = [_number(part.get("density")) for part in (data.get("histogram") or [])]
    shares = [None if share is None else round(100 * share, 1) for share in bins]
    complete = len(shares) == _BINS  # a bin without visits has no density
    return FieldMetric(
        name=name,
        p75=format_metric(name, p75),
        rating="good" if p75 <= good else "poor" if p75 > poor else "needs improvement",
        good=(shares[0] or 0.0) if complete else None,
        fair=(shares[1] or 0.0) if complete else None,
        poor=(shares[2] or 0.0) if complete else None,
    )


def _number(value: Any) -> float | None:
    """Return a number; the API writes CLS as a string."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _passes(metrics: Sequence[FieldMetric]) -> bool | None:
    """Tell whether the Core Web Vitals pass; INP may be missing, as Google has it."""
    ratings = {metric.name: metric.rating for metric in metrics}
    if "LCP" not in ratings or "CLS" not in ratings:
        return None
    return all(ratings[name] == "good" for name in _CORE if name in ratings)


def _period(period: Any) -> str | None:
    if not period:
        return None
    first, last = (
        "{year:04}-{month:02}-{day:02}".format(**period[end]) for end in ("firstDate", "lastDate")
    )
    return f"{first} to {last}"


def _fractions(fractions: Any) -> str:
    parts = sorted((fractions or {}).items(), key=lambda part: -part[1])
    return ", ".join(f"{inline(name, 40)} {100 * share:.0f} %" for name, share in parts if share)
