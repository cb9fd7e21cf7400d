"""Flattens the details of a Lighthouse audit into items: an element or an address, and facts.

Lighthouse describes details for its report: tables with typed columns, lists of tables, check
lists, trees. Here they all become one list.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from stacksight_core.units import format_bytes, format_count, format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.models.audits import Element, Item, Rect

SNIPPET_CHARS = 160
TEXT_CHARS = 200
URL_CHARS = 100
EXPLANATION_CHARS = 300
MAX_REASONS = 4

Json = Mapping[str, Any]


def items_of(audit: Json, page_url: str) -> list[Item]:
    """Return the items of an audit of an LHR, in Lighthouse's order.

    Args:
        audit: a value of ``lhr["audits"]``.
        page_url: the page's address; addresses of the same origin are shortened to their paths.
    """
    return list(_flatten(audit.get("details") or {}, urlsplit(page_url)[:2]))


def _flatten(details: Json, origin: Any) -> Iterator[Item]:
    reader = _READERS.get(details.get("type", ""))
    if reader:
        yield from reader(details, origin)


def _table(details: Json, origin: Any) -> Iterator[Item]:
    for row in details["items"]:
        item = _row(row, details["headings"], origin)
        if item:
            yield item


def _node(details: Json, _: Any) -> Iterator[Item]:
    yield Item(element=_element(details))


def _checklist(details: Json, _: Any) -> Iterator[Item]:
    for check in details["items"].values():
        if not check["value"]:
            yield Item(facts={"": inline(check["label"], TEXT_CHARS)})


def _tree(details: Json, origin: Any) -> Iterator[Item]:
    for chain in details["chains"].values():
        yield Item(facts={"longest chain": _longest_chain(chain, origin)})


def _list(details: Json, origin: Any) -> Iterator[Item]:
    items = [i for entry in details["items"] if entry for i in _flatten(entry, origin)]
    kinds = [entry["type"] for entry in details["items"] if isinstance(entry, Mapping)]
    if kinds == ["checklist", "node"] and len(items) > 1:  # what is wrong, and with which element
        wrong = "; ".join(fact for item in items for fact in item.facts.values())
        items = [Item(element=items[-1].element, facts={"": wrong})]
    yield from items


def _section(details: Json, origin: Any) -> Iterator[Item]:
    if isinstance(details["value"], Mapping):
        yield from _flatten(details["value"], origin)


_READERS: Mapping[str, Callable[[Json, Any], Iterator[Item]]] = {
    "table": _table,
    "opportunity": _table,
    "node": _node,
    "checklist": _checklist,
    "network-tree": _tree,
    "list": _list,
    "list-section": _section,
}


def _row(row: Json, headings: Sequence[Json], origin: Any) -> Item | None:
    element = None
    url = None
    facts: dict[str, str] = {}
    for heading in headings:
        key = heading.get("key")
        value = row.get(key) if key else None
        if value is None:
            continue
        label = str(heading.get("label") or "")
        if isinstance(value, Mapping):
            if value.get("type") == "node":
                element = element or _element(value)
                continue
            if value.get("type") == "text" and value.get("value") == "Total":
                return None  # a sum, not an item
            if value.get("type") == "source-location":
                url = url or _location(value, origin)
                continue
        kind = value.get("type") if isinstance(value, Mapping) else heading.get("valueType")
        text = _text(value, str(kind), origin)
        if kind == "url" and url is None:
            url = text
        elif text:
            facts[label.lower()] = text
    causes = [
        cause
        for sub in (row.get("subItems") or {}).get("items", [])
        if (cause := _sub_row(sub, headings, origin))
    ]
    if not (element or url or facts or causes):
        return None
    return Item(element=element, url=url, facts=facts, causes=causes)


def _sub_row(sub: Json, headings: Sequence[Json], origin: Any) -> Item | None:
    columns = [
        {"valueType": heading.get("valueType"), **below}
        for heading in headings
        if (below := heading.get("subItemsHeading"))
    ]
    return _row(sub, columns, origin)


def _element(node: Json) -> Element | None:
    selector = str(node.get("selector") or "")
    snippet = str(node.get("snippet") or "")
    if not (selector or snippet):
        return None
    label = str(node.get("nodeLabel") or "")
    box = node.get("boundingRect")
    return Element(
        selector=inline(selector, TEXT_CHARS),
        snippet=inline(snippet, SNIPPET_CHARS),
        label=inline(label, 60) if label and label not in (selector, snippet) else None,
        explanation=_explanation(node.get("explanation")),
        path=str(node.get("path") or ""),
        node_id=node.get("lhId"),
        rect=Rect(**{side: round(box[side]) for side in Rect.model_fields}) if box else None,
    )


def _explanation(text: Any) -> str | None:
    """Turn axe's list of what is wrong into one line.

    Of "Fix any of the following" one suffices and the first is the usual one; the rest is left out.
    """
    if not text:
        return None
    reasons: list[str] = []
    wanted = 0
    for line in (line.strip() for line in str(text).splitlines()):
        if line.startswith("Fix "):
            wanted = len(reasons) + (1 if line.startswith("Fix any") else MAX_REASONS)
        elif line and len(reasons) < max(wanted, 1):
            reasons.append(line)
    return inline("; ".join(reasons), EXPLANATION_CHARS) or None


def _location(value: Json, origin: Any) -> str:
    original = value.get("original")  # by the script's source map
    if isinstance(original, Mapping) and original.get("file"):
        file = inline(str(original["file"]), URL_CHARS)
        return f"{file}:{original.get('line', 0) + 1}:{original.get('column', 0)}"
    where = _short_url(str(value.get("url") or ""), origin)
    return f"{where}:{value.get('line', 0) + 1}:{value.get('column', 0)}"


def _text(value: Any, kind: str, origin: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("value", value.get("text", ""))
    if kind in {"url", "link"} and isinstance(value, str):
        return _short_url(value, origin)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, kind)
    return inline(str(value), TEXT_CHARS)


def _number(value: float, kind: str) -> str:
    if kind == "bytes":
        return format_bytes(value)
    if kind in {"ms", "timespanMs"}:
        return format_duration(value / 1000)
    return format_count(value) if float(value).is_integer() else f"{value:.3g}"


def _short_url(url: str, origin: Any) -> str:
    parts = urlsplit(url) if not url.startswith("data:") else None
    if parts is not None and parts[:2] == origin:
        url = url[len(f"{parts.scheme}://{parts.netloc}") :] or "/"
    return inline(url, URL_CHARS)


def _longest_chain(node: Json, origin: Any) -> str:
    hops = []
    current: Json | None = node
    while current:
        duration = format_duration(float(current["navStartToEndTime"]) / 1000)
        hops.append(f"{_short_url(current['url'], origin)} ({duration})")
        children = current["children"].values()
        current = next((child for child in children if child.get("isLongest")), None)
    return " → ".join(hops)
