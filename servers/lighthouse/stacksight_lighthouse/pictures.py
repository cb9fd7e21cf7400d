"""Draws: parts of a page's screenshot with numbered boxes, and a film of its loading. No I/O."""

import base64
import io
from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.boxes import FILM, View, view_of
from stacksight_lighthouse.models import Box, Picture

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
    page = _open(lhr["fullPageScreenshot"]["screenshot"]["data"])
    area = view.area
    corners = (area.left, area.top, area.left + area.width, area.top + area.height)
    picture = page.crop(corners)
    edge = max(picture.size)
    scale = min(1.0, MAX_EDGE / edge)
    if close and edge < CLOSE_UP_EDGE:
        scale = CLOSE_UP_EDGE / edge
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size)
    pen = ImageDraw.Draw(picture)
    for box in view.boxes:
        _mark(pen, box, view, scale)
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


def _mark(pen: ImageDraw.ImageDraw, box: Box, view: View, scale: float) -> None:
    colour = COLOURS[(box.number - 1) % len(COLOURS)]
    left = (box.rect.left - view.area.left) * scale
    top = (box.rect.top - view.area.top) * scale
    right = left + max(box.rect.width * scale, 2 * _LINE)
    bottom = top + max(box.rect.height * scale, 2 * _LINE)
    pen.rectangle((left, top, right, bottom), outline=colour, width=_LINE)
    text = str(box.number)
    width = pen.textlength(text, _font()) + 2 * _PAD
    label_top = max(0.0, top - FONT_SIZE - _PAD)
    pen.rectangle((left, label_top, left + width, label_top + FONT_SIZE + _PAD), fill=colour)
    pen.text((left + _PAD, label_top), text, "white", _font())


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
