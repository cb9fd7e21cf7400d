"""Which elements a picture of the page marks."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_lighthouse.analysis.findings import checks_of, findings_of
from stacksight_lighthouse.analysis.items import items_of
from stacksight_lighthouse.analysis.topics import TOPICS
from stacksight_lighthouse.models.audits import Box, Item, Rect

Json = Mapping[str, Any]

PAGE = "page"
_SHIFTS = ("cls", "layout-shifts")
FILM = "filmstrip"
MAX_BOXES = 40
MAX_MOVES = 3
"""Of one shift; the browser names the largest ones first."""
VIEW_HEIGHT = 1500
CAUSE = "cause: "
MARGIN = 60
_WHOLE = 0.9
"""A box with so much of the page stands for the page itself."""

ERROR_UNKNOWN = (
    "`{what}` cannot be shown.{near} Show page (the worst findings), filmstrip, lcp, cls, or a "
    "check that names elements."
)
ERROR_NO_ELEMENTS = (
    "`{what}` names no element that has a place on this page, so there is nothing to show. "
    'inspect_audit(audit_id="{audit_id}", topic="{what}") has what it found.'
)
ERROR_NO_NUMBER = "There is no box {number}; `{what}` has boxes 1 to {last}."


@dataclass(frozen=True)
class View:
    """A part of the page, with what is marked in it.

    Attributes:
        area: in CSS pixels of the page.
        boxes: those inside, numbered in the order of the audit.
        outside: how many are not inside.
        closeup: a picture of its own for a box that the screenshot does not show.
    """

    area: Rect
    boxes: list[Box]
    outside: int
    closeup: Json | None = None


def view_of(lhr: Json, audit_id: str, what: str, number: int | None) -> View:
    """Return the part of the page to show.

    Args:
        lhr: with its full-page screenshot.
        audit_id: for messages.
        what: ``page``, a topic or a check.
        number: of one box, to be shown alone and closely.

    Raises:
        ToolFailure: there is no such thing, or it has no place on the page.
    """
    shot = lhr["fullPageScreenshot"]
    width, height = (round(shot["screenshot"][side]) for side in ("width", "height"))
    page = Rect(left=0, top=0, width=width, height=height)
    extra = lhr.get("stacksight") or {}
    boxes = _numbered(_marks(lhr, what), shot["nodes"], page, extra.get("hidden") or ())
    if what in _SHIFTS:
        boxes = _with_moves(lhr, boxes, page)
    if what == PAGE:  # a box around everything marks nothing
        boxes = _renumbered(box for box in boxes if not _covers(box.rect, page))
    if what == PAGE and not boxes:
        return View(_clip(page, 0), [], 0)
    if not boxes:
        raise ToolFailure(ERROR_NO_ELEMENTS.format(what=what, audit_id=audit_id))
    if number is not None:
        if number > len(boxes):
            raise ToolFailure(ERROR_NO_NUMBER.format(number=number, what=what, last=len(boxes)))
        box = boxes[number - 1]
        closeup = (extra.get("closeups") or {}).get(box.path)
        if closeup:
            area = Rect(
                left=0, top=0, width=round(closeup["width"]), height=round(closeup["height"])
            )
            alone = box.model_copy(update={"rect": _rect(closeup["rect"]), "hidden": False})
            return View(area, [alone], len(boxes) - 1, closeup)
        return View(_around(box.rect, page), [box], len(boxes) - 1)
    seen = [box for box in boxes if not box.hidden]
    area = _clip(page, min(box.rect.top for box in seen or boxes))
    inside = [b for b in boxes if b.hidden or b.rect.top < area.top + area.height][:MAX_BOXES]
    return View(area, inside, len(boxes) - len(inside))


def _marks(lhr: Json, what: str) -> list[tuple[str, Item]]:
    """Return the items to mark, with the words for each."""
    if what == PAGE:
        return [
            (f"{finding.check}: {pattern.count} x {pattern.where}", pattern.example)
            for finding in findings_of(lhr)
            for pattern in finding.patterns
        ]
    checks = [check for check in TOPICS.get(what, (what,)) if check in lhr["audits"]]
    if not checks:
        near = did_you_mean(what, [*checks_of(lhr), *TOPICS, PAGE, FILM])
        raise ToolFailure(ERROR_UNKNOWN.format(what=what[:60], near=near))
    return [
        mark
        for check in checks
        for item in items_of(lhr["audits"][check], lhr["finalDisplayedUrl"])
        for mark in _with_causes(item)
    ]


def _with_causes(item: Item) -> Iterable[tuple[str, Item]]:
    if item.element:
        yield item.element.selector, item
    for cause in item.causes:
        if cause.element and cause.facts:
            yield f"{CAUSE}{cause.element.selector}", cause


def _numbered(
    marks: Iterable[tuple[str, Item]], nodes: Json, page: Rect, hidden: Container[str]
) -> list[Box]:
    words_by_place: dict[tuple[Rect, str], list[str]] = {}
    for words, item in marks:
        rect = _place(item, nodes)
        path = item.element.path if item.element else ""
        out_of_sight = path in hidden
        if rect and (out_of_sight or _visible(rect, page)):
            known = words_by_place.setdefault((rect, path if out_of_sight else ""), [])
            if words not in known and f"{CAUSE}{words}" not in known:
                known.append(words)
    return [
        Box(number=number, what="; ".join(words), rect=rect, hidden=bool(path), path=path)
        for number, ((rect, path), words) in enumerate(words_by_place.items(), 1)
    ]


def _with_moves(lhr: Json, boxes: list[Box], page: Rect) -> list[Box]:
    """Replace what shifted by where it was and where it went, as the page itself saw it."""
    shifts = (lhr["audits"]["layout-shifts"].get("details") or {}).get("items", [])
    moves = [(shift, move) for shift in shifts for move in (shift.get("moves") or ())[:MAX_MOVES]]
    moved = [
        Box(
            number=1,
            what=f"moved: {move['selector']} (layout shift score {shift['score']:.3f})",
            rect=rect,
            moved_from=came if _visible(came := _rect(move["from"]), page) else None,
        )
        for shift, move in moves
        if _visible(rect := _rect(move["to"]), page)
    ]
    if not moved:
        return boxes
    kept = [box for box in boxes if CAUSE in box.what or "unsized" in box.what]
    return _renumbered([*kept, *moved])


def _renumbered(boxes: Iterable[Box]) -> list[Box]:
    return [box.model_copy(update={"number": number}) for number, box in enumerate(boxes, 1)]


def _covers(rect: Rect, page: Rect) -> bool:
    return rect.width * rect.height >= _WHOLE * page.width * page.height


def _rect(sides: Json) -> Rect:
    return Rect(**{side: round(sides[side]) for side in Rect.model_fields})


def _place(item: Item, nodes: Json) -> Rect | None:
    if item.element is None:
        return None
    node = nodes.get(item.element.node_id or "")
    if node:
        return _rect(node)
    return item.element.rect


def _visible(rect: Rect, page: Rect) -> bool:
    """Tell whether a rectangle can be seen; an empty element is a line, which can."""
    right, bottom = rect.left + rect.width, rect.top + rect.height
    inside = rect.top < page.height and rect.left < page.width and right > 0 and bottom > 0
    return inside and (rect.width > 0 or rect.height > 0)


def _clip(page: Rect, first: int) -> Rect:
    top = max(0, min(first - MARGIN, page.height - VIEW_HEIGHT))
    return Rect(left=0, top=top, width=page.width, height=min(VIEW_HEIGHT, page.height - top))


def _around(rect: Rect, page: Rect) -> Rect:
    left, top = max(0, rect.left - MARGIN), max(0, rect.top - MARGIN)
    right = min(page.width, rect.left + rect.width + MARGIN)
    bottom = min(page.height, rect.top + rect.height + MARGIN, top + VIEW_HEIGHT)
    return Rect(left=left, top=top, width=right - left, height=bottom - top)
