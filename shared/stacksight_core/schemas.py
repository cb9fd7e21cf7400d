"""JSON schemas without what an agent does not need to read."""

from typing import Any

# Keys whose value maps names (of ours) to schemas: a parameter may be called "title".
_MAPS = frozenset({"properties", "$defs"})


def slim_schema(schema: dict[str, Any], *, nullable: bool = True) -> dict[str, Any]:
    """Return a copy without ``title`` noise.

    Args:
        schema: as pydantic writes it.
        nullable: keep ``null`` as an alternative. Without it, an optional parameter is described by
            its one real type, which is how a caller should use it.
    """
    slim: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "title" and isinstance(value, str):
            continue
        if key in _MAPS:
            slim[key] = {name: slim_schema(sub, nullable=nullable) for name, sub in value.items()}
        else:
            slim[key] = _slim_value(value, nullable=nullable)
    return slim if nullable else _without_null(slim)


def _slim_value(value: Any, *, nullable: bool) -> Any:
    if isinstance(value, dict):
        return slim_schema(value, nullable=nullable)
    if isinstance(value, list):
        return [_slim_value(item, nullable=nullable) for item in value]
    return value


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    alternatives = schema.get("anyOf")
    if not isinstance(alternatives, list) or {"type": "null"} not in alternatives:
        return schema
    rest = [alternative for alternative in alternatives if alternative != {"type": "null"}]
    kept = {key: value for key, value in schema.items() if key != "anyOf"}
    if kept.get("default", ...) is None:
        del kept["default"]
    return {**kept, **rest[0]} if len(rest) == 1 else {**kept, "anyOf": rest}
