"""The SDK's server with what ours offer beside tools: prompts, artefacts, completed names."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    Completion,
    CompletionArgument,
    CompletionContext,
    GetPromptResult,
    InputRequiredResult,
    PromptReference,
    Resource,
    ResourceTemplateReference,
)

from stacksight_core.completions import NOTHING, Names, complete
from stacksight_core.names import did_you_mean
from stacksight_core.prompts import PromptDefinition, serve_prompt
from stacksight_core.resources import Resources, explained
from stacksight_core.tools import Translate
from stacksight_core.untrusted import inline

SourceT = TypeVar("SourceT")

ERROR_NO_PROMPT = "There is no prompt `{name}`.{near} There are: {known}."


class OfferingServer(MCPServer[SourceT]):
    """The SDK's server, which also lists resources that come and go, and completes names.

    Attributes:
        resources: the server's own, or None.
        source: what resources and names are read from, while the server runs.
    """

    resources: Resources[SourceT] | None = None
    source: SourceT | None = None

    def offer(
        self,
        prompts: Sequence[PromptDefinition],
        resources: Resources[SourceT] | None,
        translate: Translate,
        *,
        broken: str | None = None,
    ) -> None:
        """Serve the prompts and the resources; to be called once.

        Args:
            prompts: of the server.
            resources: of the server, or None.
            translate: turns a driver's exception into a ToolFailure, or returns None.
            broken: why the server cannot work; no resource is read then.
        """
        self.resources = resources
        self._names: dict[tuple[str, str], Names] = {}
        for definition in prompts:
            self.add_prompt(serve_prompt(definition))
            self._complete(definition.handler.__name__, definition.names)
        for family in resources.definitions if resources else ():
            self._complete(family.uri, family.names)
            self.resource(
                family.uri,
                name=family.name,
                title=family.title,
                description=family.description,
                mime_type=family.mime_type,
            )(explained(family.read, translate, broken))
        self.completion()(self.complete)  # type: ignore[no-untyped-call]

    async def list_resources(self) -> list[Resource]:
        """List what is there now."""
        fixed = await super().list_resources()
        if self.resources is None or self.source is None:
            return fixed
        return [*fixed, *await self.resources.listed(self.source)]

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
        owner = ref.name if isinstance(ref, PromptReference) else ref.uri
        names = self._names.get((owner, argument.name))
        if names is None or self.source is None:
            return NOTHING
        return await complete(names, self.source, argument.value)

    def _complete(self, owner: str, names: Mapping[str, Names]) -> None:
        self._names |= {(owner, argument): known for argument, known in names.items()}
