"""Pages behind a login, and where the secrets that open them go."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.access import Access, access_of, origin_of
from stacksight_lighthouse.secrets import mask_result
from stacksight_lighthouse.source.jar import Jar
from tests.lighthouse.site import Site, running_site
from tests.support.stdio import ServerClient

ACCESSIBILITY = ["accessibility"]
SECRET = "let-me-in"


@pytest.fixture(scope="module")
def other() -> Iterator[Site]:
    """A second site: another origin by its port."""
    with running_site() as site:
        yield site


def page_with(body: str) -> str:
    html = f'<!doctype html><html lang="en"><title>Page</title><main><h1>Page</h1>{body}</main>'
    return f"/status?code=200&body={quote(html)}"


def state_of(site: Site) -> dict[str, Any]:
    """What Playwright saves after a login."""
    cookie = {
        "name": "session",
        "value": SECRET,
        "domain": "localhost",
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": False,
        "sameSite": "Lax",
    }
    item = {"name": "token", "value": json.dumps({"access": "stored-token-12345"})}
    return {"cookies": [cookie], "origins": [{"origin": site.url, "localStorage": [item]}]}


@pytest.mark.parametrize(
    "access",
    [
        {"headers": {"Authorization": f"Bearer {SECRET}"}},
        {"cookies": {"session": SECRET}},
        {"storage_state": "a path"},
        {"storage_state": "the content"},
    ],
    ids=str,
)
async def test_a_page_behind_a_login_is_opened(
    client: ServerClient, site: Site, tmp_path: Path, access: dict[str, Any]
) -> None:
    if "storage_state" in access:
        state = state_of(site)
        file = tmp_path / "state.json"
        file.write_text(json.dumps(state))
        access = {"storage_state": str(file) if access["storage_state"] == "a path" else state}

    answer = await client.call(
        "run_audit", url=f"{site.url}/members", categories=ACCESSIBILITY, **access
    )

    assert not answer.is_error, answer.text
    assert "1 check fails" in answer.text  # not that of a login page
    assert "The page was given" in answer.text
    assert SECRET not in answer.text


async def test_a_login_in_the_address_is_sent_as_a_header_and_not_repeated(
    client: ServerClient, site: Site
) -> None:
    url = f"{site.url}/members".replace("//", f"//admin:{SECRET}@", 1)

    answer = await client.call("run_audit", url=url, categories=ACCESSIBILITY)

    assert not answer.is_error, answer.text
    assert SECRET not in answer.text


async def test_local_storage_is_there_before_the_page_looks(
    client: ServerClient, site: Site
) -> None:
    script = "if (localStorage.getItem('token')) document.querySelector('input').ariaLabel = 'x'"
    url = site.url + page_with(f"<input><script>{script}</script>")

    without = await client.call("run_audit", url=url, categories=ACCESSIBILITY)
    given = await client.call(
        "run_audit", url=url, categories=ACCESSIBILITY, storage_state=state_of(site)
    )

    assert "label: Form elements" in without.text
    assert "label: Form elements" not in given.text


async def test_headers_and_cookies_go_to_the_own_origin_only(
    client: ServerClient, site: Site, other: Site
) -> None:
    elsewhere = other.url
    numbered = elsewhere.replace("localhost", "127.0.0.1")
    url = site.url + page_with(
        '<img alt="" src="/pictures/1.png?own">'
        f'<img alt="" src="{elsewhere}/pictures/1.png">'
        f'<img alt="" src="{numbered}/pictures/2.png">'
        f'<img alt="" src="/redirect?to={elsewhere}/pictures/3.png">'
        f'<iframe title="frame" src="{elsewhere}/good.html"></iframe>'
        f"<script>fetch('{elsewhere}/json', {{mode: 'no-cors', credentials: 'include'}});"
        f"const work = `fetch('{elsewhere}/json?worker', {{mode: 'no-cors'}})`;"
        "new Worker(URL.createObjectURL(new Blob([work])))</script>"
    )

    answer = await client.call(
        "run_audit",
        url=url,
        categories=ACCESSIBILITY,
        headers={"X-Key": SECRET},
        cookies={"session": SECRET},
    )

    assert not answer.is_error, answer.text
    own = [headers for path, headers in site.seen if path.endswith("?own")]
    assert own[0]["X-Key"] == SECRET
    assert f"session={SECRET}" in own[0]["Cookie"]
    asked = {path for path, _ in other.seen}
    assert {"/pictures/1.png", "/pictures/2.png", "/pictures/3.png", "/good.html", "/json"} <= asked
    assert SECRET not in json.dumps(other.seen)


async def test_the_first_look_leaves_secrets_behind_at_a_redirect(
    client: ServerClient, site: Site, other: Site
) -> None:
    answer = await client.call(
        "run_audit",
        url=f"{site.url}/redirect?to={other.url}/members",
        categories=ACCESSIBILITY,
        headers={"Authorization": f"Bearer {SECRET}"},
        cookies={"session": SECRET},
    )

    assert answer.is_error
    assert "401" in answer.text
    assert SECRET not in json.dumps(other.seen)


async def test_what_a_page_repeats_of_a_secret_is_not_kept(
    client: ServerClient, site: Site, environment: dict[str, str]
) -> None:
    url = site.url + page_with(f'<img src="/pictures/1.png?key={SECRET}"><p>{SECRET}</p>')

    answer = await client.call(
        "run_audit", url=url, categories=["accessibility", "seo"], cookies={"session": SECRET}
    )

    assert "image-alt" in answer.text
    assert SECRET not in answer.text
    kept = _kept_in(Path(environment["STACKSIGHT_AUDITS_DIR"]))
    assert kept
    assert not [content for content in kept if SECRET.encode() in content]


def _kept_in(folder: Path) -> list[bytes]:
    return [
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in folder.rglob("audit-*")
    ]


async def test_a_page_that_sets_a_cookie_and_leads_back_to_itself_is_audited(
    client: ServerClient, site: Site
) -> None:
    answer = await client.call(
        "run_audit", url=f"{site.url}/set-and-return", categories=ACCESSIBILITY
    )

    assert not answer.is_error, answer.text


async def test_audits_do_not_see_what_others_left(client: ServerClient, site: Site) -> None:
    script = (
        "if (document.cookie || localStorage.length) document.body.append("
        "document.createElement('input'));"
        "document.cookie = 'a=1'; localStorage.setItem('a', '1')"
    )
    url = site.url + page_with(f"<script>{script}</script>")

    for _ in range(2):
        answer = await client.call("run_audit", url=url, categories=ACCESSIBILITY)
        assert "label: Form elements" not in answer.text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"headers": {"X-Key": f"{SECRET}\r\nX-Other: 1"}}, "line break"),
        ({"headers": {"X Key": SECRET}}, "not a name"),
        ({"headers": {"Host": SECRET}}, "belongs to the connection"),
        ({"headers": {"Cookie": SECRET}}, "as `cookies`"),
        ({"cookies": {"a": f"{SECRET}; b=1"}}, "holds a character"),
        ({"storage_state": "/no/such/file.json"}, "there is no file"),
        ({"storage_state": {"cookies": [{"name": "a", "value": SECRET}]}}, "cookies.0.domain"),
        ({"storage_state": {"cookies": SECRET}}, "valid list"),
    ],
)
def test_what_cannot_be_sent_is_explained_without_its_value(
    given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ToolFailure, match=said) as raised:
        access_of(given.get("headers"), given.get("cookies"), given.get("storage_state"))

    assert SECRET not in str(raised.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:3000/", "own=1; shared=1"),
        ("http://localhost:4000/", "shared=1"),
        ("http://127.0.0.1:3000/", None),
        ("http://app.example.com/", "wide=1"),
        ("http://example.com/", "wide=1"),
        ("http://notexample.com/", None),
        ("https://example.com/", "wide=1; locked=1"),
        ("https://app.example.com/deep/page", "wide=1; deep=1"),
    ],
)
def test_cookies_are_for_where_they_say(url: str, expected: str | None) -> None:
    saved = [
        {"name": "shared", "value": "1", "domain": "localhost"},
        {"name": "wide", "value": "1", "domain": ".example.com"},
        {"name": "locked", "value": "1", "domain": "example.com", "secure": True},
        {"name": "deep", "value": "1", "domain": "app.example.com", "path": "/deep"},
        {"name": "old", "value": "1", "domain": "localhost", "expires": 1},
    ]
    access = access_of(None, {"own": "1"}, {"cookies": saved})

    header = Jar("http://localhost:3000/page", access).header(url)

    assert (set(header.split("; ")) if header else None) == (
        set(expected.split("; ")) if expected else None
    )


def test_answers_set_and_remove_cookies() -> None:
    jar = Jar("http://localhost/", Access())

    assert jar.take("http://localhost/", ["a=1; Path=/", "b=2; Domain=elsewhere.com", "c"])
    assert jar.header("http://localhost/page") == "a=1"
    assert jar.header("http://elsewhere.com/") is None
    assert not jar.take("http://localhost/", ["a=1; Path=/"])
    assert jar.take("http://localhost/", ["a=; Path=/; Max-Age=0"])
    assert jar.header("http://localhost/page") is None


def test_secrets_inside_of_stored_json_are_known() -> None:
    stored = json.dumps({"user": {"token": "abcdefgh-1"}, "theme": "dark"})
    origin = {"origin": "http://a", "localStorage": [{"name": "x", "value": stored}]}

    secrets = access_of(None, None, {"origins": [origin]}).secrets()

    assert "abcdefgh-1" in secrets
    assert "dark" not in secrets


def test_masking_leaves_the_words_of_lighthouse() -> None:
    lhr = {
        "categories": {"mobile": {"id": "mobile"}},
        "audits": {"a": {"id": "mobile", "details": {"type": "mobile", "value": "is mobile"}}},
        "finalDisplayedUrl": "http://localhost/?q=a%2Fb",
    }

    masked = mask_result(lhr, ["mobile", "a/b"])

    assert masked["categories"] == lhr["categories"]
    assert masked["audits"]["a"] == {
        "id": "mobile",
        "details": {"type": "mobile", "value": "is ***"},
    }
    assert masked["finalDisplayedUrl"] == "http://localhost/?q=***"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://LocalHost:80/a?b", "http://localhost"),
        ("https://a.example:443", "https://a.example"),
        ("https://a.example:8443/", "https://a.example:8443"),
        ("http://[::1]:3000/x", "http://[::1]:3000"),
    ],
)
def test_an_origin_is_written_as_browsers_do(url: str, origin: str) -> None:
    assert origin_of(url) == origin
