"""The checks that fail, worst first, each with its offenders."""

from collections.abc import Mapping
from typing import Any

from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.fixes import fix_for
from stacksight_lighthouse.analysis.items import items_of
from stacksight_lighthouse.analysis.patterns import fold
from stacksight_lighthouse.analysis.points import points_lost, points_to_gain
from stacksight_lighthouse.analysis.states import FAILS, state_of
from stacksight_lighthouse.models import CATEGORIES, Category, Finding

Json = Mapping[str, Any]

# A cache helps only who comes back; Lighthouse counts it as if it helped this load.
_REPEAT_VISITS = "cache-insight"
# These sum up what other checks show in detail.
_SUMMARIES = frozenset({"mainthread-work-breakdown", "network-dependency-tree-insight"})
_IMPACTS = ("critical", "serious", "moderate", "minor")
ON_REPEAT_VISITS = "on repeat visits only"

# In a hidden group, but it has every shift; the insight on shifts is silent below its threshold.
_SHIFTS = "layout-shifts"
_SAME_AS_SHIFTS = "cls-culprits-insight"


def findings_of(lhr: Json) -> list[Finding]:
    """Return every failing check of an LHR, worst first, with all its patterns.

    The rank is what fixing it brings: points of its category's score, then axe's impact, then
    savings too small for a point, then the number of offenders.
    """
    found = [
        _finding(lhr, audit, categories)
        for audit_id, categories in checks_of(lhr).items()
        if state_of(audit := lhr["audits"][audit_id]) == FAILS
    ]
    return sorted(found, key=_rank)


def checks_of(lhr: Json) -> dict[str, list[Category]]:
    """Return the checks that were made, with the categories that each counts in.

    Metrics are no checks, nor are values that only Lighthouse's report uses.
    """
    checks: dict[str, list[Category]] = {}
    for name in CATEGORIES:
        for reference in (lhr["categories"].get(name) or {"auditRefs": []})["auditRefs"]:
            shown = reference.get("group") not in {"metrics", "hidden"}
            if reference["id"] == _SHIFTS or (shown and reference["id"] != _SAME_AS_SHIFTS):
                checks.setdefault(reference["id"], []).append(name)
    return checks


def _finding(lhr: Json, audit: Json, categories: list[Category]) -> Finding:
    items = items_of(audit, lhr["finalDisplayedUrl"])
    savings = {n: value for n, value in (audit.get("metricSavings") or {}).items() if value > 0}
    points = max(points_lost(lhr, category, audit["id"]) for category in categories)
    if "performance" in categories and audit["id"] != _REPEAT_VISITS:
        points = max(points, points_to_gain(lhr, savings))
    debug = (audit.get("details") or {}).get("debugData") or {}
    return Finding(
        check=audit["id"],
        title=inline(audit["title"], 150),
        categories=categories,
        points=round(points, 1),
        impact=debug.get("impact") if "accessibility" in categories else None,
        savings=_describe(savings) if audit["id"] != _REPEAT_VISITS else ON_REPEAT_VISITS,
        offenders=len(items),
        patterns=fold(items),
        fix=fix_for(audit["id"], audit["description"]),
    )


def _describe(savings: Mapping[str, float]) -> str | None:
    parts = [
        f"{name} -{value:.3g}" if name == "CLS" else f"{name} -{format_duration(value / 1000)}"
        for name, value in savings.items()
    ]
    return ", ".join(parts) or None


def _rank(finding: Finding) -> tuple[float, int, bool, bool, int]:
    impact = _IMPACTS.index(finding.impact) if finding.impact in _IMPACTS else len(_IMPACTS)
    no_saving = finding.savings in (None, ON_REPEAT_VISITS)
    return (
        -finding.points,
        impact,
        no_saving,
        finding.check in _SUMMARIES,
        -finding.offenders,
    )
