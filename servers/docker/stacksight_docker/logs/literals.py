"""What a text must hold for a regular expression to match it."""

import re

MIN_CHARS = 3
# Characters that a log's file holds as they are, whatever wrote the line.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _.:;,@#%+=-!~")
_CLASSES = frozenset("dDwWsSbBAZ")
# What may match the end of a line, or do so by a flag.
_SPANS = re.compile(r"\\[^dwbBSAZ.\-+*?()\[\]{}|/:^$]|\[\^|\(\?(?!:)|[\0-\x1f]")


def required_literals(expression: str) -> tuple[str, ...]:
    """Return texts of which a match holds one at least, case ignored, in lower case.

    Only what is plain to see is used: runs of characters outside of groups and sets. Empty when an
    alternative has no such run of MIN_CHARS, or for what is not known here.
    """
    found: list[str] = []
    for runs in _alternatives(expression):
        longest = max(runs, key=len, default="")
        if len(longest) < MIN_CHARS:
            return ()
        found.append(longest.lower())
    return tuple(dict.fromkeys(found))


def may_span_lines(expression: str) -> bool:
    """Tell whether an expression may match over the end of a line; in doubt it may."""
    return bool(_SPANS.search(expression))


def _alternatives(expression: str) -> list[list[str]]:
    """Return each alternative's runs of literal characters; one without any for the unknown."""
    alternatives = [[""]]
    at = 0
    while at < len(expression):
        step, literal = _token(expression, at)
        if not step:
            return [[]]
        runs = alternatives[-1]
        if literal:
            runs[-1] += literal
        elif expression[at] == "|":
            alternatives.append([""])
        else:
            if expression[at] in "?*{":  # the character before may be missing
                runs[-1] = runs[-1][:-1]
            runs.append("")
        at += step
    return alternatives


def _token(expression: str, at: int) -> tuple[int, str]:
    """Return a token's length, 0 when it is not understood, and the character that it stands for.

    The character is empty for what is no literal, or none that is safe to look for.
    """
    char = expression[at]
    if char == "\\":
        escaped = expression[at + 1 : at + 2]
        if escaped.isalnum():
            return (2 if escaped in _CLASSES else 0), ""
        return 2, escaped if escaped in _SAFE else ""
    if char in "([":
        return _skip(expression, at), ""
    if char == "{":
        return expression.find("}", at) - at + 1 if "}" in expression[at:] else 0, ""
    return 1, char if char in _SAFE and char not in ".+" else ""


def _skip(expression: str, at: int) -> int:
    """Return the length of the group or set that begins here; 0 for one that is not understood."""
    if expression.startswith("(?", at) and not expression.startswith("(?:", at):
        return 0
    depth, position = 0, at
    while position < len(expression):
        char = expression[position]
        if char == "\\":
            position += 1
        elif char == "[":
            position = _set_end(expression, position)
            if position < 0:
                return 0
        elif char == "(":
            if (
                expression.startswith("(?", position)
                and expression[position + 2 : position + 3] != ":"
            ):
                return 0
            depth += 1
        elif char == ")":
            depth -= 1
        position += 1
        if depth == 0:
            return position - at
    return 0


def _set_end(expression: str, at: int) -> int:
    """Return where a set ends; -1 for one with another inside."""
    position = at + 1
    if expression[position : position + 1] == "^":
        position += 1
    if expression[position : position + 1] == "]":
        position += 1
    while position < len(expression):
        char = expression[position]
        if char == "\\":
            position += 1
        elif char == "[":
            return -1
        elif char == "]":
            return position
        position += 1
    return -1
