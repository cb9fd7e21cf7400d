"""The checks that fail, worst first, each with its offenders."""

from collections.abc import Mapping
from typing import Any

from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.fixes import fix_for
from stacksight_lighthouse.analysis.items import items_of
from stacksight_lighthouse.analysis.patterns import fold
from stacksight_lighthouse.analysis.points import points_lost, points_to_gain
from stacksight_lighthouse.analysis.ranking import about_icon, rank_of
from stacksight_lighthouse.analysis.savings import savings_of
from stacksight_lighthouse.analysis.states import FAILS, state_of
from stacksight_lighthouse.models.audits import CATEGORIES, Category, Finding

Json = Mapping[str, Any]

# A cache helps only who comes back; Lighthouse counts it as if it helped this load.
_REPEAT_VISITS = "cache-insight"
ON_REPEAT_VISITS = "on repeat visits only"

# In a hidden group, but it has every shift; the insight on shifts is silent below its threshold.
_SHIFTS = "layout-shifts"
_SAME_AS_SHIFTS = "cls-culprits-insight"


def findings_of(lhr: Json) -> list[Finding]:
    """Return every failing check of an LHR, worst first, with all its patterns.

    The rank is what fixing it brings: points of its category's score, or what its impact on people
    stands for where it counts in no score.
    """
    found = [
        _ranked(lhr, audit, categories)
        for audit_id, categories in checks_of(lhr).items()
        if state_of(audit := lhr["audits"][audit_id]) == FAILS
    ]
    return [finding for _, finding in sorted(found, key=lambda pair: pair[0])]


def checks_of(lhr: Json) -> dict[str, list[Category]]:
    """Return the checks that were made, with the categories that each counts in.

    Metrics are no checks, nor are values that only Lighthouse's report uses.
    """
    checks: dict[str, list[Category]] = {}
    for name in CATEGORIES:
        for reference in (lhr["categories"].get(name) or {"auditRefs": []})["auditRefs"]:
            group = reference.get("group")
            shown = group not in {"metrics", "hidden"} or (
                group == "hidden" and name == "accessibility"  # experimental rules of axe
            )
            if reference["id"] == _SHIFTS or (shown and reference["id"] != _SAME_AS_SHIFTS):
                checks.setdefault(reference["id"], []).append(name)
    return checks


def _ranked(lhr: Json, audit: Json, categories: list[Category]) -> tuple[tuple[Any, ...], Finding]:
    savings = savings_of(lhr, audit)
    repeated = audit["id"] == _REPEAT_VISITS
    points = max(points_lost(lhr, category, audit["id"]) for category in categories)
    if "performance" in categories and not repeated:
        points = max(points, points_to_gain(lhr, savings))
    details = audit.get("details") or {}
    impact = (details.get("debugData") or {}).get("impact")
    items = items_of(audit, lhr["finalDisplayedUrl"])
    finding = Finding(
        check=audit["id"],
        title=inline(audit["title"], 150),
        categories=categories,
        points=round(points, 1),
        impact=impact,
        counted=not impact or points > 0,
        savings=ON_REPEAT_VISITS if repeated else _describe(savings),
        offenders=len(items),
        patterns=sorted(fold(items), key=about_icon),
        fix=fix_for(audit["id"], audit["description"]),
    )
    wasted = 0.0 if repeated else float(details.get("overallSavingsBytes") or 0)
    return rank_of(finding, {} if repeated else savings, wasted), finding


def _describe(savings: Mapping[str, float]) -> str | None:
    parts = [
        f"{name} -{value:.3g}" if name == "CLS" else f"{name} -{format_duration(value / 1000)}"
        for name, value in savings.items()
    ]
    return ", ".join(parts) or None
