"""Answers as texts to compare."""

import re


def without_tags(text: str) -> str:
    """Return the text with the random names of its fences made equal."""
    return re.sub(r"untrusted-[0-9a-f]{6}", "untrusted-0", text)
