"""Builds and runs a server from what is particular to it."""

import logging
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from mcp.server.mcpserver import MCPServer

from stacksight_core.about import About
from stacksight_core.imports import import_module, quick_imports
from stacksight_core.logs import configure_logging
from stacksight_core.manifest import Variant, choose_variant
from stacksight_core.offering import OfferedTools, OfferingServer
from stacksight_core.prompts import PromptDefinition
from stacksight_core.resources import Resources
from stacksight_core.settings import InvalidSettings, ServerSettings, load_settings
from stacksight_core.tools import ServedTool, ToolDefinition, Translate, serve_tool

logger = logging.getLogger(__name__)

SettingsT = TypeVar("SettingsT", bound=ServerSettings)
SourceT = TypeVar("SourceT")


@dataclass(frozen=True)
class ServerSpec(Generic[SettingsT, SourceT]):
    """What is particular to one server.

    Attributes:
        about: its name and instructions.
        settings: the type of its settings.
        tools: the module of each, by name, in the order in which they are listed. It is imported
            when the tool is first called, or when all are listed.
        connect: makes the source; it must not touch the real system before the first call.
        translate: turns an exception of the driver into a ToolFailure, or returns None.
        prompts: the module with its ``PROMPTS``, workflows that a person starts by name.
        resources: the module with its ``RESOURCES``, what it keeps and lets read by address.
        adapt: changes a tool's definition to the settings, e.g. adds a parameter.
        adapts_to: the names of the settings that it looks at besides ``allow_writes``; the recorded
            answers do not hold where one of them is given.
    """

    about: About
    settings: type[SettingsT]
    tools: Mapping[str, str]
    connect: Callable[[SettingsT], AbstractAsyncContextManager[SourceT]]
    translate: Translate
    prompts: str | None = None
    resources: str | None = None
    adapt: Callable[[ToolDefinition, SettingsT], ToolDefinition] | None = None
    adapts_to: Sequence[str] = ()


def build_server(
    spec: ServerSpec[SettingsT, SourceT], settings: SettingsT, *, broken: str | None = None
) -> MCPServer[SourceT]:
    """Make the SDK's server: the spec's tools on a source that connects at the first call.

    Args:
        spec: the server.
        settings: its settings.
        broken: why it cannot work; every tool then says so. A server that exits on bad settings
            looks merely dead to the person in front of the client.
    """

    @asynccontextmanager
    async def lifespan(_: MCPServer[SourceT]) -> AsyncIterator[SourceT]:
        if broken is not None:
            yield cast("SourceT", None)
            return
        async with spec.connect(settings) as source:
            server.source = source
            yield source

    def load_tool(name: str) -> ServedTool | None:
        with quick_imports():
            definition: ToolDefinition = getattr(import_module(spec.tools[name]), name)
            if not (definition.annotations.read_only_hint or settings.allow_writes):
                return None
            if spec.adapt:
                definition = spec.adapt(definition, settings)
            structured = settings.output == "structured"
            return serve_tool(definition, spec.translate, structured=structured, broken=broken)

    def load_others() -> tuple[Sequence[PromptDefinition], Resources[SourceT] | None]:
        with quick_imports():
            prompts = import_module(spec.prompts).PROMPTS if spec.prompts else ()
            return prompts, import_module(spec.resources).RESOURCES if spec.resources else None

    server = OfferingServer[SourceT](
        **spec.about._asdict(), lifespan=lifespan, log_level=settings.log_level
    )
    server.offer(OfferedTools(spec.tools, load_tool), load_others, spec.translate, broken=broken)
    return server


def run_server(spec: ServerSpec[Any, Any], arguments: Sequence[str]) -> None:
    """Serve on stdin and stdout until stdin ends, or over HTTP until a signal.

    Args:
        spec: the server.
        arguments: the command line without the program's name.
    """
    try:
        settings = load_settings(spec.settings, spec.about, arguments)
    except InvalidSettings as error:
        configure_logging("WARNING")
        logger.error("%s", error)  # noqa: TRY400
        settings = _plain_settings(spec, arguments)
        server = build_server(spec, settings, broken=f"{spec.about.name} is not set up: {error}")
    else:
        configure_logging(settings.log_level)
        server = build_server(spec, settings)
    if settings.http is None:
        server.run("stdio")
    else:
        import_module("stacksight_core.http").serve_http(server, settings.http)


def _plain_settings(spec: ServerSpec[SettingsT, Any], arguments: Sequence[str]) -> SettingsT:
    """Return settings for a server whose own are invalid: its tools look as they would."""
    variant = choose_variant(os.environ, arguments) or Variant()
    return spec.settings.model_construct(**variant._asdict())
