"""How far up a finding stands: by what it costs those who use the page."""

import re
from collections.abc import Mapping
from typing import Any

from stacksight_lighthouse.models.audits import Finding, Pattern

Json = Mapping[str, Any]

# Points of its category's score; but a category of few checks has many for each of them.
_CATEGORY_WORTH = {"accessibility": 1.0, "performance": 1.0, "best-practices": 0.75, "seo": 0.5}
# What counts in no score stands where a counted one of its impact would, on an ordinary page.
_IMPACT_WORTH = {"critical": 9.0, "serious": 5.0, "moderate": 2.0, "minor": 0.5}
_IMPACTS = tuple(_IMPACT_WORTH)
# Points run out where a metric is good already; a second is a second for the one who waits.
_WORTH_OF_SECOND = {"FCP": 1.5, "LCP": 1.5, "TBT": 3.0}
_MOST_WORTH_OF_SAVINGS = 5.0
_WORTH_OF_MEGABYTE = 1.5
# These sum up or suffer from what other checks name.
_SYMPTOMS = {
    "long-tasks": 0.95,
    "bootup-time": 0.9,
    "mainthread-work-breakdown": 0.5,
    "network-dependency-tree-insight": 0.8,
}
# Of little use to whoever repairs a page, as long as there is anything else.
_LAST = ("document-latency-insight", "cache-insight", *_SYMPTOMS)
# What many pages lack. Their category gives them points, but nothing on the page looks or works
# otherwise for most visitors; an element or a file that is at fault goes before.
_HOUSEKEEPING = ("charset", "doctype", "landmark-one-main", "meta-description")
_HOUSEKEEPING_WORTH = 0.1
_ELEMENT_WORTH = 0.3
# Where Lighthouse has no figure for what is known to be felt.
_LEAST_WORTH = {"non-composited-animations": 1.0, "dom-size-insight": 1.0}
# A server for development often sends text as it is.
_MOST_WORTH = {("text-compression", "moderate"): 0.6, ("text-compression", "minor"): 0.2}
_ICON = re.compile(r"/favicon\.ico\b")  # which Chrome asks for itself


def rank_of(finding: Finding, savings: Mapping[str, float], wasted_bytes: float) -> tuple[Any, ...]:
    """Return a key to sort findings by, the worst first.

    Args:
        finding: the finding.
        savings: by metric, in milliseconds, for CLS its own unit.
        wasted_bytes: what need not have been transferred.
    """
    impact = _IMPACTS.index(finding.impact) if finding.impact in _IMPACTS else len(_IMPACTS)
    return (
        -_worth(finding, savings, wasted_bytes),
        finding.check in _LAST,
        impact,
        not savings,
        -finding.offenders,
    )


def about_icon(pattern: Pattern) -> bool:
    """Tell whether what is wrong is a missing icon, which the page does not even ask for."""
    return _ICON.search(pattern.example.model_dump_json()) is not None


def _worth(finding: Finding, savings: Mapping[str, float], wasted_bytes: float) -> float:
    if finding.check == "errors-in-console" and all(map(about_icon, finding.patterns)):
        return _HOUSEKEEPING_WORTH / 2
    if finding.check in _HOUSEKEEPING:
        return _HOUSEKEEPING_WORTH
    worth = finding.points * max(_CATEGORY_WORTH[name] for name in finding.categories)
    if not finding.counted:
        worth = _IMPACT_WORTH.get(finding.impact or "", 0.0)
    if "performance" in finding.categories:
        worth = max(worth, _worth_of_savings(savings, wasted_bytes))
    if finding.check not in _LAST and any(p.example.element for p in finding.patterns):
        worth = max(worth, _ELEMENT_WORTH)
    worth = max(worth, _LEAST_WORTH.get(finding.check, 0.0))
    worth = min(worth, _MOST_WORTH.get((finding.check, finding.impact or ""), worth))
    return worth * _SYMPTOMS.get(finding.check, 1.0)


def _worth_of_savings(savings: Mapping[str, float], wasted_bytes: float) -> float:
    seconds = [savings.get(name, 0.0) / 1000 * each for name, each in _WORTH_OF_SECOND.items()]
    megabytes = wasted_bytes / 1_000_000 * _WORTH_OF_MEGABYTE
    return min(max(*seconds, megabytes), _MOST_WORTH_OF_SAVINGS)
