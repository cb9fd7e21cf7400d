"""Captures as resources, which every server that captures lets read in the same way."""

import json
import re
from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import ResourceTemplateReference, TextResourceContents

from tests.support.stdio import Answer, ServerClient


def handle_in(started: Answer) -> str:
    """Return the handle that the start of a capture answered."""
    assert not started.is_error, started.text
    (handle,) = set(re.findall(r"capture-[0-9a-f]{8}", started.text))
    return str(handle)


async def check_capture_resource(client: ServerClient, server: str, handle: str) -> Any:
    """Return what the resource of a server's only capture holds.

    It is listed, its handle is completed, and the address of another is refused with this one's.
    """
    address = f"{server}://captures/{{capture}}.json"
    (listed,) = (await client.sdk.list_resources()).resources
    assert listed.uri == address.replace("{capture}", handle)
    template = ResourceTemplateReference(type="ref/resource", uri=address)
    completed = await client.sdk.complete(template, {"name": "capture", "value": "cap"})
    assert completed.completion.values == [handle]
    with pytest.raises(MCPError, match=f"There is no capture.*keeps: {handle}"):
        await client.sdk.read_resource(address.replace("{capture}", "capture-00000000"))
    (content,) = (await client.sdk.read_resource(listed.uri)).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    told = json.loads(content.text)
    assert told["capture"] == handle
    return told
