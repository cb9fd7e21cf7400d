import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.analysis.budget_check import check
from stacksight_lighthouse.analysis.figures import figures_of
from stacksight_lighthouse.models.audits import StoredAudit
from stacksight_lighthouse.models.budget import BudgetLine, BudgetReport
from stacksight_lighthouse.render.budget import render_budget
from stacksight_lighthouse.source.workspace import read_json
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient

LCP = "largest-contentful-paint"


def several_runs(audit: StoredAudit, values: list[float | None]) -> StoredAudit:
    """The audit as if it had been run several times, with these values of LCP."""
    figures = []
    for value in values:
        run = copy.deepcopy(figures_of(audit.lhr))
        score, mode, _, length = run["audits"][LCP]
        audits = {**run["audits"], LCP: [score, mode, value, length]}
        figures.append({**run, "audits": audits})
    runs = [{"LCP": value} if value is not None else {} for value in values]
    return StoredAudit(**{**vars(audit), "runs": runs, "figures": figures})


def only(report: BudgetReport) -> BudgetLine:
    [line] = report.lines
    return line


def asserted(audit: StoredAudit, **options: Any) -> BudgetLine:
    return only(check("audit-1", audit, {"assertions": {LCP: ["error", options]}}))


@pytest.mark.parametrize(
    ("method", "limit", "outcome", "actual"),
    [
        ("optimistic", 1000, "within", "1,000 ms"),
        ("pessimistic", 1000, "over", "4,000 ms"),
        ("median", 2500, "within", "2,500 ms"),
        ("median", 2499, "over", "2,500 ms"),
    ],
)
def test_runs_count_as_lighthouse_ci_counts_them(
    demo_audit: StoredAudit, method: str, limit: float, outcome: str, actual: str
) -> None:
    audit = several_runs(demo_audit, [1000, 4000, 2000, 3000])

    line = asserted(audit, maxNumericValue=limit, aggregationMethod=method)

    assert (line.outcome, line.actual) == (outcome, actual)
    assert line.runs == "1,000 ms, 4,000 ms, 2,000 ms, 3,000 ms"


def test_the_median_run_is_the_one_that_stands_for_all(demo_audit: StoredAudit) -> None:
    audit = several_runs(demo_audit, [1, 2, 3])
    value = demo_audit.lhr["audits"][LCP]["numericValue"]

    options = {"aggregationMethod": "median-run"}
    assert asserted(audit, maxNumericValue=math.ceil(value), **options).outcome == "within"
    assert asserted(audit, maxNumericValue=math.floor(value), **options).outcome == "over"


@pytest.mark.parametrize("method", ["optimistic", "pessimistic", "median"])
def test_a_metric_that_one_run_lacks_does_not_pass(demo_audit: StoredAudit, method: str) -> None:
    audit = several_runs(demo_audit, [1000, None, 1000])

    report = check(
        "audit-1",
        audit,
        {"assertions": {LCP: ["error", {"maxNumericValue": 9e9, "aggregationMethod": method}]}},
    )

    assert only(report).outcome == "not measured"
    assert not report.passed
    assert "1 not measured, which is no pass" in render_budget(report)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("uses-text-compression", "document-latency-insight in its place"),
        ("first-meaningful-paint", "no such check"),
        ("categories:pwa", "did not run this category"),
        ("user-timings:boot", "no such mark"),
        ("focus-traps", "manual"),
    ],
)
def test_what_is_not_there_is_not_measured(demo_audit: StoredAudit, key: str, said: str) -> None:
    report = check("audit-1", demo_audit, {"assertions": {key: "error"}})

    assert not report.passed
    assert only(report).outcome == "not measured"
    assert said in only(report).actual


def test_a_broken_check_is_not_measured_whatever_is_counted(demo_audit: StoredAudit) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    lhr["audits"]["label"] = {
        "id": "label", "title": "", "score": None, "scoreDisplayMode": "error",
        "errorMessage": "no DOM",
    }  # fmt: skip
    audit = StoredAudit(**{**vars(demo_audit), "lhr": lhr})

    for options in ({"maxLength": 100}, {"minScore": 0}):
        report = check("audit-1", audit, {"assertions": {"label": ["error", options]}})
        assert (only(report).outcome, only(report).actual) == ("not measured", "no DOM")


def test_lengths_and_scores_are_those_of_the_audit(demo_audit: StoredAudit) -> None:
    budget = {
        "ci": {
            "assert": {
                "assertions": {
                    "image-alt": ["error", {"maxLength": 40, "minScore": 0}],
                    "categories:accessibility": ["warn", {"minScore": 0.99}],
                    "document-title": "error",
                    "color-contrast": "off",
                }
            }
        }
    }
    report = check("audit-1", demo_audit, budget)

    found = {(line.what, line.limit): (line.outcome, line.actual) for line in report.lines}
    assert found == {
        ("image-alt", "at most 40"): ("over", "41"),
        ("image-alt", "at least 0 of 100"): ("within", "0 of 100"),
        ("categories:accessibility", "at least 99 of 100"): ("over", "76 of 100"),
        ("document-title", "at least 90 of 100"): ("within", "100 of 100"),
    }
    assert not report.passed


def test_a_warning_alone_keeps_the_budget(demo_audit: StoredAudit) -> None:
    report = check("audit-1", demo_audit, {"assertions": {"image-alt": "warn"}})

    assert report.passed
    assert "kept: of 1 limit 1 warning" in render_budget(report)


