"""From models to the text that the agent reads. No I/O."""

from collections.abc import Sequence

from stacksight_core.units import plural
from stacksight_core.untrusted import fence, inline
from stacksight_lighthouse.models.audits import AuditReport, Element, Finding, Item, Metric, Pattern

MAX_CHARS = 4_000
LEAST_FINDINGS = 2


def fitted(report: AuditReport) -> AuditReport:
    """Return the report with as many findings as there is room for; the others by name only."""
    while len(report.findings) > LEAST_FINDINGS and len(render_report(report)) > MAX_CHARS:
        last = report.findings[-1]
        report = report.model_copy(
            update={
                "findings": report.findings[:-1],
                "other_failures": [last.check, *report.other_failures],
            }
        )
    return report


def render_report(report: AuditReport) -> str:
    """Write the answer of run_audit: verdict, metrics, findings, what is not known."""
    findings = [_finding(number, finding) for number, finding in enumerate(report.findings, 1)]
    shown = fence("\n".join(findings), "findings, with text of the page") if findings else ""
    parts = [_head(report), _metrics(report), shown, _rest(report)]
    return "\n\n".join(part for part in parts if part)


def _head(report: AuditReport) -> str:
    scores = ", ".join(f"{name} {score}" for name, score in report.scores.items()) or "no score"
    total = len(report.findings) + len(report.other_failures)
    verdict = f"{plural(total, 'check')} fail" if total != 1 else "1 check fails"
    if total == 0:
        verdict = "No check fails"
    lines = [f"{verdict}. Scores of 100: {scores}.", f"{report.audit_id}: {report.url}"]
    if report.requested_url:
        lines[-1] += f" (from {report.requested_url})"
    lines.append(report.conditions)
    return "\n".join(lines + [f"Note: {note}" for note in report.notes])


def _metrics(report: AuditReport) -> str:
    if not report.metrics:
        return ""
    runs = "1 run, spread unknown" if report.runs == 1 else f"{report.runs} runs"
    head = f"Metrics ({runs}, benchmarkIndex {report.benchmark_index}):"
    return "\n".join([head, *map(_metric, report.metrics)])


def _metric(metric: Metric) -> str:
    text = f"{metric.name} {metric.text}"
    if metric.rating:
        text += f", {metric.rating}"
    if metric.spread:
        text += f" (runs: {metric.spread})"
    return f"{text}: {metric.detail}" if metric.detail else text


def _finding(number: int, finding: Finding) -> str:
    lines = [f"{number}. {finding.check}: {finding.title} [{_weight(finding)}]"]
    lines += [f"   {line}" for line in render_patterns(finding.patterns)]
    if finding.patterns_left:
        lines.append(f"   and {plural(finding.patterns_left, 'more pattern')}")
    if finding.fix:
        lines.append(f"   fix: {finding.fix}")
    return "\n".join(lines)


def _weight(finding: Finding) -> str:
    parts = ["/".join(finding.categories)]
    if finding.points:
        parts[0] += f" +{finding.points:g} points"
    if finding.impact:
        parts.append(finding.impact)
    if not finding.counted:
        parts.append("in no score")
    if finding.savings:
        parts.append(inline(finding.savings, 80))
    return ", ".join(parts)


def render_patterns(patterns: Sequence[Pattern]) -> list[str]:
    """Write each pattern in a line, with what is wrong and why below it, said once."""
    lines: list[str] = []
    said = None
    for pattern in patterns:
        item = pattern.example
        lines.append(_pattern(pattern))
        cause = item.element.explanation if item.element else None
        if cause and cause != said:
            lines.append(f"  cause: {cause}")
            said = cause
        lines += [
            f"  {'because of' if c.facts else 'against'} {render_item(c)}" for c in item.causes
        ]
    return lines


def render_causes(item: Item) -> list[str]:
    """Write what an item is due to, or what it is held against, a line each."""
    return [
        f"  {'because of' if cause.facts else 'against'} {render_item(cause)}"
        for cause in item.causes
    ]


def _pattern(pattern: Pattern) -> str:
    item = pattern.example
    parts = [f"{pattern.count} x"] if pattern.count > 1 else []
    if pattern.where:
        parts.append(f"`{pattern.where}`")
    if item.element:
        parts.append(_snippet(item.element))
    if item.facts:
        parts.append(_facts(item))
    return " ".join(parts)


def render_item(item: Item) -> str:
    """Write an item in one line."""
    parts = []
    if item.element:
        parts.append(f"`{item.element.selector}` {_snippet(item.element)}")
    if item.url:
        parts.append(f"`{item.url}`")
    if facts := _facts(item):
        parts.append(facts)
    return " ".join(parts)


def _snippet(element: Element) -> str:
    label = f' "{element.label}"' if element.label else ""
    return f"{element.snippet}{label}"


def _facts(item: Item) -> str:
    return ", ".join(f"{name} {value}".strip() for name, value in item.facts.items())


def _rest(report: AuditReport) -> str:
    lines = []
    if report.other_failures:
        lines.append(f"Also failing: {', '.join(report.other_failures)}.")
    if report.not_measured:
        lines.append("Not measured, which is no pass:")
        lines += [f"  {reason}" for reason in report.not_measured]
    lines.append(
        f"{report.passed} checks pass, {report.not_applicable} do not apply to this page, "
        f"{report.manual} only a person can make."
    )
    if report.findings:
        check = report.findings[0].check
        lines.append(
            "All elements of a check, a metric's parts or the requests: "
            f'inspect_audit(audit_id="{report.audit_id}", topic="{check}")'
        )
    return "\n".join(lines)
