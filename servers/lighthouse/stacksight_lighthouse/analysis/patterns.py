"""Folds offenders of the same kind: 40 inputs in 40 rows of a list are one pattern."""

import re
from collections.abc import Iterable

from stacksight_lighthouse.models.audits import Element, Item, Pattern

_NUMBER = re.compile(r"(?<![#\w])\d+(?:\.\d+)?")  # not the digits of a colour
_CLASS = re.compile(r"""\bclass\s*=\s*["']([^"']*)["']""")
_STEP = re.compile(r"^([a-zA-Z][\w-]*|\*)")


def fold(items: Iterable[Item]) -> list[Pattern]:
    """Group items by their place in the page's structure and by what is wrong with them.

    Returns:
        The patterns, largest first, those of the same size in the order of the items.
    """
    return [
        Pattern(count=len(group), where=_where(group), example=group[0]) for group in _groups(items)
    ]


def arrange(items: Iterable[Item]) -> list[Item]:
    """Return the items with those of a pattern together, the largest pattern first."""
    return [item for group in _groups(items) for item in group]


def _groups(items: Iterable[Item]) -> list[list[Item]]:
    groups: dict[object, list[Item]] = {}
    for item in items:
        groups.setdefault(_key(item), []).append(item)
    return sorted(groups.values(), key=len, reverse=True)


def _key(item: Item) -> object:
    if item.element is None:
        return (item.url, *sorted(item.facts.items()), *(_key(cause) for cause in item.causes))
    element = item.element
    steps = tuple(part for part in element.path.split(",") if not part.isdigit())
    classes = tuple(sorted(_classes(element)))
    wrong = _NUMBER.sub("N", element.explanation or "")
    return (steps or element.selector, classes, wrong, *(_key(cause) for cause in item.causes))


def _where(group: list[Item]) -> str | None:
    elements = [item.element for item in group if item.element]
    if not elements:
        return group[0].url
    return common_selector(elements)


def common_selector(elements: list[Element]) -> str:
    """Return a selector that matches all elements: what differs between theirs is left out.

    ``li#row-1 > input`` and ``li#row-2 > input`` give ``li > input``.
    """
    paths = [element.selector.split(" > ") for element in elements]
    first = paths[0]
    if any(len(path) != len(first) for path in paths):
        shortest = min(len(path) for path in paths)
        paths = [path[-shortest:] for path in paths]
    return " > ".join(_common_step(steps) for steps in zip(*paths, strict=True))


def _common_step(steps: tuple[str, ...]) -> str:
    if len(set(steps)) == 1:
        return steps[0]
    tags = {match[1] for step in steps if (match := _STEP.match(step))}
    if len(tags) != 1:
        return "*"
    classes = [set(re.findall(r"\.[\w-]+", step)) for step in steps]
    shared = sorted(set.intersection(*classes))
    return tags.pop() + "".join(shared)


def _classes(element: Element) -> list[str]:
    found = _CLASS.search(element.snippet)
    return found[1].split() if found else []
