import base64
import copy
import io
import re

import pytest
from mcp_types import ImageContent
from PIL import Image

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.models.audits import StoredAudit
from stacksight_lighthouse.render.drawing import COLOURS, take_picture
from stacksight_lighthouse.render.picture import render_picture
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("RGB")


def hexed(colour: object) -> str:
    assert isinstance(colour, tuple)
    return "#" + "".join(f"{part:02x}" for part in colour)


def test_the_page_is_shown_with_each_offender_in_its_box(demo_audit: StoredAudit) -> None:
    picture = take_picture("audit-1", demo_audit.lhr, "page", None)
    image = opened(picture.png)

    assert image.size == (picture.width, picture.height) == (412, 1500)
    words = " ".join(box.what for box in picture.boxes)
    for check in ("image-alt", "label", "color-contrast", "layout-shifts"):
        assert check in words
    assert len({box.rect for box in picture.boxes}) == len(picture.boxes)


def test_a_box_is_drawn_where_the_element_is(demo_audit: StoredAudit) -> None:
    picture = take_picture("audit-1", demo_audit.lhr, "label", None)
    image = opened(picture.png)

    box = picture.boxes[0]
    edge = image.getpixel((box.rect.left + 100, box.rect.top - picture.top))
    assert hexed(edge) == COLOURS[0]


def test_a_page_of_broken_pixels_is_shown(demo_audit: StoredAudit) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    lhr["fullPageScreenshot"]["screenshot"].update(width=411.99999, height=1200.26)

    assert take_picture("audit-1", lhr, "page", None).height == 1200


def test_one_box_is_shown_closely(demo_audit: StoredAudit) -> None:
    picture = take_picture("audit-1", demo_audit.lhr, "label", 7)

    assert max(opened(picture.png).size) == 600
    assert [box.number for box in picture.boxes] == [7]
    assert picture.outside == 39
    assert "li#caption-7" in render_picture(picture)


def test_a_shift_is_shown_with_its_cause(demo_audit: StoredAudit) -> None:
    words = [box.what for box in take_picture("audit-1", demo_audit.lhr, "cls", None).boxes]

    assert any(text.startswith("cause: body > main > img.hero") for text in words)


@pytest.mark.parametrize(
    ("what", "number", "said"),
    [
        ("labell", None, "Did you mean `label`"),
        ("document-title", None, "names no element"),
        ("label", 99, "has boxes 1 to 40"),
        ("filmstrip", None, "no filmstrip"),  # the recorded audit was freed of its frames
    ],
)
def test_what_cannot_be_shown_is_explained(
    demo_audit: StoredAudit, what: str, number: int | None, said: str
) -> None:
    with pytest.raises(ToolFailure, match=said):
        take_picture("audit-1", demo_audit.lhr, what, number)


async def test_pictures_of_a_new_audit_reach_the_client(client: ServerClient, site: Site) -> None:
    audit = await client.call(
        "run_audit", url=f"{site.url}/fault/late-banner", categories=["performance"]
    )
    found = re.search(r"audit-[0-9a-f]{8}", audit.text)
    assert found
    assert "because of `body > div#late-banner`" in audit.text

    shift = await client.call("show_audit", audit_id=found[0], what="cls")
    film = await client.call("show_audit", audit_id=found[0], what="filmstrip")

    assert "div#late-banner" in shift.text
    for answer in (shift, film):
        [picture] = [block for block in answer.content if isinstance(block, ImageContent)]
        assert picture.mime_type == "image/png"
        assert opened(base64.b64decode(picture.data)).width > 300


def test_boxes_fit_a_page_that_is_laid_out_wider_than_its_picture(demo_audit: StoredAudit) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    before = take_picture("audit-1", demo_audit.lhr, "label", 1)
    shot = lhr["fullPageScreenshot"]
    for measured in (shot["screenshot"], *shot["nodes"].values()):
        for side in ("width", "height", "left", "top", "right", "bottom"):
            if side in measured:
                measured[side] *= 2

    after = take_picture("audit-1", lhr, "label", 1)

    assert after.boxes[0].rect.width == 2 * before.boxes[0].rect.width
    for png in (before.png, after.png):  # the page itself, not the void beside its picture
        colours = opened(png).getcolors(100_000)
        assert colours
        assert max(colours)[1] == (255, 255, 255)


def test_what_moved_is_shown_from_where_to_where(demo_audit: StoredAudit) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    shift = lhr["audits"]["layout-shifts"]["details"]["items"][0]
    place = {"left": 20, "top": 100, "width": 200, "height": 50}
    shift["moves"] = [{"selector": "main > p", "from": place, "to": {**place, "top": 220}}]

    picture = take_picture("audit-1", lhr, "cls", None)

    [moved] = [box for box in picture.boxes if box.moved_from]
    assert (moved.rect.top, moved.moved_from.top) == (220, 100) if moved.moved_from else False
    assert "before at 20,100 (dashed)" in render_picture(picture)


def test_no_number_hides_another(demo_audit: StoredAudit) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    nodes = lhr["fullPageScreenshot"]["nodes"]
    for node in nodes.values():  # all at one place, of different sizes
        node["left"], node["top"] = 50, 200
    picture = take_picture("audit-1", lhr, "page", None)
    image = opened(picture.png)

    row = [image.getpixel((x, 184 - picture.top)) for x in range(50, 300)]
    assert len(picture.boxes) == 5
    for box in picture.boxes:
        assert any(near(pixel, COLOURS[box.number - 1]) for pixel in row)


def near(pixel: object, colour: str) -> bool:
    """Whether a pixel has a colour, but for what a palette of 256 makes of it."""
    assert isinstance(pixel, tuple)
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return all(abs(a - b) < 40 for a, b in zip(pixel, wanted, strict=True))


async def test_what_is_scrolled_out_of_sight_is_shown_alone(
    client: ServerClient, site: Site
) -> None:
    url = f"{site.url}/fault/contrast-scrolled-away"
    audit = await client.call("run_audit", url=url, categories=["accessibility"])
    found = re.search(r"audit-[0-9a-f]{8}", audit.text)
    assert found

    page = await client.call("show_audit", audit_id=found[0], what="color-contrast")
    alone = await client.call("show_audit", audit_id=found[0], what="color-contrast", number=1)

    assert "scrolled out of sight: number=1 shows it" in page.text
    [picture] = [block for block in alone.content if isinstance(block, ImageContent)]
    image = opened(base64.b64decode(picture.data))
    pale = [image.getpixel((x, y)) for x in range(60, 250) for y in range(90, 115)]
    assert any(near(pixel, "#bbbbbb") for pixel in pale)  # the text itself
