"""The parameter `database`, which the tools have when more than one is configured."""

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import wraps
from typing import Any, Literal

from pydantic import BaseModel

from stacksight_core.tools import ToolDefinition
from stacksight_postgres.settings import Settings
from stacksight_postgres.source.state import chosen

PARAMETER = "database"


def choosable(definition: ToolDefinition, settings: Settings) -> ToolDefinition:
    """Let a tool be told which of several databases it is about."""
    names = list(settings.urls)
    return definition if len(names) == 1 else _with_choice(definition, names)


def _with_choice(definition: ToolDefinition, names: Sequence[str]) -> ToolDefinition:
    handler = definition.handler

    @wraps(handler)
    async def choosing(*arguments: Any, database: str | None = None, **named: Any) -> BaseModel:
        token = chosen.set(database)
        try:
            return await handler(*arguments, **named)
        finally:
            chosen.reset(token)

    signature = inspect.signature(handler)
    one_of: Any = Literal[tuple(names)]
    choice = one_of | None
    added = inspect.Parameter(
        PARAMETER, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=choice
    )
    parameters = [*signature.parameters.values(), added]
    choosing.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    choosing.__annotations__ = {**handler.__annotations__, PARAMETER: choice}
    return replace(definition, handler=choosing)
