"""The SDK's server with what ours offer, each part imported when it is asked for.

The first call of a session waits for all that is imported, and it needs one tool.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.tools import Tool, ToolManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    GetPromptResult,
    InputRequiredResult,
    Prompt,
    PromptReference,
    Resource,
    ResourceTemplate,
    ResourceTemplateReference,
)
from pydantic import AnyUrl

from stacksight_core.completions import NOTHING, Names, complete
from stacksight_core.names import did_you_mean
from stacksight_core.prompts import PromptDefinition, serve_prompt
from stacksight_core.resources import Resources, explained
from stacksight_core.tools import Translate
from stacksight_core.untrusted import inline

SourceT = TypeVar("SourceT")

ERROR_NO_PROMPT = "There is no prompt `{name}`.{near} There are: {known}."


class OfferedTools(ToolManager):
    """The SDK's tools, each made when it is first wanted.

    Args:
        names: of all, in the order in which they are listed.
        load: imports and makes one; None when it is not offered.
    """

    def __init__(self, names: Iterable[str], load: Callable[[str], Tool | None]) -> None:
        super().__init__()
        self._names = tuple(names)
        self._load = load

    def get_tool(self, name: str) -> Tool | None:
        """Return a tool by its name."""
        if name not in self._tools and name in self._names and (tool := self._load(name)):
            self._tools[name] = tool
        return self._tools.get(name)

    def list_tools(self) -> list[Tool]:
        """Return all that are offered."""
        return [tool for name in self._names if (tool := self.get_tool(name))]


class OfferingServer(MCPServer[SourceT]):
    """The SDK's server, which also lists resources that come and go, and completes names.

    Attributes:
        source: what resources and names are read from, while the server runs.
    """

    source: SourceT | None = None
    _resources: Resources[SourceT] | None = None
    _names: dict[tuple[str, str], Names]

    def offer(
        self,
        tools: OfferedTools,
        load: Callable[[], tuple[Sequence[PromptDefinition], Resources[SourceT] | None]],
        translate: Translate,
        *,
        broken: str | None = None,
    ) -> None:
        """Serve what the server has; to be called once.

        Args:
            tools: of the server.
            load: imports its prompts and its resources.
            translate: turns a driver's exception into a ToolFailure, or returns None.
            broken: why the server cannot work; no resource is read then.
        """
        self._tool_manager = tools
        self._load: Callable[[], Any] | None = load
        self._translate, self._broken = translate, broken
        self.completion()(self.complete)  # type: ignore[no-untyped-call]

    def _need_more_than_tools(self) -> None:
        """Make prompts and resources known to the SDK, once."""
        if self._load is None:
            return
        prompts, self._resources = self._load()
        self._load, self._names = None, {}
        for definition in prompts:
            self.add_prompt(serve_prompt(definition))
            self._complete(definition.handler.__name__, definition.names)
        for family in self._resources.definitions if self._resources else ():
            self._complete(family.uri, family.names)
            self.resource(
                family.uri,
                name=family.name,
                title=family.title,
                description=family.description,
                mime_type=family.mime_type,
            )(explained(family.read, self._translate, self._broken))

    def _complete(self, owner: str, names: Mapping[str, Names]) -> None:
        self._names |= {(owner, argument): known for argument, known in names.items()}

    async def list_resources(self) -> list[Resource]:
        """List what is there now."""
        self._need_more_than_tools()
        fixed = await super().list_resources()
        if self._resources is None or self.source is None:
            return fixed
        return [*fixed, *await self._resources.listed(self.source)]

    async def list_resource_templates(self) -> list[ResourceTemplate]:
        """List the families of what can be there."""
        self._need_more_than_tools()
        return await super().list_resource_templates()

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[SourceT, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Return what is at an address."""
        self._need_more_than_tools()
        return await super().read_resource(uri, context)

    async def list_prompts(self) -> list[Prompt]:
        """List the workflows."""
        self._need_more_than_tools()
        return await super().list_prompts()

    async def get_prompt(
        self,
        name: str,
        arguments: dict[str, Any] | None = None,
        context: Context[SourceT, Any] | None = None,
    ) -> GetPromptResult | InputRequiredResult:
        """Return a prompt's message.

        Raises:
            MCPError: there is no such prompt, or its arguments are wrong.
        """
        known = [prompt.name for prompt in await self.list_prompts()]
        if name not in known:
            shown, near = inline(name, 60), did_you_mean(name, known)
            text = ERROR_NO_PROMPT.format(name=shown, near=near, known=", ".join(known) or "none")
            raise MCPError(INVALID_PARAMS, text)
        return await super().get_prompt(name, arguments, context)

    async def complete(
        self,
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        _: CompletionContext | None,
    ) -> Completion:
        """Return the names that continue what was typed; none where there is nothing to know."""
        self._need_more_than_tools()
        owner = ref.name if isinstance(ref, PromptReference) else ref.uri
        names = self._names.get((owner, argument.name))
        if names is None or self.source is None:
            return NOTHING
        return await complete(names, self.source, argument.value)
