"""The performance metrics, with what each of them is made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from stacksight_core.units import format_duration
from stacksight_lighthouse.analysis.items import items_of
from stacksight_lighthouse.analysis.points import METRIC_AUDITS, TIMESPAN_METRICS
from stacksight_lighthouse.models.audits import Item, Metric

Json = Mapping[str, Any]

GOOD, FAIR = 0.9, 0.5  # scores; Lighthouse's green and orange
UNITLESS = frozenset({"CLS"})

_OBSERVED = {
    "FCP unthrottled": "observedFirstContentfulPaint",
    "LCP unthrottled": "observedLargestContentfulPaint",
}
COMPARED = (*METRIC_AUDITS, "TTFB", *_OBSERVED)
"""The names of what ``timings_of`` returns for a page's load."""


def metrics_of(lhr: Json, runs: Sequence[Mapping[str, float]]) -> list[Metric]:
    """Return the metrics of an LHR that has the performance category.

    Args:
        lhr: of the run that stands for all.
        runs: the values of every run by metric, as ``values_of`` returns them.
    """
    if "performance" not in lhr["categories"]:
        return []
    return [_metric(lhr, name, audit_id, runs) for name, audit_id in _audits_of(lhr).items()]


def values_of(lhr: Json) -> dict[str, float]:
    """Return the values that one run measured, by metric; what it did not measure is left out."""
    return {
        name: float(value)
        for name, audit_id in _audits_of(lhr).items()
        if (value := lhr["audits"].get(audit_id, {}).get("numericValue")) is not None
    }


def timings_of(lhr: Json) -> dict[str, float]:
    """Return what two audits are compared by: ``values_of``, and what was seen without throttling.

    The simulation passes over much that a visitor waits for: timers, and a server that is slow with
    the page and quick with all else.
    """
    metrics = (lhr["audits"].get("metrics", {}).get("details") or {}).get("items") or [{}]
    answer = lhr["audits"].get("server-response-time", {}).get("numericValue")
    seen = {name: metrics[0].get(key) for name, key in _OBSERVED.items()} | {"TTFB": answer}
    navigated = lhr["gatherMode"] == "navigation"
    return values_of(lhr) | {
        name: float(value) for name, value in seen.items() if navigated and value is not None
    }


def format_metric(name: str, value: float) -> str:
    """Write a metric's value: ``1.1 s``, or ``0.158`` for CLS."""
    return f"{value:.3f}" if name in UNITLESS else format_duration(value / 1000)


def _audits_of(lhr: Json) -> Mapping[str, str]:
    """Return what is timed in the mode of a run: nothing in a snapshot."""
    return {"navigation": METRIC_AUDITS, "timespan": TIMESPAN_METRICS}.get(lhr["gatherMode"], {})


def _metric(lhr: Json, name: str, audit_id: str, runs: Sequence[Mapping[str, float]]) -> Metric:
    audit = lhr["audits"].get(audit_id, {})
    value = audit.get("numericValue")
    if value is None:
        return Metric(name=name, text="not measured")
    seen = [run[name] for run in runs if name in run]
    spread = None
    if len(seen) > 1:
        spread = f"{format_metric(name, min(seen))} to {format_metric(name, max(seen))}"
    return Metric(
        name=name,
        value=round(value, 4),
        text=format_metric(name, value),
        rating=_rating(audit.get("score")),
        spread=spread,
        detail=_DETAILS[name](lhr) if name in _DETAILS else None,
    )


def _rating(score: float | None) -> str | None:
    if score is None:
        return None
    return "good" if score >= GOOD else "needs improvement" if score >= FAIR else "poor"


def _largest_paint(lhr: Json) -> str | None:
    items = _items(lhr, "lcp-breakdown-insight")
    element = next((item.element.selector for item in items if item.element), None)
    phases = [item.facts for item in items if item.facts]
    text = ", ".join(f"{phase['subpart'].lower()} {phase['duration']}" for phase in phases)
    if not element:
        return None
    return f"`{element}`; observed without throttling: {text}" if text else f"`{element}`"


def _longest_task(lhr: Json) -> str | None:
    task = next(iter(_items(lhr, "long-tasks")), None)
    if task is None:
        return None
    return f"longest task {task.facts.get('duration', '?')} of {task.url or 'unknown origin'}"


def _items(lhr: Json, audit_id: str) -> list[Item]:
    audit = lhr["audits"].get(audit_id)
    return items_of(audit, lhr["finalDisplayedUrl"]) if audit else []


_DETAILS = {"LCP": _largest_paint, "TBT": _longest_task}
