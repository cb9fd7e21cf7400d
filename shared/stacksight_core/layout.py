"""Tables and trees as compact text."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from stacksight_core.untrusted import inline

NodeT = TypeVar("NodeT")

EMPTY_CELL = "-"


def render_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], cell_limit: int = 200
) -> str:
    """Write rows under a header, cells separated by `` | ``, without padding.

    Padding would cost tokens and tell nothing. None becomes ``-``; a cell is cleaned, put on one
    line, cut at ``cell_limit`` characters, and its own ``|`` is escaped.
    """
    lines = [" | ".join(columns)]
    lines += [" | ".join(_cell(value, cell_limit) for value in row) for row in rows]
    return "\n".join(lines)


def _cell(value: object, limit: int) -> str:
    if value is None:
        return EMPTY_CELL
    return inline(str(value), limit).replace("|", "\\|") or '""'


def render_tree(
    root: NodeT,
    label: Callable[[NodeT], str],
    children: Callable[[NodeT], Iterable[NodeT]],
    depth: int = 0,
) -> str:
    """Write a node and all below it, two columns of indentation a level.

    A label may have several lines; all but the first are indented under it.
    """
    first, *rest = label(root).split("\n")
    margin = "  " * depth
    lines = [f"{margin}{first}", *(f"{margin}    {line}" for line in rest)]
    lines += [render_tree(child, label, children, depth + 1) for child in children(root)]
    return "\n".join(lines)
