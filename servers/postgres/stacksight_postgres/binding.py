"""Puts values in the place of ``$1``, as typed literals. Pure.

The values then reach the planner exactly as a client's would in a custom plan, whatever their type,
and JSON is all that a caller has to know.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pglast.parser import scan

from stacksight_core.errors import ToolFailure
from stacksight_core.units import plural

ERROR_TOO_FEW = (
    "`sql` uses ${number}, but `params` holds {given}. Give one value for each, in order: params="
    "[value of $1, value of $2, …]."
)
ERROR_TOO_MANY = "`params` holds {given}, but `sql` uses {used}. Leave out what is not used."


def parameter_numbers(sql: str) -> list[int]:
    """Return the numbers of the parameters in a statement, each once, in order."""
    return sorted({int(sql[t.start + 1 : t.end + 1]) for t in scan(sql) if t.name == "PARAM"})


def bind_values(sql: str, types: Sequence[str], values: Sequence[Any]) -> str:
    """Return the statement with every parameter replaced by its value.

    Args:
        sql: a statement that has been parsed.
        types: the parameters' types as SQL writes them, in order.
        values: JSON values, in order.

    Raises:
        ToolFailure: there are more or fewer values than parameters.
    """
    if len(values) > len(types):
        raise ToolFailure(
            ERROR_TOO_MANY.format(
                given=plural(len(values), "value"), used=plural(len(types), "parameter")
            )
        )
    if len(values) < len(types):
        raise ToolFailure(
            ERROR_TOO_FEW.format(number=len(values) + 1, given=plural(len(values), "value"))
        )
    literals = {
        number: f"CAST({as_literal(value)} AS {type_})"
        for number, (value, type_) in enumerate(zip(values, types, strict=True), 1)
    }
    return replace_parameters(sql, literals)


def replace_parameters(sql: str, texts: Mapping[int, str]) -> str:
    """Return the statement with ``$n`` replaced by ``texts[n]`` where there is one."""
    parts, position = [], 0
    for token in scan(sql):
        if token.name != "PARAM":
            continue
        number = int(sql[token.start + 1 : token.end + 1])
        if number in texts:
            parts += [sql[position : token.start], texts[number]]
            position = token.end + 1
    return "".join([*parts, sql[position:]])


def as_literal(value: Any) -> str:
    """Write a JSON value as an SQL literal, to be read with standard_conforming_strings on."""
    if value is None:
        return "NULL"
    return "'" + _as_text(value).replace("\0", "").replace("'", "''") + "'"


def _as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "{" + ",".join(_as_element(item) for item in value) + "}"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _as_element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return _as_text(value)
    text = _as_text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
