"""Finds the tools that a text names, and the calls that it shows. No I/O.

Written are ``server.tool`` and ``server.tool(name="value")`` in code spans or blocks, with values
as in JSON or Python, ``server.tool(…)`` where the arguments do not matter, and Claude Code's own
spelling ``mcp__server__tool``.
"""

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacksight_team.documents import Reference
from stacksight_team.model import PLUGIN

_CLAUDE_NAME = re.compile(r"\bmcp__(?P<server>[\w-]+?)__(?P<tool>[\w-]+)")
_PLUGIN_PREFIX = f"plugin_{PLUGIN}_"
_CODE = re.compile(r"```.*?```|`[^`\n]+(?:\n[^`\n]+)*`", re.DOTALL)
_BARE = re.compile(r"(?<![\w./$-])([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b(?=(\()|$)")
_STRING = re.compile(r'"[^"]*"')
_JSON_WORDS = {"true": True, "false": False, "null": None}

ERROR_UNREADABLE = "the call cannot be read: {reason}"
ERROR_POSITIONAL = "arguments have to be given by name"


@dataclass(frozen=True)
class Mention:
    """A tool that a text names.

    Attributes:
        where: the place.
        server: its server.
        tool: its name there.
        arguments: what the shown call passes; None where the tool is only named.
        unreadable: why the shown call cannot be read.
    """

    where: Reference
    server: str
    tool: str
    arguments: dict[str, Any] | None = None
    unreadable: str = ""


def mentions(path: Path, text: str, servers: Collection[str]) -> Iterator[Mention]:
    """Return every tool that a text names with its server."""
    for found in _CLAUDE_NAME.finditer(text):
        server = found["server"].removeprefix(_PLUGIN_PREFIX)
        yield Mention(_place(path, text, found.start()), server, found["tool"])
    dotted = re.compile(rf"(?<![\w./:-])({'|'.join(map(re.escape, servers))})\.([a-z][\w-]*)")
    for code in _CODE.finditer(text):
        for found in dotted.finditer(code[0]):
            where = _place(path, text, code.start() + found.start())
            yield _mention(where, found[1], found[2], code[0][found.end() :])


def bare_names(path: Path, text: str) -> Iterator[tuple[Reference, str, bool]]:
    """Return names in code spans that look like a tool's but name no server.

    With each comes whether it is called, as in ``list_queues()``.
    """
    for code in _CODE.finditer(text):
        if code[0].startswith("```"):
            continue
        span = _STRING.sub(lambda found: " " * len(found[0]), code[0].strip("`"))
        for found in _BARE.finditer(span):
            yield _place(path, text, code.start() + 1 + found.start()), found[1], bool(found[2])


def _place(path: Path, text: str, position: int) -> Reference:
    return Reference(path, text.count("\n", 0, position) + 1)


def _mention(where: Reference, server: str, tool: str, rest: str) -> Mention:
    if not rest.startswith("(") or rest.startswith("(…)"):
        return Mention(where, server, tool)
    try:
        return Mention(where, server, tool, _arguments(rest))
    except ValueError as error:
        return Mention(where, server, tool, unreadable=ERROR_UNREADABLE.format(reason=error))


def _arguments(rest: str) -> dict[str, Any]:
    """Return the arguments of a call that a text begins with."""
    for end in (found.end() for found in re.finditer(r"\)", rest)):
        try:
            call = ast.parse(f"call{rest[:end]}", mode="eval").body
        except SyntaxError:
            continue
        if not isinstance(call, ast.Call):
            continue
        if call.args:
            raise ValueError(ERROR_POSITIONAL)
        return {str(keyword.arg): _value(keyword.value) for keyword in call.keywords}
    raise ValueError(rest[:60])


def _value(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=word) if word in _JSON_WORDS:
            return _JSON_WORDS[word]
        case ast.List(elts=elements):
            return [_value(element) for element in elements]
        case ast.Dict(keys=keys, values=values):
            names = [ast.literal_eval(key) for key in keys if key is not None]
            return dict(zip(names, map(_value, values), strict=True))
        case _:
            return ast.literal_eval(node)
