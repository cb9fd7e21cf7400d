"""Compares two audits: metrics by their runs, everything else as new, fixed and unchanged."""

import bisect
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.findings import findings_of
from stacksight_lighthouse.analysis.metrics import COMPARED, UNITLESS, format_metric
from stacksight_lighthouse.analysis.ranks import mann_whitney_p, shift
from stacksight_lighthouse.models.audits import (
    Comparison,
    MetricChange,
    PatternChange,
    StoredAudit,
    Verdict,
)

Json = Mapping[str, Any]

ALPHA = 0.004
"""For one figure. Six runs against six reach 0.0022 or else 0.0043, so that eight figures in a look
at six runs and another at all call runs of one page different in less than 5 % of comparisons
(Bonferroni: 8 * (0.0022 + 0.004))."""
LEAST_RUNS = 6
"""Five against five cannot reach a p below 0.0079."""
DOUBT = 0.25
"""A p below this, of a change that somebody would notice, is worth more runs."""
MAX_CHANGES = 15

# What a visitor would not notice is no change, however certain: in milliseconds, CLS in its unit.
_FLOOR_MS, _FLOOR_CLS = 50.0, 0.01
_RELATIVE_FLOOR = 0.03
_ABSOLUTE = frozenset({"TBT", "CLS"})

ERROR_DEVICES = (
    "`{before}` is an audit for {device} and `{after}` one for {other}: their figures cannot be "
    "compared. Audit both for the same device."
)
NOTE_FEW_RUNS = (
    "{fewest} of at least 6 runs: too few to tell a difference of the metrics from chance, so they "
    "are not judged. Compare two addresses, or two audits made with runs=6 or more."
)
NOTE_NOT_INTERLEAVED = (
    "The two audits were made one after the other, so a change of the machine's load in between "
    "counts as one of the page. Two addresses are compared with their runs in turns."
)


def compare(
    before: tuple[str, StoredAudit], after: tuple[str, StoredAudit], *, interleaved: bool
) -> Comparison:
    """Return how the second audit differs from the first.

    Args:
        before: handle and audit.
        after: handle and audit.
        interleaved: whether the runs of both were made in turns.

    Raises:
        ToolFailure: the audits are not of the same device.
    """
    (before_id, old), (after_id, new) = before, after
    if old.device != new.device:
        raise ToolFailure(
            ERROR_DEVICES.format(
                before=before_id, after=after_id, device=old.device, other=new.device
            )
        )
    runs = (len(old.runs), len(new.runs))
    timed = all("performance" in audit.lhr["categories"] for audit in (old, new))
    judged = timed and min(runs) >= LEAST_RUNS
    metrics = _metric_changes(old.runs, new.runs) if judged else []
    notes = [*dict.fromkeys([*old.notes, *new.notes])]
    if timed and not judged:
        notes.append(NOTE_FEW_RUNS.format(fewest=min(runs)))
    if judged and not interleaved:
        notes.append(NOTE_NOT_INTERLEAVED)
    counts = _counts(old.lhr), _counts(new.lhr)
    changes = [
        PatternChange(check=check, where=where, before=was, after=now)
        for check, where in dict.fromkeys([*counts[0], *counts[1]])
        if (was := counts[0].get((check, where), 0)) != (now := counts[1].get((check, where), 0))
    ]
    return Comparison(
        before=before_id,
        after=after_id,
        before_url=inline(old.lhr["finalDisplayedUrl"], 200),
        after_url=inline(new.lhr["finalDisplayedUrl"], 200),
        device=old.device,
        runs=runs,
        verdict=_overall(metrics) if judged else None,
        scores=_scores(old.lhr, new.lhr),
        metrics=metrics,
        new=[change for change in changes if not change.before][:MAX_CHANGES],
        fixed=[change for change in changes if not change.after][:MAX_CHANGES],
        changed=[change for change in changes if change.before and change.after][:MAX_CHANGES],
        unchanged=sum(1 for key, count in counts[0].items() if counts[1].get(key) == count),
        not_compared=_not_compared(old.lhr, new.lhr),
        notes=notes,
    )


