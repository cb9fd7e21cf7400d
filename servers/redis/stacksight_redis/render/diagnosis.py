"""The answer of diagnose_queue as compact text. Pure."""

from stacksight_core.units import format_count
from stacksight_redis.models.diagnosis import Diagnosis
from stacksight_redis.render.queues import dead_letter_table


def render_diagnosis(answer: Diagnosis) -> str:
    """The text of diagnose_queue."""
    parts = [answer.conclusion]
    for number, finding in enumerate(answer.findings, start=1):
        evidence = "" if number == 1 else f": {finding.evidence}"
        parts.append(f"{number}. {finding.title}{evidence}")
        if finding.fix is not None:
            parts.append(f"   Do: {finding.fix}")
    if answer.next:
        parts.append(f"Next: {'; '.join(answer.next)}")
    parts.append("")
    if answer.rates is not None:
        parts.append(f"Rates: {answer.rates}.")
    if answer.processes is not None:
        parts.append(f"Processes: {answer.processes}.")
    if answer.dead_letters:
        head = (
            f"Dead letters by cause, among the newest {format_count(answer.dead_looked_at)} of "
            f"{format_count(answer.dead)}:"
        )
        parts += [head, dead_letter_table(answer.dead_letters, answer.dead_kinds)]
    return "\n".join([*parts, *answer.notes])
