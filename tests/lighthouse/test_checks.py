"""Checks that this server adds to those of Lighthouse, in a real Chrome."""

import json
import re

import pytest

from tests.lighthouse.faults import FAULTS
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient

UNTIMED = ["accessibility", "best-practices", "seo"]
OURS = [
    "keyboard-trap",
    "keyboard-cycle",
    "invisible-focus",
    "clickable-text",
    "contrast-on-gradient",
    "contrast-in-frame",
    "label-in-inner-frame",
    "label-in-foreign-frame",
    "contrast-in-closed-shadow",
    "pale-placeholder",
    "missing-image",
    "undecodable-image",
    "covered-button",
    "loud-video",
    "tiny-text",
    "too-wide",
    "old-library",
]


@pytest.mark.parametrize("name", OURS)
async def test_what_lighthouse_leaves_to_people_is_found_and_seen(
    client: ServerClient, site: Site, name: str
) -> None:
    fault = FAULTS[name]
    audit = await client.call("run_audit", url=f"{site.url}/fault/{name}", categories=UNTIMED)
    found = re.search(r"audit-[0-9a-f]{8}", audit.text)
    assert found
    assert fault.check in audit.text
    assert fault.offender in audit.text
    assert "in no score" in audit.text

    if fault.drawn:
        seen = await client.call("show_audit", audit_id=found[0], what=fault.check)
        assert not seen.is_error
        assert fault.offender in seen.text


async def test_a_good_page_passes_them_and_keeps_its_scores(
    client: ServerClient, site: Site
) -> None:
    audit = await client.call("run_audit", url=f"{site.url}/good.html", categories=UNTIMED)
    found = re.search(r"audit-[0-9a-f]{8}", audit.text)
    assert found
    assert audit.text.startswith("No check fails. Scores of 100: accessibility 100")

    everything = await client.call("inspect_audit", audit_id=found[0])
    [passes] = [line for line in everything.text.splitlines() if line.startswith("passes (")]
    for name in ("keyboard-trap", "focus-visible", "mouse-only-control", "font-size"):
        assert name in passes


async def test_they_change_no_score(client: ServerClient, site: Site) -> None:
    audit = await client.call(
        "run_audit", url=f"{site.url}/fault/keyboard-trap", categories=["best-practices", "seo"]
    )
    assert "best-practices 100, seo 100" in audit.text

    url = f"{site.url}/fault/tiny-text"
    audit = await client.call("run_audit", url=url, categories=["seo"])
    result = await client.sdk.read_resource(
        f"lighthouse://audits/audit-{audit.text.split('audit-')[1][:8]}/report.json"
    )
    [content] = result.contents
    lhr = json.loads(getattr(content, "text", "{}"))
    weights = {ref["id"]: ref["weight"] for ref in lhr["categories"]["seo"]["auditRefs"]}
    assert weights["font-size"] == 0
    assert lhr["categories"]["seo"]["score"] == 1


async def test_a_dialog_that_escape_closes_is_no_trap(client: ServerClient, site: Site) -> None:
    audit = await client.call("run_audit", url=f"{site.url}/modal.html", categories=UNTIMED)

    assert not audit.is_error
    assert "keyboard-trap" not in audit.text


async def test_what_only_looks_like_a_fault_is_none(client: ServerClient, site: Site) -> None:
    audit = await client.call("run_audit", url=f"{site.url}/decent.html", categories=UNTIMED)
    assert audit.text.startswith("No check fails"), audit.text

    # What cannot be judged is no pass either.
    assert (
        "1 x text in front of a picture, whose contrast cannot be measured: body > main > p#motto"
        in audit.text
    )
    assert "frame-content: not looked into: 1 of the frames" in audit.text
