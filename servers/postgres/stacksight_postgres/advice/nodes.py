"""Walks what the parser returns."""

from typing import Any

from pglast import ast


def is_node(value: Any, kind: type | tuple[type, ...]) -> bool:
    """Whether a part of a tree is of a kind; the parser's stubs call every field optional."""
    return isinstance(value, kind)


def nodes_below(root: Any) -> list[Any]:
    """Return a node and all nodes below it."""
    found: list[Any] = []
    pending = [root]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(value)
        elif is_node(value, ast.Node):
            found.append(value)
            pending.extend(getattr(value, name) for name in value)
    return found
