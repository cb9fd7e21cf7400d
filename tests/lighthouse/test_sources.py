import copy
from pathlib import Path
from typing import Any

import pytest

from stacksight_lighthouse.analysis.sources import Hunt, fix_list, wanted_of
from stacksight_lighthouse.models.audits import StoredAudit, Topic
from stacksight_lighthouse.render.topic import render_topic
from stacksight_lighthouse.source.workspace import text_files
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient

ROW = """<li class="row" id="caption-$caption_id">
<img
  src="/pictures/$video_id.png" width="96" height="54">
<span class="title">$title</span>
<input type="text" name="caption-$caption_id" value="$body">
</li>
"""
REACT = """export function Hero() {
  return <img className="hero" src={"/pictures/hero.png"} />;
}
"""
FILES = {
    "templates/row.html": ROW,
    "src/Hero.jsx": REACT,
    "static/review.css": "li { margin: 0 }",
    "src/banner.js": "banner.className = 'announcement';",
    "tests/test_row.html": ROW.replace("$title", "Talk 1"),
    "node_modules/x/row.html": ROW,
    ".hidden/row.html": ROW,
}


def fixes(audit: StoredAudit, project: Path) -> Topic:
    hunt = Hunt(wanted_of(audit.lhr))
    files = list(text_files(project))
    for path, text in files:
        hunt.look_at(path, text)
    return fix_list("audit-1", "http://localhost/", hunt, len(files))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "link.html").symlink_to("/etc/hostname")
    (tmp_path / "huge.html").write_text("<p>" * 300_000)
    return tmp_path


def test_only_source_files_are_read(project: Path) -> None:
    assert [path for path, _ in text_files(project)] == [
        "src/Hero.jsx",
        "src/banner.js",
        "static/review.css",
        "templates/row.html",
        "tests/test_row.html",
    ]


def test_findings_are_led_to_the_lines_that_make_them(
    demo_audit: StoredAudit, project: Path
) -> None:
    by_file = {section.check: section for section in fixes(demo_audit, project).sections}

    def lines(path: str) -> list[str]:
        return [fact for item in by_file[path].items for fact in item.facts.values()]

    row = lines("templates/row.html")
    assert any(line.startswith("line 4: color-contrast, 40 x ") for line in row)
    assert any(line.startswith("line 5: label, 40 x ") for line in row)
    assert any(line.startswith("line 2: image-alt, ") for line in lines("src/Hero.jsx"))
    assert lines("static/review.css")[0].startswith("render-blocking-insight, `/static/review.css`")
    assert "tests/test_row.html" not in by_file


def test_what_is_not_found_is_listed_too(demo_audit: StoredAudit, tmp_path: Path) -> None:
    topic = fixes(demo_audit, tmp_path)

    [nowhere] = topic.sections
    assert nowhere.check == "elsewhere"
    assert "0 files" in nowhere.title
    assert any("label, 40 x" in fact for item in nowhere.items for fact in item.facts.values())
    assert "[made by other code" in render_topic(topic)


def test_an_element_made_by_a_script_is_found_by_its_class(
    demo_audit: StoredAudit, project: Path
) -> None:
    lhr: dict[str, Any] = copy.deepcopy(dict(demo_audit.lhr))
    [shift, *_] = lhr["audits"]["layout-shifts"]["details"]["items"]
    node = {"type": "node", "selector": "body > div.announcement", "path": ""}
    node["snippet"] = '<div class="announcement">'
    shift["subItems"] = {"type": "subitems", "items": [{"extra": node, "cause": "Element added"}]}

    topic = fixes(StoredAudit(**{**vars(demo_audit), "lhr": lhr}), project)

    assert "src/banner.js" in [section.check for section in topic.sections]


async def test_the_demo_is_led_to_its_own_pages(client: ServerClient, site: Site) -> None:
    audit = await client.call("run_audit", url=f"{site.url}/", categories=["accessibility"])
    audit_id = audit.text.split("audit-")[1][:8]

    answer = await client.call("inspect_audit", audit_id=f"audit-{audit_id}", topic="sources")

    head = answer.text.partition("elsewhere:")[0]
    assert "examples/captions/pages/review_row.html" in head
    assert "line 4: color-contrast, 40 x `ol.queue > li > div > span.title`" in head
