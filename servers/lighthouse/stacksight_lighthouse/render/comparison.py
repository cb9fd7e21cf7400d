"""The answer of compare_audits as text. No I/O."""

from collections.abc import Sequence

from stacksight_core.untrusted import fence
from stacksight_lighthouse.models.audits import Comparison, MetricChange, PatternChange


def render_comparison(comparison: Comparison) -> str:
    """Write the verdict, the metrics with their evidence, then what came and what went."""
    runs = f"{comparison.runs[0]} and {comparison.runs[1]} runs"
    lines = [
        f"{_verdict(comparison)} ({comparison.device}, {runs})",
        f"before {comparison.before}: {comparison.before_url}",
        f"after {comparison.after}: {comparison.after_url}",
        *(f"Note: {note}" for note in comparison.notes),
        "Scores: " + ", ".join(f"{name} {text}" for name, text in comparison.scores.items()),
        *(_metric(metric) for metric in comparison.metrics),
    ]
    changes = [
        *_changes("new", comparison.new),
        *_changes("fixed", comparison.fixed),
        *_changes("changed", comparison.changed),
    ]
    if changes:
        lines.append(fence("\n".join(changes), "failing checks, with selectors of the page"))
    lines.append(f"{comparison.unchanged} kinds of offenders unchanged.")
    lines += [f"Not compared: {reason}" for reason in comparison.not_compared]
    return "\n".join(lines)


def _verdict(comparison: Comparison) -> str:
    speed = f"Speed: {comparison.verdict or 'not judged'}{_deciding(comparison)}"
    count = len(comparison.new), len(comparison.fixed)
    return f"{speed}. Checks: {count[0]} kinds of offenders new, {count[1]} fixed"


def _deciding(comparison: Comparison) -> str:
    """Name the metrics behind the verdict, and those that go the other way."""
    names = {
        verdict: ", ".join(
            metric.name for metric in comparison.metrics if metric.verdict == verdict
        )
        for verdict in ("worse", "better")
    }
    if comparison.verdict not in names:
        return ""
    against = f"; but better: {names['better']}" if all(names.values()) else ""
    return f" ({names[comparison.verdict]}{against})"


def _metric(metric: MetricChange) -> str:
    text = (
        f"{metric.name} {metric.before} → {metric.after}: {metric.verdict} "
        f"(shift {metric.shift}, p {metric.p:g})"
    )
    return f"{text}; a change of {metric.detectable} would show" if metric.detectable else text


def _changes(what: str, changes: Sequence[PatternChange]) -> list[str]:
    return [
        f"{what}: {change.check} `{change.where}` {change.before} → {change.after}"
        for change in changes
    ]
