"""The size of an answer."""

import re

MAX_ANSWER_CHARS = 20_000
"""No answer is longer. Tools bound their data well below; this is the last resort."""

TEXT_CHARS = 8_000
"""What a tool should aim at by default: about 2,000 tokens."""

_CUT_NOTE = (
    "\n[cut here: the answer had {total:,} characters, {limit:,} is the most. "
    "Ask for less: a smaller limit, a narrower filter, or the next page by cursor.]"
)
_OPEN_TAG = re.compile(r"<(untrusted-[0-9a-f]{6}) [^>\n]*>$", re.M)


def clip_answer(text: str, limit: int = MAX_ANSWER_CHARS) -> str:
    """Cut an answer at a line's end so that it fits, close an open fence and say so."""
    if len(text) <= limit:
        return text
    note = _CUT_NOTE.format(total=len(text), limit=limit)
    kept = text[: limit - len(note) - 40]
    kept = kept[: kept.rfind("\n")] if "\n" in kept[1:] else kept
    for tag in _OPEN_TAG.findall(kept):
        if f"</{tag}>" not in kept:
            kept += f"\n</{tag}>"
    return kept + note
