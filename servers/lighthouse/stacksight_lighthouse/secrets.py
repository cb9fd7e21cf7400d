"""Masks in a result the values that opened the page: pages like to repeat them."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from stacksight_core.redact import MASK

# What Lighthouse itself writes: a secret that is spelled like one of its words changes nothing.
_LIGHTHOUSE_ONLY = frozenset(
    "categories categoryGroups configSettings environment fullPageScreenshot i18n stackPacks "
    "timing".split()
)
_WORDS = frozenset(
    "description headings id key scoreDisplayMode type valueType itemValueType path lhId".split()
)


def mask_values(text: str, secrets: Sequence[str]) -> str:
    """Mask values, also as they stand in addresses, in a text.

    Args:
        text: anything.
        secrets: the longest first, since one may be a part of another.
    """
    for secret in secrets:
        for written in dict.fromkeys((secret, quote(secret, safe=""), quote(secret))):
            text = text.replace(written, MASK)
    return text


def mask_result(lhr: Mapping[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Return a copy of a result with the values masked in all that comes from the page."""
    return {
        name: part if name in _LIGHTHOUSE_ONLY else _masked(part, secrets)
        for name, part in lhr.items()
    }


def _masked(value: Any, secrets: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: item if key in _WORDS else _masked(item, secrets) for key, item in value.items()
        }
    if isinstance(value, list):
        return [_masked(item, secrets) for item in value]
    if isinstance(value, str) and not value.startswith("data:image/"):
        return mask_values(value, secrets)
    return value
