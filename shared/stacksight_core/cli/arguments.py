"""Turns ``--name value`` into a tool's arguments, by the tool's own schema."""

import json
from collections.abc import Sequence
from typing import Any

from mcp_types import Tool

from stacksight_core.names import did_you_mean

ERROR_STRAY = "`{word}` is not an option. Give arguments as --name value."
ERROR_UNKNOWN = "{tool} takes no --{name}.{near} It takes: {known}."
ERROR_NO_VALUE = "--{name} needs a value."
ERROR_NOT_JSON = "--{name} takes {kind}, written as JSON; `{value}` is none: {reason}."
TAKES_NOTHING = "no arguments"

_AS_JSON = {"integer", "number", "array", "object", "boolean"}


class ArgumentError(Exception):
    """The command line does not fit the tool; the message says where."""


def parse_arguments(tool: Tool, words: Sequence[str]) -> dict[str, Any]:
    """Return the arguments in a command line.

    Args:
        tool: whose schema decides the types. ``array`` and ``object`` values are JSON; a repeated
            option, or a word for an array of strings, makes a list; a boolean needs no value.
        words: ``--name value``, ``--name=value`` or ``--name``.

    Raises:
        ArgumentError: a word is no option, or its value not what the schema says.
    """
    properties: dict[str, dict[str, Any]] = tool.input_schema.get("properties", {})
    arguments: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            raise ArgumentError(ERROR_STRAY.format(word=word))
        name, equals, value = word[2:].partition("=")
        name = name.replace("-", "_")
        if name not in properties:
            near, known = did_you_mean(name, properties), ", ".join(f"--{p}" for p in properties)
            raise ArgumentError(
                ERROR_UNKNOWN.format(
                    tool=tool.name, name=name, near=near, known=known or TAKES_NOTHING
                )
            )
        kinds = _kinds(properties[name])
        if not equals:
            if "boolean" in kinds and (not rest or rest[0].startswith("--")):
                value = "true"
            elif not rest:
                raise ArgumentError(ERROR_NO_VALUE.format(name=name))
            else:
                value = rest.pop(0)
        _add(arguments, name, _convert(name, value, kinds))
    return arguments


def _kinds(schema: dict[str, Any]) -> set[str]:
    alternatives = schema.get("anyOf", [schema])
    return {str(alternative.get("type", "string")) for alternative in alternatives}


def _convert(name: str, value: str, kinds: set[str]) -> Any:
    if "string" in kinds and "array" not in kinds:
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        if "array" in kinds:
            return [value]
        if not kinds & _AS_JSON:
            return value
        kind = " or ".join(sorted(kinds))
        raise ArgumentError(
            ERROR_NOT_JSON.format(name=name, kind=kind, value=value, reason=error)
        ) from error


def _add(arguments: dict[str, Any], name: str, value: Any) -> None:
    before = arguments.get(name)
    if isinstance(before, list) and isinstance(value, list):
        before.extend(value)
    else:
        arguments[name] = value
