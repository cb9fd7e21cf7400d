"""Draws: parts of a page's screenshot with numbered boxes, and a film of its loading. No I/O."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.boxes import FILM, View, view_of
from stacksight_lighthouse.models.audits import Box, Picture

Json = Mapping[str, Any]

MAX_EDGE = 1500
CLOSE_UP_EDGE = 600
"""A close-up smaller than this is enlarged to it."""
COLOURS = ("#d4002a", "#0057d4", "#007a33", "#a43c00", "#7a1fa2")
FRAME_WIDTH = 180
FONT_SIZE = 15
ERROR_NO_SCREENSHOT = "This audit has no picture of the page: Lighthouse could not take one."
ERROR_NO_FILM = (
    "This audit has no filmstrip: it did not run performance. Run it again with that category."
)

_LINE = 2
_PAD = 3
_DASH = 5


def take_picture(audit_id: str, lhr: Json, what: str, number: int | None) -> Picture:
    """Return a picture of an audit.

    Args:
        audit_id: the audit's handle.
        lhr: its result.
        what: ``filmstrip``, ``page``, a topic or a check.
        number: of one box, to be shown alone and closely.

    Raises:
        ToolFailure: there is nothing of that kind to show.
    """
    url = inline(lhr["finalDisplayedUrl"], 300)
    if what == FILM:
        png, (width, height) = _draw_film(lhr)
        return Picture(
            audit_id=audit_id, url=url, subject=what, width=width, height=height, png=png
        )
    if not lhr.get("fullPageScreenshot"):
        raise ToolFailure(ERROR_NO_SCREENSHOT)
    view = view_of(lhr, audit_id, what, number)
    return Picture(
        audit_id=audit_id,
        url=url,
        subject=what if number is None else f"{what}, box {number}",
        **view.area.model_dump(),
        boxes=view.boxes,
        outside=view.outside,
        png=_draw_view(lhr, view, close=number is not None),
    )


def _draw_view(lhr: Json, view: View, *, close: bool) -> bytes:
    """Return a PNG of a part of the page, with its boxes.

    Args:
        lhr: with its full-page screenshot.
        view: which part, and what to mark.
        close: enlarge a small part.
    """
    shot = view.closeup or lhr["fullPageScreenshot"]["screenshot"]
    page = _open(shot["data"])
    area = view.area
    # A page without a viewport of its own is laid out wider than its picture.
    across, down = page.width / shot["width"], page.height / shot["height"]
    left, top = area.left * across, area.top * down
    corners = (left, top, left + area.width * across, top + area.height * down)
    edge = max(area.width, area.height)
    scale = min(1.0, MAX_EDGE / edge)
    if close and edge < CLOSE_UP_EDGE:
        scale = CLOSE_UP_EDGE / edge
    size = (max(1, round(area.width * scale)), max(1, round(area.height * scale)))
    picture = page.crop(tuple(map(round, corners))).resize(size)
    pen = ImageDraw.Draw(picture)
    drawn = view.boxes if view.closeup else [box for box in view.boxes if not box.hidden]
    for box in drawn:
        _outline(pen, box, view, scale)
    labels: list[_Label] = []
    for box in drawn:  # above all outlines, and none above another
        labels.append(_label(pen, box, view, scale, labels))
    return _png(picture)


def _draw_film(lhr: Json) -> tuple[bytes, tuple[int, int]]:
    """Return a PNG of how the page appeared, frame by frame with its time, and its size."""
    film = lhr["audits"].get("screenshot-thumbnails", {}).get("details")
    if not film:
        raise ToolFailure(ERROR_NO_FILM)
    frames = film["items"]
    pictures = [_scaled(_open(frame["data"]), FRAME_WIDTH) for frame in frames]
    height = max(picture.height for picture in pictures) + FONT_SIZE + 4 * _PAD
    strip = Image.new("RGB", ((FRAME_WIDTH + _PAD) * len(frames), height), "white")
    pen = ImageDraw.Draw(strip)
    for place, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
        left = place * (FRAME_WIDTH + _PAD)
        pen.text((left + _PAD, _PAD), format_duration(frame["timing"] / 1000), "black", _font())
        strip.paste(picture, (left, height - picture.height))
    return _png(strip), strip.size


def _outline(pen: ImageDraw.ImageDraw, box: Box, view: View, scale: float) -> None:
    left, top = _corner(box, view, scale)
    right = left + max(box.rect.width * scale, 2 * _LINE)
    bottom = top + max(box.rect.height * scale, 2 * _LINE)
    colour = _colour(box)
    pen.rectangle((left, top, right, bottom), outline=colour, width=_LINE)
    if box.moved_from:
        _mark_move(pen, box, view, scale, colour)


_Label = tuple[float, float, float, float]


def _label(
    pen: ImageDraw.ImageDraw, box: Box, view: View, scale: float, others: Sequence[_Label]
) -> _Label:
    """Draw a box's number at its corner, or beside the numbers that are already there."""
    text = str(box.number)
    width, height = pen.textlength(text, _font()) + 2 * _PAD, FONT_SIZE + _PAD
    left, top = _corner(box, view, scale)
    left, top = max(0.0, left), max(0.0, top - height)
    label = (left, top, left + width, top + height)
    for _ in range(len(others)):
        taken = next((other for other in others if _overlap(label, other)), None)
        if taken is None:
            break
        label = (taken[2] + 1, top, taken[2] + 1 + width, top + height)
    pen.rectangle(label, fill=_colour(box))
    pen.text((label[0] + _PAD, top), text, "white", _font())
    return label


def _corner(box: Box, view: View, scale: float) -> tuple[float, float]:
    return (box.rect.left - view.area.left) * scale, (box.rect.top - view.area.top) * scale


def _colour(box: Box) -> str:
    return COLOURS[(box.number - 1) % len(COLOURS)]


def _overlap(one: _Label, other: _Label) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _mark_move(pen: ImageDraw.ImageDraw, box: Box, view: View, scale: float, colour: str) -> None:
    """Draw where an element was, in dashes, and an arrow to where it is."""
    was = box.moved_from
    assert was is not None
    left, top = (was.left - view.area.left) * scale, (was.top - view.area.top) * scale
    right, bottom = left + was.width * scale, top + was.height * scale
    for start in range(round(left), round(right), 2 * _DASH):
        for y in (top, bottom):
            pen.line((start, y, min(start + _DASH, right), y), colour, _LINE)
    for start in range(round(top), round(bottom), 2 * _DASH):
        for x in (left, right):
            pen.line((x, start, x, min(start + _DASH, bottom)), colour, _LINE)
    share = (box.number % 8 + 1) / 9  # arrows of boxes of the same width lie side by side
    x, y = left + share * (right - left), top
    end_x, end = _corner(box, view, scale)
    end_x += share * box.rect.width * scale
    if abs(end - y) + abs(end_x - x) < _DASH:
        return
    pen.line((x, y, end_x, end), colour, 2 * _LINE)
    pen.ellipse((end_x - _DASH, end - _DASH, end_x + _DASH, end + _DASH), fill=colour)


def _font() -> Any:
    return ImageFont.load_default(FONT_SIZE)


def _open(data_url: str) -> Image.Image:
    content = base64.b64decode(data_url.partition(",")[2])
    return Image.open(io.BytesIO(content)).convert("RGB")


def _scaled(picture: Image.Image, width: int) -> Image.Image:
    return picture.resize((width, max(1, round(picture.height * width / picture.width))))


def _png(picture: Image.Image) -> bytes:
    few = picture.quantize(
        256, dither=Image.Dither.NONE
    )  # a page has few colours; a third the size
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
