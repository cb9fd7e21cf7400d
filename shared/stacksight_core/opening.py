"""The first answer of a connection, without the SDK.

Importing the MCP SDK costs more than a second of CPU. A client that starts four servers at once on
two cores gives up waiting for the answer to its probe after 2.75 s, so the two messages that can
open a connection are answered from constants. Whatever is not exactly the usual opening is left to
the SDK. A test holds these answers against the SDK's own.
"""

from collections.abc import Mapping
from typing import Any

from stacksight_core.about import About

MODERN_VERSIONS = ("2026-07-28",)
HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")

_META_VERSION = "io.modelcontextprotocol/protocolVersion"
_META_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
_META_SERVER = "io.modelcontextprotocol/serverInfo"


def answer_opening(message: Mapping[str, Any], about: About) -> dict[str, Any] | None:
    """Answer a connection's first request.

    Args:
        message: a decoded JSON-RPC request.
        about: who the server is.

    Returns:
        The whole JSON-RPC response, or None when the SDK has to answer.
    """
    result = {"server/discover": _discover, "initialize": _initialize}.get(
        str(message.get("method")), _unknown
    )(message.get("params"), about)
    if result is None:
        return None
    return {"jsonrpc": "2.0", "id": message["id"], "result": result}


def _unknown(_params: Any, _about: About) -> None:
    return None


def _server_info(about: About) -> dict[str, str]:
    return {
        "name": about.name,
        "title": about.title,
        "version": about.version,
        "description": about.description,
    }


def _capabilities(*, notifies: bool) -> dict[str, Any]:
    return {
        "prompts": {"listChanged": notifies},
        "resources": {"listChanged": notifies, "subscribe": notifies},
        "tools": {"listChanged": notifies},
    }


def _discover(params: Any, about: About) -> dict[str, Any] | None:
    meta = params.get("_meta") if isinstance(params, dict) else None
    if not isinstance(meta, dict) or meta.get(_META_VERSION) not in MODERN_VERSIONS:
        return None
    if not isinstance(meta.get(_META_CAPABILITIES), dict):
        return None
    return {
        "resultType": "complete",
        "supportedVersions": list(MODERN_VERSIONS),
        "capabilities": _capabilities(notifies=True),
        "instructions": about.instructions,
        "ttlMs": 0,
        "cacheScope": "private",
        "_meta": {_META_SERVER: _server_info(about)},
    }


def _initialize(params: Any, about: About) -> dict[str, Any] | None:
    if not isinstance(params, dict) or not isinstance(params.get("capabilities"), dict):
        return None
    client = params.get("clientInfo")
    if not isinstance(client, dict) or not {"name", "version"} <= client.keys():
        return None
    requested = params.get("protocolVersion")
    if not isinstance(requested, str):
        return None
    version = requested if requested in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
    return {
        "protocolVersion": version,
        "capabilities": _capabilities(notifies=False),
        "serverInfo": _server_info(about),
        "instructions": about.instructions,
    }
