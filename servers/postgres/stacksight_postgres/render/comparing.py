"""A comparison of plans as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_count, format_duration, plural
from stacksight_core.untrusted import fence, inline
from stacksight_postgres.comparing import PlanComparison
from stacksight_postgres.plans.compare import Totals

NO_CHANGES = "Every table is read the same way, and the steps are the same."


def render_comparison(answer: PlanComparison) -> str:
    """Write the verdict, the totals, then what changed."""
    found = answer.comparison
    lines = [found.verdict, f"Before: {answer.before}. After: {answer.after}."]
    if answer.with_after:
        lines.append(f"After is planned with {inline(answer.with_after, 500)}.")
    lines.append(
        render_table(
            ["", "cost", "time", "rows", "blocks", "temp blocks"],
            [["before", *_totals(found.before)], ["after", *_totals(found.after)]],
        )
    )
    if found.changes:
        rows = [(change.what, change.before, change.after) for change in found.changes]
        lines.append(fence(render_table(["what", "before", "after"], rows, 300), "plan changes"))
    else:
        lines.append(NO_CHANGES)
    if found.hidden_changes:
        lines.append(f"… {plural(found.hidden_changes, 'more change')}.")
    lines += [f"Note: {note}" for note in answer.notes]
    return "\n".join(lines)


def _totals(totals: Totals) -> list[str | None]:
    return [
        f"{totals.cost:,.0f}",
        None if totals.execution_ms is None else format_duration(totals.execution_ms / 1000),
        format_count(totals.rows),
        None if totals.buffers is None else format_count(totals.buffers),
        None if totals.temp_blocks is None else format_count(totals.temp_blocks),
    ]
