"""The comparison with a compose file as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.compose import Comparison

FINDING_CHARS = 300


def render_comparison(comparison: Comparison) -> str:
    """Write the conclusion, the differences, then the services."""
    count = len(comparison.findings) + comparison.findings_left_out
    verdict = f"{plural(count, 'difference')}" if count else "no difference found"
    parts = [
        f"{comparison.file} against project {comparison.project}: {verdict}. {comparison.method}"
    ]
    if comparison.findings:
        lines = [
            f"{number}. {f.service}: {inline(f.what, FINDING_CHARS)} [{f.kind}]; next: {f.next}"
            for number, f in enumerate(comparison.findings, 1)
        ]
        parts.append("\n".join(lines))
    if comparison.findings_left_out:
        parts.append(f"{comparison.findings_left_out} more not shown.")
    rows = [(s.service, f"{s.running} of {s.containers}", s.status) for s in comparison.services]
    parts.append(render_table(("service", "running", "status"), rows))
    if comparison.not_examined:
        parts.append(f"Not examined: {'; '.join(comparison.not_examined)}.")
    return "\n\n".join(parts)
