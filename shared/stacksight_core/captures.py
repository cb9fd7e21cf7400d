"""Captures as resources: ``docker://captures/{capture}.json``."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.server.mcpserver import Context
from mcp_types import Resource
from pydantic import BaseModel

from stacksight_core.redact import redact_text
from stacksight_core.resources import ResourceDefinition, Resources
from stacksight_core.sent import sent_data
from stacksight_core.tools import source_of
from stacksight_core.untrusted import inline

JSON_TYPE = "application/json"
TITLE_CHARS = 100


def capture_resources(
    server: str,
    description: str,
    known: Callable[[Any], Mapping[str, str]],
    tell: Callable[[Any, str], Awaitable[BaseModel]],
) -> Resources[Any]:
    """Let a server's captures be read by their handles.

    Args:
        server: the server's name, which is the scheme of the addresses.
        description: what is in one, and how long it is there.
        known: from the server's source to the captures it has, newest first: handle to title.
        tell: returns what a capture has recorded so far, or recorded until it was stopped; it
            raises ToolFailure when there is no such capture.
    """

    async def read(capture: str, ctx: Context[Any]) -> str:
        """Return what a capture recorded, as JSON."""
        return json.dumps(sent_data(await tell(source_of(ctx), capture)), ensure_ascii=False)

    async def names(source: Any, _: str) -> list[str]:
        return list(known(source))

    async def listed(source: Any) -> list[Resource]:
        return [_resource(server, handle, title) for handle, title in known(source).items()]

    family = ResourceDefinition(
        f"{server}://captures/{{capture}}.json",
        "capture",
        "Capture",
        description,
        JSON_TYPE,
        read,
        {"capture": names},
    )
    return Resources((family,), listed)


def _resource(server: str, handle: str, title: str) -> Resource:
    return Resource(
        uri=f"{server}://captures/{handle}.json",
        name=f"{handle}.json",
        title=redact_text(inline(title, TITLE_CHARS)),
        mime_type=JSON_TYPE,
    )
