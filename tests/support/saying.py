"""Which facts of a model its text does not say."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from stacksight_core.units import format_bytes, format_count, format_duration

BEGINNING = 40
"""So many characters of a text count: what follows may be cut."""
TELLING = 10
"""Smaller numbers would be found in nearly every text."""


def unsaid(model: Any, text: str, known: Iterable[str] = ()) -> set[str]:
    """Return the paths of texts and numbers in a model that its text does not have.

    A number counts as said in any of the forms in which the servers write numbers.

    Args:
        model: as it was sent.
        text: that was sent with it.
        known: paths, or parts of such, that are left out.
    """
    flat = text.replace("\\n", "\n")
    missing = {path for path, value in _leaves(model, "") if not _is_said(value, flat)}
    return {path for path in missing if not any(f".{part}." in f".{path}." for part in known)}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, f"{path}[]")
    else:
        yield path, value


def _is_said(value: Any, text: str) -> bool:
    if isinstance(value, str):
        time = value[11:19] if value[:2] == "20" and value.endswith("Z") else ""
        return value[:BEGINNING] in text or (time != "" and time in text)
    if value is None or isinstance(value, bool) or abs(value) < TELLING:
        return True
    return any(
        re.search(rf"(?<![\w.,]){re.escape(f)}(?!(?!x )\w|[.,]\d)", text) for f in _forms(value)
    )


def _forms(number: float) -> Iterator[str]:
    yield from (f"{number:g}", f"{number:.1f}", f"{number:,.1f}", f"{number:.2f}", str(number))
    yield from (format_count(number), format_bytes(number))
    yield from (format_duration(number), format_duration(number / 1000))
