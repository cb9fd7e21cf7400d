"""Text that comes from the systems looked at: rows, log lines, job arguments, page text.

It may hold anything, also text meant to steer the agent. It is cleaned of what cannot be seen,
kept on one line where one line is expected, and fenced where it is shown at length.
"""

import re
import secrets

# ANSI: CSI and OSC sequences, then the remaining two-byte escapes (ECMA-48).
_ANSI = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_].*?(?:\x1b\\|\x07|$)|\x1b[ -/]*[0-~]?", re.S
)
# Control characters but tab and newline; bidirectional marks and overrides; zero-width and other
# invisible characters; tag characters and the supplementary variation selectors, which hide text
# in plain sight; lone surrogates, which cannot be encoded.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff"
    "\ud800-\udfff]"
)
_BREAKS = re.compile("\r\n?|[\u2028\u2029]")


def clean(text: str) -> str:
    """Return the text without ANSI sequences, control, bidirectional and invisible characters.

    Newlines (also written as CR, CRLF, LS or PS) and tabs stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return _INVISIBLE.sub("", _BREAKS.sub("\n", _ANSI.sub("", text)))


def inline(text: str, limit: int = 200) -> str:
    r"""Return the text cleaned, on one line and at most ``limit`` characters long.

    Newlines and tabs become visible as ``\n`` and ``\t``; a cut text says how much is missing.
    """
    flat = clean(text).replace("\n", "\\n").replace("\t", "\\t")
    if len(flat) <= limit:
        return flat
    return f"{flat[:limit]}… (+{len(flat) - limit} chars)"


def fence(text: str, source: str) -> str:
    """Return the text between two tags that it cannot forge.

    Args:
        text: what a system returned.
        source: what it is, in a few words of ours: ``rows``, ``log lines``.
    """
    tag = f"untrusted-{secrets.token_hex(3)}"
    return f"<{tag} {source}>\n{clean(text)}\n</{tag}>"