def test_a_preset_asserts_what_exists_and_can_be_overridden(demo_audit: StoredAudit) -> None:
    budget = {"preset": "lighthouse:recommended", "assertions": {"image-alt": "off"}}
    report = check("audit-1", demo_audit, budget)

    checks = {line.what: line for line in report.lines}
    assert "image-alt" not in checks
    assert "total-blocking-time" not in checks
    assert checks["label"].outcome == "over"
    assert checks["render-blocking-insight"].level == "warn"  # in the place of a removed one
    assert not any(line.outcome == "not measured" for line in report.lines)
    assert "first-meaningful-paint" in report.notes[-1]


@pytest.mark.parametrize(
    ("path", "fits"),
    [
        ("/", True),
        ("/*", True),
        ("/shop", False),
        ("/*$", True),
        ("/$", True),
        ("/a*$", False),
    ],
)
def test_budgets_are_for_paths(demo_audit: StoredAudit, path: str, fits: bool) -> None:
    budget = [{"path": path, "timings": [{"metric": "interactive", "budget": 1}]}]
    if fits:
        assert check("audit-1", demo_audit, budget).lines
    else:
        with pytest.raises(ToolFailure, match="Nothing was checked"):
            check("audit-1", demo_audit, budget)


def test_the_last_budget_that_fits_is_the_one(demo_audit: StoredAudit) -> None:
    budgets = [
        {"timings": [{"metric": "interactive", "budget": 1}]},
        {"path": "/", "timings": [{"metric": "speed-index", "budget": 99999}]},
    ]
    assert only(check("audit-1", demo_audit, budgets)).what == "speed-index"


@pytest.mark.parametrize(
    ("url", "pattern", "fits"), [("", "localhost", True), ("", "^https:", False)]
)
def test_a_matrix_asserts_by_address(
    demo_audit: StoredAudit, url: str, pattern: str, fits: bool
) -> None:
    matrix = {"assertMatrix": [{"matchingUrlPattern": pattern, "assertions": {"label": "warn"}}]}
    if fits:
        assert only(check("audit-1", demo_audit, matrix)).what == "label"
    else:
        with pytest.raises(ToolFailure, match="No part of the budget"):
            check("audit-1", demo_audit, matrix)


def test_plain_limits_are_understood(demo_audit: StoredAudit) -> None:
    report = check("audit-1", demo_audit, {"LCP": 100, "cls": 0.9, "accessibility": 70, "seo": 0.5})

    assert [(line.what, line.outcome) for line in report.lines] == [
        (LCP, "over"),
        ("cumulative-layout-shift", "within"),
        ("categories:accessibility", "within"),
        ("categories:seo", "within"),
    ]


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ("text", "neither a list nor an object"),
        ({}, "neither a list nor an object"),
        ({"lcp": "2s"}, "is no number"),
        ({"lcp": True}, "is no number"),
        ({"performance": 900}, "not between"),
        ({"preset": "lighthouse:everything"}, "no preset"),
        ({"assertions": {"label": "fail"}}, "not off, warn or error"),
        ({"assertions": {"label": ["error", {"minscore": 1}]}}, "Did you mean `minScore`"),
        ({"assertions": {"label": ["error", {"aggregationMethod": "mean"}]}}, "aggregationMethod"),
        ({"assertions": []}, "is no object"),
        ({"assertions": {"resource-summary:script:weight": "error"}}, "size or count"),
        ({"assertMatrix": [], "preset": "lighthouse:all"}, "beside other options"),
        ({"assertMatrix": [{"matchingUrlPattern": "("}]}, "no regular expression"),
        ({"assert": {"budgetsFile": "budget.json"}}, "budgetsFile"),
        ([{"timings": [{"metric": "lcp"}]}], "nothing else"),
        ([{"resourceSizes": [{"resourceType": "scripts", "budget": 1}]}], "no resourceType"),
        ([{"sizes": []}], "unknown part"),
        ([{}], "no limits"),
        ([], "Nothing was checked"),
        ([1], "is no object"),
        ({"ci": {"assert": 3}}, "no object"),
    ],
)
def test_a_budget_in_no_form_is_explained(
    demo_audit: StoredAudit, budget: object, said: str
) -> None:
    with pytest.raises(ToolFailure, match=said):
        check("audit-1", demo_audit, budget)


def test_a_budget_is_read_from_a_file_of_the_project_only(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "budget.json").write_text(json.dumps([{"path": "/"}]))
    (tmp_path / "secret.json").write_text("{}")

    assert read_json(project, "budget.json") == [{"path": "/"}]
    assert read_json(project, '{"lcp": 1}') == {"lcp": 1}
    for name, said in (
        ("../secret.json", "outside of the project"),
        (str(tmp_path / "secret.json"), "outside of the project"),
        ("missing.json", "no file"),
        ("{not json", "not JSON"),
        ("x" * 5000, "no file"),
        ("a\0b", "no file"),
    ):
        with pytest.raises(ToolFailure, match=said):
            read_json(project, name)


async def test_a_page_is_audited_and_held_against_a_budget(
    client: ServerClient, site: Site
) -> None:
    budget = [
        {
            "resourceSizes": [{"resourceType": "script", "budget": 100}],
            "resourceCounts": [
                {"resourceType": "script", "budget": 0},
                {"resourceType": "third-party", "budget": 0},
            ],
            "options": {"firstPartyHostnames": ["localhost"]},
        }
    ]
    url = f"{site.url}/fault/uncompressed-script"
    answer = await client.call("check_budget", url=url, budget=budget, runs=1)

    assert not answer.is_error
    assert answer.text.startswith("The budget is NOT kept: of 3 limits 2 over.")
    assert "over | error | resource-summary:script:count | at most 0 | 1 |" in answer.text
    assert "Kept: resource-summary:third-party:count 0" in answer.text


async def test_which_page_has_to_be_said(client: ServerClient) -> None:
    answer = await client.call("check_budget", budget={"lcp": 1})

    assert answer.is_error
    assert "either `audit_id`" in answer.text
