"""Resources: what a server keeps, readable by its address, e.g. stored reports."""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp_types import Resource

from stacksight_core.completions import Names
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
        names: by parameter of the address, what completes it.
    """

    uri: str
    name: str
    title: str
    description: str
    mime_type: str
    read: Callable[..., Awaitable[str]]
    names: Mapping[str, Names] = field(default_factory=dict)


@dataclass(frozen=True)
class Resources(Generic[SourceT]):
    """All resources of a server.

    Attributes:
        definitions: the families.
        listed: returns those that are there now, newest first.
    """

    definitions: Sequence[ResourceDefinition]
    listed: Callable[[SourceT], Awaitable[Sequence[Resource]]]


def explained(read: Callable[..., Awaitable[str]]) -> Callable[..., Awaitable[str]]:
    """Make a reader's ToolFailure the protocol's own error, with its text."""

    @functools.wraps(read)
    async def reading(*args: Any, **kwargs: Any) -> str:
        try:
            return await read(*args, **kwargs)
        except ToolFailure as failure:
            raise ResourceNotFoundError(str(failure)) from failure

    return reading
