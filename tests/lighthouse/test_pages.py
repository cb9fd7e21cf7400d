import copy
from typing import Any

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.analysis.pages import digest, fold_pages
from stacksight_lighthouse.analysis.sitemaps import NotASitemap, at_origin_of, read_sitemap
from stacksight_lighthouse.models.audits import CATEGORIES, StoredAudit
from stacksight_lighthouse.models.pages import PagesReport
from stacksight_lighthouse.render.pages import render_pages
from stacksight_lighthouse.source.sitemaps import pages_of
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient

ACCESSIBILITY = ["accessibility"]


def at(audit: StoredAudit, path: str, **scores: float | None) -> StoredAudit:
    """The audit as if it were of another page, with other scores."""
    lhr = copy.deepcopy(dict(audit.lhr))
    lhr["finalDisplayedUrl"] = f"http://localhost:8791{path}"
    for name, score in scores.items():
        lhr["categories"][name]["score"] = score
    return StoredAudit(**{**vars(audit), "lhr": lhr})


def folded(*audits: StoredAudit, **options: Any) -> PagesReport:
    digests = [digest(f"audit-{number}", audit) for number, audit in enumerate(audits)]
    return fold_pages("mobile", CATEGORIES, digests, options.get("missing", {}), [])


def test_the_worst_page_is_first_and_one_without_scores_before_it(demo_audit: StoredAudit) -> None:
    none = dict.fromkeys(demo_audit.lhr["categories"], None)
    report = folded(
        at(demo_audit, "/good", accessibility=1.0),
        at(demo_audit, "/worse", accessibility=0.1),
        at(demo_audit, "/unknown", **none),
    )

    assert [row.audit_id for row in report.rows] == ["audit-2", "audit-1", "audit-0"]
    assert report.rows[0].scores == {}


def test_a_problem_of_many_pages_is_told_once(demo_audit: StoredAudit) -> None:
    report = folded(at(demo_audit, "/a"), at(demo_audit, "/b"), at(demo_audit, "/c"))

    labels = [problem for problem in report.problems if problem.check == "label"]
    assert len(labels) == 1
    assert (labels[0].pages, labels[0].offenders) == (3, 120)
    [place] = labels[0].places
    assert (place.where, place.pages, place.count) == ("ol.queue > li > div > input", 3, 120)
    text = render_pages(report)
    assert "label: Form elements do not have associated labels [on 3 of 3 pages, 120 offend" in text
    assert len(text) < 8000


def test_pages_that_were_not_audited_are_no_good_pages(demo_audit: StoredAudit) -> None:
    text = render_pages(folded(demo_audit, missing={"http://localhost/x": "it is down"}))
    assert text.startswith("1 page audited (mobile), 1 not audited;")
    assert "http://localhost/x: it is down" in text

    assert render_pages(folded(missing={"http://localhost/x": "down"})).startswith(
        "No page could be audited, 1 not audited."
    )


@pytest.mark.parametrize(
    ("content", "pages", "further"),
    [
        (b"<urlset><url><loc> http://a/1 </loc></url><url/></urlset>", ["http://a/1"], []),
        (b"\xef\xbb\xbfhttp://a/1\n\nhttp://a/2\n", ["http://a/1", "http://a/2"], []),
        (
            b'<?xml version="1.0"?><s:sitemapindex xmlns:s="x"><s:sitemap><s:loc>http://a/s</s:loc>'
            b"</s:sitemap></s:sitemapindex>",
            [],
            ["http://a/s"],
        ),
    ],
)
def test_sitemaps_are_read(content: bytes, pages: list[str], further: list[str]) -> None:
    assert read_sitemap(content) == (pages, further)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "neither XML nor"),
        (b"just text", "neither XML nor"),
        (b"<urlset><url>", "broken"),
        (b"<html></html>", "<html>"),
        (b"<!doctype html><p>", "broken"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><urlset/>', "document type"),
    ],
)
def test_what_is_no_sitemap_is_said_to_be_none(content: bytes, said: str) -> None:
    with pytest.raises(NotASitemap, match=said):
        read_sitemap(content)


def test_pages_are_looked_for_beside_the_sitemap() -> None:
    here, moved = at_origin_of("http://localhost:1/sitemap.xml", ["https://a.example/b?c=d"])
    assert (here, moved) == (["http://localhost:1/b?c=d"], True)
    assert at_origin_of("http://a/s.xml", ["http://a/b"]) == (["http://a/b"], False)


async def test_an_index_of_sitemaps_is_followed_as_far_as_needed(site: Site) -> None:
    sitemap = f"{site.url}/sitemap.xml"

    pages, total, notes = await pages_of(sitemap, 10, private_allowed=False)
    assert [page.removeprefix(site.url) for page in pages] == [
        "/good.html",
        "/status?code=404",
        "/fault/missing-label",
    ]
    assert total == 3
    assert "another host" in notes[0]

    first, _, _ = await pages_of(sitemap, 1, private_allowed=False)
    assert len(first) == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [("/good.html", "no sitemap"), ("/status?code=404", "404"), ("/loop", "without end")],
)
async def test_a_missing_sitemap_is_explained(site: Site, path: str, said: str) -> None:
    with pytest.raises(ToolFailure, match=said):
        await pages_of(site.url + path, 5, private_allowed=False)


async def test_pages_of_a_sitemap_are_audited_and_one_that_is_down_stops_nothing(
    client: ServerClient, site: Site
) -> None:
    answer = await client.call(
        "audit_pages", sitemap=f"{site.url}/sitemap.xml", categories=ACCESSIBILITY
    )

    assert not answer.is_error
    assert answer.text.startswith("2 pages audited (mobile), 1 not audited;")
    assert "input#email" in answer.text
    assert "answered 404" in answer.text
    rows = [line for line in answer.text.splitlines() if line.startswith("audit-")]
    assert rows[0].endswith("/fault/missing-label")
    assert rows[1].endswith("/good.html")


async def test_routes_belong_to_an_address(client: ServerClient, site: Site) -> None:
    answer = await client.call(
        "audit_pages",
        base_url=site.url,
        routes=["/good.html", "good.html", "/fault/no-zoom"],
        categories=ACCESSIBILITY,
        limit=1,
    )

    assert "1 of 2 pages were left out" in answer.text
    assert "1 page audited" in answer.text


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"urls": ["http://localhost/"], "sitemap": "http://localhost/"},
        {"routes": ["/"]},
        {"base_url": "http://localhost/"},
        {"urls": ["http://localhost/"], "routes": ["/"]},
    ],
)
async def test_which_pages_has_to_be_said_in_one_way(
    client: ServerClient, arguments: dict[str, Any]
) -> None:
    answer = await client.call("audit_pages", **arguments)

    assert answer.is_error
    assert "Say which pages" in answer.text
