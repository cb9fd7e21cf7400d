"""A diagnosis as text."""

from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_docker.diagnosis.model import Diagnosis, Verdict
from stacksight_docker.facts import label

EVIDENCE_CHARS = 330
MAX_ALSO = 8
ENGINE = "the engine"


def render_diagnosis(diagnosis: Diagnosis) -> str:
    """Write the conclusion, then each verdict with its evidence and next step."""
    parts = [_headline(diagnosis)]
    parts += [diagnosis.ended] if diagnosis.ended else []
    parts += [_verdict(n, verdict) for n, verdict in enumerate(diagnosis.verdicts, 1)]
    if diagnosis.verdicts_left_out:
        left = plural(diagnosis.verdicts_left_out, "more verdict")
        parts.append(f"{left} not shown: diagnose one container or project at a time.")
    if diagnosis.not_examined:
        parts.append("Not examined: " + "; ".join(diagnosis.not_examined) + ".")
    return "\n\n".join(parts)


def _headline(diagnosis: Diagnosis) -> str:
    looked = f"looked at {plural(diagnosis.looked_at, 'container')}, {diagnosis.well} well"
    if not diagnosis.verdicts:
        return f"{diagnosis.target}: no problem found; {looked}. Engine: {diagnosis.engine}."
    notices = sum(verdict.notice for verdict in diagnosis.verdicts)
    problems = len(diagnosis.verdicts) - notices + diagnosis.verdicts_left_out
    found = plural(problems, "problem") if problems else "no problem found"
    also = f", {plural(notices, 'notice')}" if notices else ""
    return f"{diagnosis.target}: {found}{also}; {looked}. Engine: {diagnosis.engine}."


def _verdict(number: int, verdict: Verdict) -> str:
    because = f"\n   because of: {verdict.because_of}" if verdict.because_of else ""
    name = label(verdict.container or ENGINE, verdict.service)
    lines = [
        f"{number}. {'(notice) ' if verdict.notice else ''}{name}: {verdict.problem} "
        f"[{verdict.kind}, {verdict.confidence}]"
        f"{because}"
    ]
    if verdict.also:
        more = f" and {len(verdict.also) - MAX_ALSO} more" if len(verdict.also) > MAX_ALSO else ""
        lines.append(f"   the same: {', '.join(verdict.also[:MAX_ALSO])}{more}")
    lines += [f"   - {inline(line, EVIDENCE_CHARS)}" for line in verdict.evidence]
    if verdict.ruled_out:
        lines.append(f"   ruled out: {', '.join(verdict.ruled_out)}")
    lines.append(f"   next: {verdict.next}")
    return "\n".join(lines)
