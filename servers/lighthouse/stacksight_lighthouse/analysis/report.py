"""From the results of an audit's runs to the answer of run_audit."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.findings import checks_of, findings_of
from stacksight_lighthouse.analysis.metrics import metrics_of
from stacksight_lighthouse.analysis.scores import scores_of
from stacksight_lighthouse.analysis.states import MANUAL, NOT_APPLICABLE, PASSES, state_of
from stacksight_lighthouse.models.audits import AuditReport, Finding, Item, StoredAudit

Json = Mapping[str, Any]

FULL_FINDINGS = 4
FIRST_FINDINGS = 2  # in full, however little they bring
SHORT_FINDINGS = 14
LEAST_POINTS = 0.5  # a finding that brings less is shown in brief
PATTERNS_SHOWN = 3
CONTAMINATED_BELOW = 0.7
"""A run on a machine slower than this part of its best is not to be trusted."""


def representative_run(results: Sequence[Json]) -> Json:
    """Return the run that stands for all: the nearest to the medians of FCP and TTI.

    This is Lighthouse's computeMedianRun (core/lib/median-run.js); without both metrics in every
    run, as in an audit of accessibility alone, it is the first.
    """
    points = [_paint_and_interactive(lhr) for lhr in results]
    complete = [point for point in points if point is not None]
    if len(complete) < len(results):
        return results[0]
    middle = (len(complete) - 1) // 2
    fcp, tti = (sorted(values)[middle] for values in zip(*complete, strict=True))
    distances = [math.hypot(point[0] - fcp, point[1] - tti) for point in complete]
    return results[distances.index(min(distances))]


def _paint_and_interactive(lhr: Json) -> tuple[float, float] | None:
    values = [
        lhr["audits"].get(audit_id, {}).get("numericValue")
        for audit_id in ("first-contentful-paint", "interactive")
    ]
    return None if None in values else (float(values[0]), float(values[1]))


def summarize(audit_id: str, audit: StoredAudit) -> AuditReport:
    """Return the answer about an audit: bounded, worst first."""
    lhr = audit.lhr
    findings = findings_of(lhr)
    sure = FULL_FINDINGS if len(findings) <= FULL_FINDINGS else FIRST_FINDINGS
    shown = [
        _bounded(finding, full=rank < FULL_FINDINGS and (rank < sure or _matters(finding)))
        for rank, finding in enumerate(findings[:SHORT_FINDINGS])
    ]
    states = Counter(state_of(lhr["audits"][check]) for check in checks_of(lhr))
    scores = scores_of(lhr)
    index = lhr["environment"]["benchmarkIndex"]
    final = lhr["finalDisplayedUrl"]
    return AuditReport(
        audit_id=audit_id,
        url=inline(final, 300),
        requested_url=inline(audit.requested_url, 300) if audit.requested_url != final else None,
        device=audit.device,
        conditions=conditions(lhr),
        scores=scores,
        metrics=metrics_of(lhr, audit.runs),
        runs=len(audit.runs),
        benchmark_index=round(index) or None,
        findings=shown,
        other_failures=[finding.check for finding in findings[SHORT_FINDINGS:]],
        passed=states[PASSES],
        not_applicable=states[NOT_APPLICABLE],
        manual=states[MANUAL],
        not_measured=not_measured(lhr),
        notes=[*audit.notes, *_warnings(lhr), *_contamination(index, audit.best_index, lhr)],
    )


def conditions(lhr: Json) -> str:
    """Return the mode, the device and the throttling of a run, in words."""
    settings = lhr["configSettings"]
    screen, throttling = settings["screenEmulation"], settings["throttling"]
    device = f"{settings['formFactor']} {screen['width']}x{screen['height']}"
    if lhr["gatherMode"] == "snapshot":
        return f"{device}; a snapshot of the page as it is after the steps, without its load"
    if lhr["gatherMode"] == "timespan":
        cpu = f"CPU {throttling['cpuSlowdownMultiplier']}x slower"
        return f"{device}; what happens during the steps, with {cpu}"
    network = (
        f"{throttling['rttMs']} ms round trips, {throttling['throughputKbps'] / 1024:.3g} Mbit/s"
    )
    return (
        f"{device}; simulated network with {network}, "
        f"CPU {throttling['cpuSlowdownMultiplier']}x slower"
    )


def not_measured(lhr: Json) -> list[str]:
    """Return what gave no result, with the reason."""
    categories = [
        f"category {name}: no score"
        for name, category in lhr["categories"].items()
        if category["score"] is None
    ]
    checks = [
        f"{audit_id}: {inline(audit.get('errorMessage') or 'no reason given', 160)}"
        for audit_id, audit in lhr["audits"].items()
        if audit["scoreDisplayMode"] == "error"
    ]
    return categories + checks


def _warnings(lhr: Json) -> list[str]:
    return [f"Lighthouse warns: {inline(str(warning), 300)}" for warning in lhr["runWarnings"]]


def _contamination(index: float, best: float | None, lhr: Json) -> list[str]:
    if "performance" not in lhr["categories"] or not best or index >= CONTAMINATED_BELOW * best:
        return []
    return [
        f"The machine was busy: {index / best:.0%} of its best speed, so the performance figures "
        "are worse than the page. Audit again when it is idle."
    ]


def busy_runs(results: Sequence[Json], best: float | None) -> list[str]:
    """Return a note on the runs that met a busy machine, when there are several runs.

    Args:
        results: an LHR per run.
        best: the best benchmarkIndex of this machine, None when no timings were taken.
    """
    if best is None or len(results) < 2:
        return []
    indexes = [lhr["environment"]["benchmarkIndex"] for lhr in results]
    busy = sum(1 for index in indexes if index < CONTAMINATED_BELOW * best)
    if not busy:
        return []
    return [
        f"In {busy} of {len(results)} runs the machine was below {CONTAMINATED_BELOW:.0%} of its "
        "best speed; some of the spread is the machine's."
    ]


def _matters(finding: Finding) -> bool:
    return finding.points >= LEAST_POINTS or not finding.counted


def _bounded(finding: Finding, *, full: bool) -> Finding:
    """Keep three patterns in full for the worst findings, the place alone for the others."""
    shown = PATTERNS_SHOWN if full else 1
    patterns = finding.patterns[:shown]
    left = len(finding.patterns) - len(patterns)
    if full:
        return finding.model_copy(update={"patterns": patterns, "patterns_left": left})
    brief = [p.model_copy(update={"example": Item(facts=p.example.facts)}) for p in patterns]
    return finding.model_copy(update={"patterns": brief, "patterns_left": left, "fix": None})
