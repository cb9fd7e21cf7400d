"""Tools: a static definition with a handler, made into what the SDK serves.

A handler is an async function that takes validated arguments and the call's context and returns a
typed model; the definition's ``render`` turns the model into the text the agent reads. One model,
two renderings: in structured mode the model itself is sent as well.
"""

import base64
import inspect
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import (
    CallToolResult,
    ContentBlock,
    ImageContent,
    InputRequiredResult,
    TextContent,
    ToolAnnotations,
)
from pydantic import BaseModel, Field, ValidationError

from stacksight_core.budget import clip_answer
from stacksight_core.errors import ERROR_BUG, ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.progress import reporting
from stacksight_core.redact import redact_text
from stacksight_core.schemas import slim_schema
from stacksight_core.sent import sent_data
from stacksight_core.untrusted import clean, inline

logger = logging.getLogger(__name__)

ModelT = TypeVar("ModelT", bound=BaseModel)
SourceT = TypeVar("SourceT")
Translate = Callable[[Exception], ToolFailure | None]

ERROR_UNKNOWN_ARGUMENT = "unknown argument `{name}`.{near}"
ERROR_MISSING_ARGUMENT = "argument `{name}` is required."
ERROR_BAD_ARGUMENT = "argument `{name}`: {reason} (got {value})."
ERROR_NOT_RUN = "{tool} was not run: {problems} It takes: {known}."
TAKES_NOTHING = "no arguments"


@dataclass(frozen=True)
class ToolDefinition:
    """What an agent sees of a tool, and what answers it.

    Attributes:
        handler: the async function; its name, docstring and parameters are the tool's.
        title: for people, in a few words.
        render: from the handler's model to text.
        annotations: all four hints.
        picture: from the handler's model to a PNG that is sent as well; either may be None.
    """

    handler: Callable[..., Awaitable[BaseModel]]
    title: str
    render: Callable[[Any], str]
    annotations: ToolAnnotations
    picture: Callable[[Any], bytes | None] | None = None


def tool(
    *,
    title: str,
    render: Callable[[ModelT], str],
    read_only: bool = True,
    destructive: bool = False,
    idempotent: bool = True,
    open_world: bool = False,
    picture: Callable[[ModelT], bytes | None] | None = None,
) -> Callable[[Callable[..., Awaitable[ModelT]]], ToolDefinition]:
    """Make a handler a tool.

    Args:
        title: for people, in a few words.
        render: from the handler's model to the text the agent reads.
        read_only: it changes nothing; others are offered only with ``--allow-writes``.
        destructive: it may remove or overwrite something.
        idempotent: repeating it has no further effect.
        open_world: it reaches beyond the configured system, e.g. the web.
        picture: from the handler's model to a PNG that the agent sees besides the text; it may
            return None when there is nothing to see.
    """
    annotations = ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=destructive,
        idempotent_hint=idempotent,
        open_world_hint=open_world,
    )

    def define(handler: Callable[..., Awaitable[ModelT]]) -> ToolDefinition:
        return ToolDefinition(handler, title, render, annotations, picture)

    return define


def source_of(context: Context[SourceT]) -> SourceT:
    """Return the server's source, the room that talks to the real system."""
    return context.request_context.lifespan_context


class ServedTool(Tool):
    """A definition as the SDK serves it: strict arguments, our errors, our two output modes."""

    render: Callable[[Any], str] = Field(default=str, exclude=True)
    picture: Callable[[Any], bytes | None] | None = Field(default=None, exclude=True)
    translate: Translate = Field(default=lambda _: None, exclude=True)
    structured: bool = False
    broken: str | None = None

    async def run(
        self,
        arguments: dict[str, Any],
        context: Context[Any, Any],
        convert_result: bool = False,
    ) -> CallToolResult | InputRequiredResult:
        """Answer a call; whatever goes wrong becomes a result with ``isError``."""
        if self.broken is not None:
            return _failed(self.broken)
        try:
            async with reporting(context, self.title or self.name) as reported:
                outcome = await super().run(arguments, reported, convert_result=False)
            return outcome if isinstance(outcome, InputRequiredResult) else self._answer(outcome)
        except ToolError as error:
            return _failed(self._explain(error))

    def _answer(self, model: BaseModel) -> CallToolResult:
        text = clip_answer(redact_text(clean(self.render(model))))
        content: list[ContentBlock] = [TextContent(type="text", text=text)]
        png = self.picture(model) if self.picture else None
        if png:
            data = base64.b64encode(png).decode()
            content.append(ImageContent(type="image", data=data, mime_type="image/png"))
        if not self.structured:
            return CallToolResult(content=content)
        return CallToolResult(content=content, structured_content=sent_data(model))

    def _explain(self, error: ToolError) -> str:
        cause = error.__cause__
        if isinstance(cause, ToolFailure):
            return str(cause)
        if isinstance(cause, ValidationError) and not isinstance(error, UnexpectedToolError):
            return self._explain_arguments(cause)
        if isinstance(cause, Exception) and (failure := self.translate(cause)) is not None:
            return str(failure)
        logger.error("%s failed", self.name, exc_info=cause or error)
        return ERROR_BUG.format(tool=self.name, kind=type(cause or error).__name__)

    def _explain_arguments(self, error: ValidationError) -> str:
        known = list(self.parameters.get("properties", {}))
        problems = []
        for problem in error.errors(include_url=False):
            name = ".".join(str(part) for part in problem["loc"])
            if problem["type"] == "extra_forbidden":
                near = did_you_mean(name, known)
                problems.append(ERROR_UNKNOWN_ARGUMENT.format(name=inline(name, 60), near=near))
            elif problem["type"] == "missing":
                problems.append(ERROR_MISSING_ARGUMENT.format(name=name))
            else:
                value = inline(repr(problem["input"]), 80)
                problems.append(
                    ERROR_BAD_ARGUMENT.format(name=name, reason=problem["msg"], value=value)
                )
        takes = ", ".join(known) or TAKES_NOTHING
        return ERROR_NOT_RUN.format(tool=self.name, problems=" ".join(problems), known=takes)


def serve_tool(
    definition: ToolDefinition,
    translate: Translate,
    *,
    structured: bool,
    broken: str | None = None,
) -> ServedTool:
    """Turn a definition into what the SDK serves.

    Args:
        definition: the tool.
        translate: turns a driver's exception into a ToolFailure, or returns None.
        structured: declare the output schema and send the typed model as well.
        broken: why the server cannot work, e.g. invalid settings; it is all that the tool says.
    """
    served = ServedTool.from_function(
        definition.handler,
        title=definition.title,
        description=inspect.getdoc(definition.handler),
        annotations=definition.annotations,
        structured_output=structured,
    )
    assert isinstance(served, ServedTool)
    served.render = definition.render
    served.picture = definition.picture
    served.translate = translate
    served.structured = structured
    served.broken = broken
    arguments = served.fn_metadata.arg_model
    arguments.model_config["extra"] = "forbid"
    arguments.model_rebuild(force=True)
    served.parameters = slim_schema(arguments.model_json_schema(by_alias=True), nullable=False)
    if served.fn_metadata.output_schema:
        served.fn_metadata.output_schema = slim_schema(served.fn_metadata.output_schema)
    return served


def _failed(text: str) -> CallToolResult:
    safe = clip_answer(redact_text(clean(text)))
    return CallToolResult(content=[TextContent(type="text", text=safe)], is_error=True)
