"""The checks that fail, worst first, each with its offenders."""

import re
from collections.abc import Mapping
from typing import Any

from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.fixes import fix_for
from stacksight_lighthouse.analysis.items import items_of
from stacksight_lighthouse.analysis.patterns import fold
from stacksight_lighthouse.analysis.points import points_lost, points_to_gain
from stacksight_lighthouse.analysis.savings import savings_of
from stacksight_lighthouse.analysis.states import FAILS, state_of
from stacksight_lighthouse.models import CATEGORIES, Category, Finding

Json = Mapping[str, Any]

# A cache helps only who comes back; Lighthouse counts it as if it helped this load.
_REPEAT_VISITS = "cache-insight"
ON_REPEAT_VISITS = "on repeat visits only"

# In a hidden group, but it has every shift; the insight on shifts is silent below its threshold.
_SHIFTS = "layout-shifts"
_SAME_AS_SHIFTS = "cls-culprits-insight"

# How far up a finding stands: its points, but a category of few checks has many for each of them.
_CATEGORY_WORTH = {"accessibility": 1.0, "performance": 1.0, "best-practices": 0.75, "seo": 0.5}
# What counts in no score stands where a counted one of its impact would, on an ordinary page.
_IMPACT_WORTH = {"critical": 9.0, "serious": 5.0, "moderate": 2.0, "minor": 0.5}
# These sum up or suffer from what other checks name.
_SYMPTOMS = {
    "long-tasks": 0.95,
    "bootup-time": 0.9,
    "mainthread-work-breakdown": 0.5,
    "network-dependency-tree-insight": 0.8,
}
_IMPACTS = ("critical", "serious", "moderate", "minor")
# Of little use to whoever repairs a page, as long as there is anything else.
_LAST = ("document-latency-insight", "cache-insight", *_SYMPTOMS)
# Lines of the document's head that many pages lack. Their category gives them points, but nothing
# on the page looks or works otherwise for them; an element that is at fault goes before.
_HOUSEKEEPING = ("charset", "doctype", "meta-description")
_HOUSEKEEPING_WORTH = 0.1
_ELEMENT_WORTH = 0.3
_ICON = re.compile(r"/favicon\.ico\b")  # which Chrome asks for itself


def findings_of(lhr: Json) -> list[Finding]:
    """Return every failing check of an LHR, worst first, with all its patterns.

    The rank is what fixing it brings: points of its category's score, or what its impact on people
    stands for where it counts in no score.
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
            group = reference.get("group")
            shown = group not in {"metrics", "hidden"} or (
                group == "hidden" and name == "accessibility"  # experimental rules of axe
            )
            if reference["id"] == _SHIFTS or (shown and reference["id"] != _SAME_AS_SHIFTS):
                checks.setdefault(reference["id"], []).append(name)
    return checks


def _finding(lhr: Json, audit: Json, categories: list[Category]) -> Finding:
    items = items_of(audit, lhr["finalDisplayedUrl"])
    savings = savings_of(lhr, audit)
    points = max(points_lost(lhr, category, audit["id"]) for category in categories)
    if "performance" in categories and audit["id"] != _REPEAT_VISITS:
        points = max(points, points_to_gain(lhr, savings))
    debug = (audit.get("details") or {}).get("debugData") or {}
    impact = debug.get("impact")
    return Finding(
        check=audit["id"],
        title=inline(audit["title"], 150),
        categories=categories,
        points=round(points, 1),
        impact=impact,
        counted=not impact or points > 0,
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


def _rank(finding: Finding) -> tuple[float, bool, int, bool, int]:
    worth = finding.points * max(_CATEGORY_WORTH[name] for name in finding.categories)
    if not finding.counted:
        worth = _IMPACT_WORTH.get(finding.impact or "", 0.0)
    if _only_the_icon(finding):
        worth = _HOUSEKEEPING_WORTH / 2
    elif finding.check in _HOUSEKEEPING:
        worth = _HOUSEKEEPING_WORTH
    elif finding.check not in _LAST and any(p.example.element for p in finding.patterns):
        worth = max(worth, _ELEMENT_WORTH)
    worth *= _SYMPTOMS.get(finding.check, 1.0)
    impact = _IMPACTS.index(finding.impact) if finding.impact in _IMPACTS else len(_IMPACTS)
    no_saving = finding.savings in (None, ON_REPEAT_VISITS)
    return (-worth, finding.check in _LAST, impact, no_saving, -finding.offenders)


def _only_the_icon(finding: Finding) -> bool:
    """Tell whether all that is wrong is a missing icon, which the page does not even ask for."""
    return finding.check == "errors-in-console" and all(
        _ICON.search(pattern.example.model_dump_json()) for pattern in finding.patterns
    )
