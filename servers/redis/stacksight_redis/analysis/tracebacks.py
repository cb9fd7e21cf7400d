"""What a stored traceback tells: the exception, and the place in the project's own code. Pure."""

import re

_FRAME = re.compile(r'^[ |+]*File "([^"]+)", line (\d+), in (\S+)', re.M)
LIBRARY = re.compile(r"site-packages|dist-packages|/lib/python\d|[\\/]dramatiq[\\/]|<frozen")
_ERROR_LINE = re.compile(r"([A-Za-z_][\w.<>]*)(?:: ?(.*))?$", re.S)
_CHAINED = re.compile(
    r"^\n?(?:The above exception was the direct cause of the following exception|"
    r"During handling of the above exception, another exception occurred):\n",
    re.M,
)
_HEADER = "Traceback (most recent call last):"


def error_of(traceback: str) -> tuple[str, str] | None:
    """Exception type and message: of the last exception of a chain, of a group as a whole.

    A message of several lines is joined by spaces; lines of it that look like a frame or an error
    do not mislead, since the error stands in the first line after the frames that is not indented.
    """
    _, error = _split(traceback)
    match = _ERROR_LINE.match(error)
    if match is None:
        return None
    return match[1], " ".join((match[2] or "").split())


def frame_of(traceback: str) -> str | None:
    """The last frame in the project's own code, else the last: ``jobs/mail.py:12 in send``."""
    stack, _ = _split(traceback)
    frames = _FRAME.findall(stack)
    own = [frame for frame in frames if not LIBRARY.search(frame[0])] or frames
    if not own:
        return None
    path, line, name = own[-1]
    short = "/".join(path.replace("\\", "/").split("/")[-2:])
    return f"{short}:{line} in {name}"


def _split(traceback: str) -> tuple[str, str]:
    """The frames and the error of the last traceback of a chain."""
    last = _CHAINED.split(traceback)[-1]
    _, header, body = last.partition(_HEADER)
    lines = (body if header else last).strip("\n").splitlines()
    # An exception group stands behind a margin of "  | " up to its first member.
    margin = "  | " if lines and lines[0].startswith("  | ") else ""
    lines = [line.removeprefix(margin) for line in lines]
    start = next((n for n, line in enumerate(lines) if line[:1] not in ("", " ")), len(lines))
    error = lines[start:]
    if margin:
        error = error[:1]
    return "\n".join(lines[:start]), "\n".join(error)
