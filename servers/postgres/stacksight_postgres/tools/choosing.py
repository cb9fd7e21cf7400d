"""The parameter `database`, which the tools have when more than one is configured."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import wraps
from typing import Annotated, Any, Literal, get_args, get_origin

from mcp.server.mcpserver import Resolve
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.tools import ToolDefinition
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.state import chosen

PARAMETER = "database"
NAMED_BY = "list_objects"
"""The tool that lists the names; in every tool they would fill the definitions."""

DESCRIPTION = "Default: {first}. The other tools take the same names."
ERROR_UNKNOWN = "`database` is {name}, which is not configured. Use one of {names}."


def choosable(definition: ToolDefinition, settings: Settings) -> ToolDefinition:
    """Let a tool be told which of several databases it is about."""
    names = list(settings.urls)
    if len(names) == 1:
        return definition
    annotation: Any = str | None
    if definition.handler.__name__ == NAMED_BY:
        described = Field(description=DESCRIPTION.format(first=names[0]))
        one_of: Any = Literal[tuple(names)]
        annotation = Annotated[one_of | None, described]
    return replace(definition, handler=_choosing(definition.handler, names, annotation))


def _choosing(
    function: Callable[..., Awaitable[Any]], names: Sequence[str], annotation: Any
) -> Callable[..., Awaitable[Any]]:
    """Give a tool, or what it asks the user before, the parameter and what it chooses."""

    @wraps(function)
    async def choosing(*arguments: Any, database: str | None = None, **named: Any) -> Any:
        if database is not None and database not in names:
            raise ToolFailure(ERROR_UNKNOWN.format(name=database, names=", ".join(names)))
        token = chosen.set(database)
        try:
            return await function(*arguments, **named)
        finally:
            chosen.reset(token)

    def resolved(of: Any) -> Any:
        if get_origin(of) is not Annotated:
            return of
        kind, *notes = get_args(of)
        notes = [
            Resolve(_choosing(note.fn, names, annotation)) if isinstance(note, Resolve) else note
            for note in notes
        ]
        return Annotated[kind, *notes]

    signature = inspect.signature(function)
    added = inspect.Parameter(
        PARAMETER, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation
    )
    parameters = [
        p.replace(annotation=resolved(p.annotation)) for p in signature.parameters.values()
    ]
    choosing.__signature__ = signature.replace(parameters=[*parameters, added])  # type: ignore[attr-defined]
    choosing.__annotations__ = {
        **{name: resolved(of) for name, of in function.__annotations__.items()},
        PARAMETER: annotation,
    }
    return choosing
