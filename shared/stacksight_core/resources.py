"""Resources: what a server keeps, readable by its address, e.g. stored reports."""

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp_types import Resource

from stacksight_core.completions import Names
from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_core.tools import Translate
from stacksight_core.untrusted import clean

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


def explained(
    read: Callable[..., Awaitable[str]], translate: Translate, broken: str | None
) -> Callable[..., Awaitable[str]]:
    """Make a reader's failures the protocol's own errors, with our text.

    Args:
        read: a ToolFailure of it means that there is no such resource.
        translate: turns a driver's exception into a ToolFailure, or returns None.
        broken: why the server cannot work; nothing is read then.
    """

    @functools.wraps(read)
    async def reading(*args: Any, **kwargs: Any) -> str:
        if broken is not None:
            raise ResourceError(broken)
        try:
            return await read(*args, **kwargs)
        except ToolFailure as failure:
            raise ResourceNotFoundError(redact_text(clean(str(failure)))) from failure
        except Exception as error:
            failed = translate(error)
            if failed is None:
                raise
            raise ResourceError(redact_text(clean(str(failed)))) from error

    return reading
