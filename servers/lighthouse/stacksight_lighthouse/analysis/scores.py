"""The scores of an audit's categories."""

from collections.abc import Mapping
from typing import Any


def scores_of(lhr: Mapping[str, Any]) -> dict[str, int]:
    """Return the scores that an audit gave, by category, from 0 to 100.

    A timespan has none for performance: Lighthouse weighs what is left of the metrics of a load.
    """
    return {
        name: round(100 * category["score"])
        for name, category in lhr["categories"].items()
        if category["score"] is not None
        and not (name == "performance" and lhr["gatherMode"] == "timespan")
    }
