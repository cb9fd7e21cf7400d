"""Explained plans as text."""

from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import fence, inline
from stacksight_postgres.explained import ExplainAnswer, PlanAnswer
from stacksight_postgres.plans.findings import Finding

NO_FINDINGS = "No findings: nothing in this plan stands out."


def render_explained(answer: ExplainAnswer) -> str:
    """Write the findings of each plan, what proves and helps them, then the tree."""
    parts = []
    if answer.hypothetical:
        parts.append("With hypothetical indexes: " + "; ".join(answer.hypothetical))
    parts += [_plan(plan, measured=answer.measured) for plan in answer.plans]
    parts += [f"Note: {note}" for note in answer.notes]
    return "\n".join(parts)


def _plan(plan: PlanAnswer, *, measured: bool) -> str:
    lines = [_head(plan, measured=measured)]
    if plan.values:
        lines.append(inline(plan.values, 600))
    lines += [_finding(number, finding) for number, finding in enumerate(plan.findings, 1)]
    if plan.more_findings:
        lines.append(f"… and {plural(plan.more_findings, 'smaller finding')}.")
    if not plan.findings:
        lines.append(NO_FINDINGS)
    if plan.settings:
        changed = ", ".join(f"{name}={value}" for name, value in plan.settings.items())
        lines.append(f"Settings that are not at their defaults: {inline(changed, 400)}")
    lines.append(fence("\n".join(plan.tree), "plan"))
    if plan.hidden_nodes:
        lines.append(f"{plural(plan.hidden_nodes, 'node')} with little share left out.")
    return "\n".join(lines)


def _head(plan: PlanAnswer, *, measured: bool) -> str:
    found = plural(len(plan.findings) + plan.more_findings, "finding")
    rows = plural(round(plan.rows), "row")
    if measured:
        took = format_duration((plan.execution_ms or 0.0) / 1000)
        planned = format_duration((plan.planning_ms or 0.0) / 1000)
        facts = f"ran in {took} (planned in {planned}), {rows}, estimated cost {plan.cost:,.0f}"
    else:
        without = "" if plan.cost_without is None else f" (without them {plan.cost_without:,.0f})"
        facts = f"estimated cost {plan.cost:,.0f}{without}, {rows} expected, not run"
    return f"{plan.plan}: {facts}. {found}."


def _finding(number: int, finding: Finding) -> str:
    where = f" (node {finding.node})" if finding.node else ""
    lines = [f"{number}. [{finding.share:.0%}] {inline(finding.title, 500)}{where}"]
    if finding.cause:
        lines.append(f"   Cause: {inline(finding.cause, 500)}.")
    if finding.fix:
        lines.append(f"   Fix: {inline(finding.fix, 800)}")
    if finding.expected:
        lines.append(f"   Checked: {inline(finding.expected, 300)}.")
    return "\n".join(lines)
