"""Several pages in one table, and what is wrong with many of them told once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from stacksight_core.units import plural
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.findings import findings_of
from stacksight_lighthouse.analysis.metrics import format_metric, values_of
from stacksight_lighthouse.analysis.scores import scores_of
from stacksight_lighthouse.models.audits import Category, Device, Finding, StoredAudit
from stacksight_lighthouse.models.pages import PageRow, PagesReport, SharedPlace, SharedProblem

MAX_PROBLEMS = 12
MAX_PLACES = 3
SHOWN_METRICS = ("LCP", "TBT", "CLS")
ROW_URL_CHARS = 100


@dataclass(frozen=True)
class PageDigest:
    """What is kept of a page's audit until all are done: far less than Lighthouse's result."""

    row: PageRow
    findings: Sequence[Finding]
    notes: Sequence[str]


def digest(audit_id: str, audit: StoredAudit) -> PageDigest:
    """Return what the answer needs of one page."""
    lhr = audit.lhr
    findings = findings_of(lhr)
    values = values_of(lhr)
    row = PageRow(
        audit_id=audit_id,
        url=inline(lhr["finalDisplayedUrl"], 300),
        scores=scores_of(lhr),
        metrics={
            name: format_metric(name, values[name]) for name in SHOWN_METRICS if name in values
        },
        failing=len(findings),
        worst=findings[0].check if findings else None,
    )
    warnings = [f"{_path(row.url)}: {inline(str(text), 200)}" for text in lhr["runWarnings"]]
    return PageDigest(row, findings, [*audit.notes, *warnings])


def fold_pages(
    device: Device,
    categories: Sequence[Category],
    digests: Sequence[PageDigest],
    not_audited: Mapping[str, str],
    notes: Sequence[str],
) -> PagesReport:
    """Return the answer about all pages: the worst page first, shared problems told once."""
    problems = _problems(digests)
    said = dict.fromkeys(note for page in digests for note in page.notes)
    return PagesReport(
        device=device,
        categories=list(categories),
        rows=[page.row for page in sorted(digests, key=_badness)],
        problems=problems[:MAX_PROBLEMS],
        other_problems=[_named(problem) for problem in problems[MAX_PROBLEMS:]],
        not_audited=dict(not_audited),
        notes=[*notes, *said],
    )


def _named(problem: SharedProblem) -> str:
    return f"{problem.check} ({plural(problem.pages, 'page')})"


def _badness(page: PageDigest) -> tuple[float, int]:
    """Sort by the mean of the scores; a page without any is as bad as can be."""
    scores = page.row.scores.values()
    return (sum(scores) / len(scores) if scores else -1, -page.row.failing)


def _problems(digests: Sequence[PageDigest]) -> list[SharedProblem]:
    found: dict[str, list[tuple[PageDigest, Finding]]] = {}
    for page in digests:
        for finding in page.findings:
            found.setdefault(finding.check, []).append((page, finding))
    problems = [_problem(pages) for pages in found.values()]
    return sorted(problems, key=lambda problem: (-problem.points, -problem.pages))


def _problem(pages: Sequence[tuple[PageDigest, Finding]]) -> SharedProblem:
    places: dict[str, list[int]] = {}
    for _, finding in pages:
        here: dict[str, int] = {}
        for pattern in finding.patterns:
            where = pattern.where or "the page"
            here[where] = here.get(where, 0) + pattern.count
        for where, count in here.items():
            places.setdefault(where, []).append(count)
    shared = sorted(
        (SharedPlace(where=w, pages=len(c), count=sum(c)) for w, c in places.items()),
        key=lambda place: (-place.pages, -place.count),
    )
    worst, finding = max(pages, key=lambda entry: entry[1].offenders)
    return SharedProblem(
        check=finding.check,
        title=finding.title,
        pages=len(pages),
        offenders=sum(entry[1].offenders for entry in pages),
        points=round(sum(entry[1].points for entry in pages), 1),
        places=shared[:MAX_PLACES],
        places_left=max(0, len(shared) - MAX_PLACES),
        fix=finding.fix,
        example_audit=worst.row.audit_id,
    )


def _path(url: str) -> str:
    parts = urlsplit(url)
    return inline((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), ROW_URL_CHARS)
