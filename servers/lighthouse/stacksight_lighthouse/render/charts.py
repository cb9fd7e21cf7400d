"""Draws how the scores of a page went. No I/O."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 560, 260
LEFT, RIGHT, TOP, BOTTOM = 36, 150, 12, 24
COLOURS = {
    "performance": "#d4002a",
    "accessibility": "#0057d4",
    "best-practices": "#007a33",
    "seo": "#7a1fa2",
}
GRID = (0, 50, 90, 100)  # Lighthouse's own limits between red, orange and green
FONT_SIZE = 13
LABEL_STEP = 15


def draw_trend(series: Mapping[str, Sequence[int]], first: str, last: str) -> bytes:
    """Return a PNG with a line for each category.

    Args:
        series: scores between 0 and 100 by category, from the oldest to the newest.
        first: when the oldest was made.
        last: when the newest was made.
    """
    chart = Image.new("RGB", (WIDTH, HEIGHT), "white")
    pen = ImageDraw.Draw(chart)
    for score in GRID:
        y = _y(score)
        pen.line((LEFT, y, WIDTH - RIGHT, y), "#dddddd")
        pen.text((4, y - FONT_SIZE / 2), str(score), "#555555", _font())
    pen.text((LEFT, HEIGHT - BOTTOM + 4), first, "#555555", _font())
    width = pen.textlength(last, _font())
    pen.text((WIDTH - RIGHT - width, HEIGHT - BOTTOM + 4), last, "#555555", _font())
    labels: list[float] = []
    for name, scores in series.items():
        colour = COLOURS.get(name, "#333333")
        points = [(_x(place, len(scores)), _y(score)) for place, score in enumerate(scores)]
        pen.line(points, colour, 2)
        for x, y in points:
            pen.ellipse((x - 3, y - 3, x + 3, y + 3), fill=colour)
        y = _free(points[-1][1], labels)
        labels.append(y)
        pen.text((WIDTH - RIGHT + 8, y - FONT_SIZE / 2), f"{name} {scores[-1]}", colour, _font())
    out = io.BytesIO()
    chart.quantize(64).save(out, "PNG", optimize=True)
    return out.getvalue()


def _x(place: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (place / (count - 1) if count > 1 else 1)


def _y(score: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - score / 100)


def _free(wanted: float, taken: Sequence[float]) -> float:
    """Return a place for a label near the wanted one, below those that are taken."""
    while any(abs(wanted - other) < LABEL_STEP for other in taken):
        wanted += LABEL_STEP
    return wanted


def _font() -> Any:
    return ImageFont.load_default(FONT_SIZE)
