"""The answer of audit_pages as text. No I/O."""

from urllib.parse import urlsplit

from stacksight_core.layout import render_table
from stacksight_core.units import plural
from stacksight_core.untrusted import fence, inline
from stacksight_lighthouse.analysis.pages import SHOWN_METRICS
from stacksight_lighthouse.models.pages import PagesReport, SharedProblem

_URL_CHARS = 100
_SHORT = {"best-practices": "practices"}


def render_pages(report: PagesReport) -> str:
    """Write the verdict, the table, the shared problems, and what was not audited."""
    lines = [_verdict(report), *(f"Note: {note}" for note in report.notes)]
    if report.rows:
        base = _base(report)
        lines.append(_table(report, base))
    if report.problems:
        total = len(report.rows)
        told = "\n".join(_problem(problem, total) for problem in report.problems)
        lines += ["Problems, over all pages:", fence(told, "findings, with text of the pages")]
    if report.other_problems:
        lines.append(f"Also failing: {', '.join(report.other_problems)}.")
    if report.not_audited:
        lines.append("Not audited, so nothing is known of them:")
        lines += [f"  {inline(url, 200)}: {why}" for url, why in report.not_audited.items()]
    if report.problems:
        first = report.problems[0]
        lines.append(
            "All elements of a check on one page: "
            f'inspect_audit(audit_id="{first.example_audit}", topic="{first.check}")'
        )
    return "\n".join(lines)


def _verdict(report: PagesReport) -> str:
    pages = plural(len(report.rows), "page")
    missing = f", {len(report.not_audited)} not audited" if report.not_audited else ""
    shared = sum(1 for problem in report.problems if problem.pages > 1)
    kinds = len(report.problems) + len(report.other_problems)
    if not report.rows:
        return f"No page could be audited{missing}."
    if kinds == 0:
        return f"{pages} audited ({report.device}){missing}; no check fails."
    head = f"{pages} audited ({report.device}){missing}; {plural(kinds, 'kind')} of problems"
    return f"{head}, {shared} of the first {len(report.problems)} on several pages."


def _base(report: PagesReport) -> str:
    """Return the origin that all pages share, or nothing."""
    origins = {urlsplit(row.url)[:2] for row in report.rows}
    return "://".join(origins.pop()) if len(origins) == 1 else ""


def _table(report: PagesReport, base: str) -> str:
    timed = [n for n in SHOWN_METRICS if any(n in row.metrics for row in report.rows)]
    names = [_SHORT.get(name, name) for name in report.categories]
    columns = ["audit", *names, *timed, "failing checks", "worst check", f"page of {base}"]
    rows = [
        [
            row.audit_id,
            *(row.scores.get(name) for name in report.categories),
            *(row.metrics.get(name) for name in timed),
            row.failing,
            row.worst,
            inline(row.url.removeprefix(base) or "/", _URL_CHARS),
        ]
        for row in report.rows
    ]
    if not base:
        columns[-1] = "page"
    return "Worst first:\n" + render_table(columns, rows)


def _problem(problem: SharedProblem, total: int) -> str:
    on = f"on {problem.pages} of {plural(total, 'page')}" if total > 1 else "on the page"
    points = f", +{problem.points:g} points in all" if problem.points else ""
    elements = plural(problem.offenders, "offender")
    lines = [f"{problem.check}: {problem.title} [{on}, {elements}{points}]"]
    lines += [
        f"   `{place.where}` {place.count} x on {plural(place.pages, 'page')}"
        for place in problem.places
        if place.where != "the page"
    ]
    if problem.places_left:
        lines.append(f"   and {plural(problem.places_left, 'more place')}")
    if problem.fix:
        lines.append(f"   fix: {problem.fix}")
    return "\n".join(lines)
