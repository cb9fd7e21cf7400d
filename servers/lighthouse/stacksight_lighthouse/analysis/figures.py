"""The figures of one run that a budget can be held against, small enough to keep for every run."""

from collections.abc import Mapping
from typing import Any

from stacksight_lighthouse.models.audits import Figures

Json = Mapping[str, Any]

# score, scoreDisplayMode, numericValue, number of items
_Figure = tuple[float | None, str, float | None, int | None]


def figures_of(lhr: Json) -> Figures:
    """Return the figures of a run: of every check, every category, and what was transferred.

    Returns:
        ``audits``: by id, [score, scoreDisplayMode, numericValue, number of items].
        ``categories``: by id, the score or None.
        ``resources``: by type, [bytes transferred, requests].
        ``timings``: the page's own marks and measures, in milliseconds.
    """
    return {
        "audits": {audit_id: _figure(audit) for audit_id, audit in lhr["audits"].items()},
        "categories": {name: category["score"] for name, category in lhr["categories"].items()},
        "resources": {
            item["resourceType"]: [item["transferSize"], item["requestCount"]]
            for item in _items(lhr, "resource-summary")
        },
        "timings": {
            item["name"]: item.get("duration") or item.get("startTime") or 0
            for item in _items(lhr, "user-timings")
        },
    }


def _figure(audit: Json) -> _Figure:
    items = (audit.get("details") or {}).get("items")
    length = len(items) if isinstance(items, list) else None
    return audit.get("score"), audit["scoreDisplayMode"], audit.get("numericValue"), length


def _items(lhr: Json, audit_id: str) -> list[Json]:
    details = (lhr["audits"].get(audit_id) or {}).get("details") or {}
    return list(details.get("items") or [])
