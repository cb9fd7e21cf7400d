"""Resources: what a server keeps, readable by its address, e.g. stored reports."""

import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import Resource

from stacksight_core.errors import ToolFailure

SourceT = TypeVar("SourceT")


@dataclass(frozen=True)
class ResourceDefinition:
    """A family of resources.

    Attributes:
        uri: an address with parameters, as RFC 6570 has it: ``audit://{audit_id}/report.html``.
        name: for programs.
        title: for people, in a few words.
        description: what it holds.
        mime_type: of what ``read`` returns.
        read: an async function of the call's context and the address's parameters; a ToolFailure
            means that there is no such resource.
    """

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Callable[..., Awaitable[str]]


@dataclass(frozen=True)
class Resources(Generic[SourceT]):
    """All resources of a server.

    Attributes:
        definitions: the families.
        listed: returns those that are there now, newest first.
    """

    definitions: Sequence[ResourceDefinition]
    listed: Callable[[SourceT], Awaitable[Sequence[Resource]]]


class ListingServer(MCPServer[SourceT]):
    """The SDK's server, which also lists resources that come and go.

    Attributes:
        resources: the server's own, or None.
        source: what they are read from, while the server runs.
    """

    resources: Resources[SourceT] | None = None
    source: SourceT | None = None

    async def list_resources(self) -> list[Resource]:
        """List what is there now."""
        fixed = await super().list_resources()
        if self.resources is None or self.source is None:
            return fixed
        return [*fixed, *await self.resources.listed(self.source)]

    def offer(self, resources: Resources[SourceT]) -> None:
        """Serve the resources."""
        self.resources = resources
        for definition in resources.definitions:
            self.resource(
                definition.uri,
                name=definition.name,
                title=definition.title,
                description=definition.description,
                mime_type=definition.mime_type,
            )(_explained(definition.read))


def _explained(read: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """Turn a ToolFailure into the protocol's own error, with its text."""

    @functools.wraps(read)
    async def explained(*args: Any, **kwargs: Any) -> str:
        try:
            return await read(*args, **kwargs)
        except ToolFailure as failure:
            raise ResourceNotFoundError(str(failure)) from failure

    return explained
