"""What a fix would save on each metric, where Lighthouse has no estimate of its own."""

from collections.abc import Mapping
from typing import Any

from stacksight_lighthouse.analysis.points import METRIC_AUDITS
from stacksight_lighthouse.analysis.states import UNATTRIBUTABLE

Json = Mapping[str, Any]

SHORT_TASK_MS = 50.0
"""What a task may take without counting as long."""


def savings_of(lhr: Json, audit: Json) -> dict[str, float]:
    """Return the savings by metric (``LCP``): milliseconds, for CLS its own unit.

    They are Lighthouse's own, and for two checks more: long tasks that delay the first paint, which
    TBT does not count since it begins there, and reflows, of which only the time is known.
    """
    savings = {name: float(v) for name, v in (audit.get("metricSavings") or {}).items() if v > 0}
    more = _MORE.get(audit["id"])
    for name, value in (more(lhr, audit) if more else {}).items():
        savings[name] = max(savings.get(name, 0.0), value)
    return {name: value for name, value in savings.items() if value >= _LEAST.get(name, 1.0)}


_LEAST = {"CLS": 0.0001}


def _before_paint(lhr: Json, audit: Json) -> dict[str, float]:
    paint = _metric(lhr, "FCP")
    late = sum(
        item["duration"] - SHORT_TASK_MS
        for item in (audit.get("details") or {}).get("items", [])
        if item["startTime"] < paint and item["url"] != UNATTRIBUTABLE
    )
    if late <= 0:
        return {}
    return {name: min(late, _metric(lhr, name)) for name in ("FCP", "LCP")}


def _reflows(lhr: Json, audit: Json) -> dict[str, float]:
    tables = [t for t in (audit.get("details") or {}).get("items", []) if t.get("type") == "table"]
    if not tables:
        return {}
    key = "reflowTime"
    measured = max(sum(float(row.get(key) or 0) for row in table["items"]) for table in tables)
    throttling = lhr["configSettings"]["throttling"]["cpuSlowdownMultiplier"]
    return {"TBT": min(measured * throttling, _metric(lhr, "TBT"))}


def _metric(lhr: Json, name: str) -> float:
    return float(lhr["audits"].get(METRIC_AUDITS[name], {}).get("numericValue") or 0)


_MORE = {"long-tasks": _before_paint, "forced-reflow-insight": _reflows}
