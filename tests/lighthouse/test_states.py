"""Pages in a state: after clicks and typing, in the dark, at another size."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient

ACCESSIBILITY = ["accessibility"]
PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>States</title><style>
@media (prefers-color-scheme: dark) { #night { color: #777; background: #666 } }
@media (prefers-reduced-motion: reduce) { #still { display: block !important } }
@media (min-width: 700px) { #wide { display: block !important } }
</style><main><h1>States</h1><p id="night">Some text to read in the dark</p>
<button id="open" style="width:99px;height:48px" onclick="reveal()">Open</button>
<select aria-label="Kind"><option>a</option><option>b</option></select>
<input id="known" aria-label="Known">
<img id="still" style="display:none" src="/pictures/1.png">
<img id="wide" style="display:none" src="/pictures/2.png">
<div id="more" hidden><input id="hidden-input"></div></main>
<script>
function reveal() {
  more.hidden = false;
  setTimeout(() => {
    const banner = document.createElement('div');
    banner.id = 'banner';
    banner.style.height = '200px';
    banner.textContent = 'News';
    document.body.prepend(banner);
  }, 700);
}
known.addEventListener('input', () => { if (known.value === 'sesame') reveal(); });
document.querySelector('select').addEventListener('change', reveal);
</script>"""


@pytest.fixture
def url(site: Site) -> str:
    return f"{site.url}/status?code=200&body={quote(PAGE)}"


@pytest.mark.parametrize(
    "steps",
    [
        [{"click": "#open"}],
        [{"click": "text/Open"}],
        [{"fill": "#known", "text": "sesame"}],
        [{"fill": "select", "text": "b"}],
        [{"click": "#open"}, {"wait_for": "#banner"}],
    ],
    ids=str,
)
async def test_the_state_after_the_steps_is_audited(
    client: ServerClient, url: str, steps: list[dict[str, str]]
) -> None:
    answer = await client.call("run_audit", url=url, categories=ACCESSIBILITY, steps=steps)

    assert not answer.is_error, answer.text
    assert "snapshot" in answer.text
    assert "input#hidden-input" in answer.text


async def test_what_happens_during_the_steps_is_timed(client: ServerClient, url: str) -> None:
    answer = await client.call(
        "run_audit",
        url=url,
        steps=[{"click": "#open"}, {"wait_for": "#banner"}],
        mode="timespan",
    )

    assert not answer.is_error, answer.text
    assert "INP " in answer.text
    assert "because of `body > div#banner`" in answer.text
    assert "Scores of 100: best-practices" in answer.text  # none for performance


@pytest.mark.parametrize(
    ("emulated", "offender"),
    [
        ({"color_scheme": "dark"}, "p#night"),
        ({"reduced_motion": True}, "img#still"),
        ({"viewport": "800x600"}, "img#wide"),
    ],
    ids=str,
)
async def test_what_the_page_is_asked_for_counts(
    client: ServerClient, url: str, emulated: dict[str, Any], offender: str
) -> None:
    plain = await client.call("run_audit", url=url, categories=ACCESSIBILITY)
    answer = await client.call("run_audit", url=url, categories=ACCESSIBILITY, **emulated)

    assert offender not in plain.text
    assert offender in answer.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"steps": [{"click": "#nothing"}]}, "step 1 (click #nothing): it matches no element"),
        ({"steps": [{"click": "#hidden-input"}]}, "none of them visible"),
        ({"steps": [{"click": "#a", "press": "Enter"}]}, "one of click, hover"),
        ({"steps": [{"fill": "#known"}]}, "`fill` needs it"),
        ({"mode": "timespan"}, "give some"),
        ({"steps": [{"press": "Enter"}], "categories": ["performance"]}, "no timings"),
        ({"viewport": "100x100"}, "between 200 and 4000"),
    ],
    ids=str,
)
async def test_what_cannot_be_done_is_explained(
    client: ServerClient, url: str, arguments: dict[str, Any], said: str
) -> None:
    answer = await client.call("run_audit", **{"url": url, **arguments})

    assert answer.is_error
    assert said in answer.text