def is_settled(before: Sequence[Mapping[str, float]], after: Sequence[Mapping[str, float]]) -> bool:
    """Tell whether more runs of two pages would be idle: a change is certain, or none is in sight.

    Args:
        before: what ``timings_of`` returns for every run of the first page.
        after: likewise of the second one.
    """
    changes = _metric_changes(before, after)
    return _overall(changes) != "not distinguishable" or not any(
        change.p <= DOUBT and change.noticeable for change in changes
    )


def _metric_changes(
    before: Sequence[Mapping[str, float]], after: Sequence[Mapping[str, float]]
) -> list[MetricChange]:
    changes = []
    for name in COMPARED:
        old = [run[name] for run in before if name in run]
        new = [run[name] for run in after if name in run]
        if min(len(old), len(new)) >= LEAST_RUNS:
            changes.append(_metric_change(name, old, new))
    return changes


def _metric_change(name: str, old: Sequence[float], new: Sequence[float]) -> MetricChange:
    floor = _FLOOR_CLS if name in UNITLESS else _FLOOR_MS
    if name not in _ABSOLUTE:
        floor = max(floor, _RELATIVE_FLOOR * statistics.median(old))
    difference, p = shift(old, new), mann_whitney_p(old, new)
    noticeable = abs(difference) >= floor
    verdict: Verdict = "not distinguishable"
    if p <= ALPHA and noticeable:
        verdict = "worse" if difference > 0 else "better"
    detectable = None
    if verdict == "not distinguishable":
        alike = [value - difference for value in new]
        detectable = format_metric(name, max(floor, _least_detectable(old, alike)))
    return MetricChange(
        name=name,
        before=format_metric(name, statistics.median(old)),
        after=format_metric(name, statistics.median(new)),
        shift=("-" if difference < 0 else "+") + format_metric(name, abs(difference)),
        p=round(p, 4),
        verdict=verdict,
        detectable=detectable,
        noticeable=noticeable,
    )


def _least_detectable(old: Sequence[float], alike: Sequence[float]) -> float:
    """Return how much slower runs as noisy as these would have to be for the test to tell it."""
    steps = sorted(a - b for a in old for b in alike)
    place = bisect.bisect_left(
        range(len(steps)),
        True,
        key=lambda n: mann_whitney_p(old, [value + steps[n] + 1e-6 for value in alike]) <= ALPHA,
    )
    return steps[min(place, len(steps) - 1)]


def _overall(metrics: Sequence[MetricChange]) -> Verdict:
    verdicts = {metric.verdict for metric in metrics}
    if "worse" in verdicts:
        return "worse"
    return "better" if "better" in verdicts else "not distinguishable"


def _counts(lhr: Json) -> dict[tuple[str, str], int]:
    """Count the offenders of the checks that give the same every time, by their pattern."""
    counts: dict[tuple[str, str], int] = {}
    for finding in findings_of(lhr):
        if finding.categories == ["performance"]:
            continue
        for pattern in finding.patterns:
            key = (finding.check, pattern.where or "the page")
            counts[key] = counts.get(key, 0) + pattern.count
        if not finding.patterns:
            counts[finding.check, "the page"] = 1
    return counts


def _scores(before: Json, after: Json) -> dict[str, str]:
    scores = {}
    for name, category in before["categories"].items():
        other = after["categories"].get(name)
        if other and None not in (category["score"], other["score"]):
            scores[name] = f"{round(100 * category['score'])} → {round(100 * other['score'])}"
    return scores


def _not_compared(before: Json, after: Json) -> list[str]:
    names = dict.fromkeys([*before["categories"], *after["categories"]])
    compared = _scores(before, after)
    return [
        f"category {name}: no score in one of the two" for name in names if name not in compared
    ]
