"""Which requests are of the usual shape, so that a prepared answer fits them.

Whatever is not certain to pass the SDK's own validation is not usual, and is left to the SDK.
Standard library only: it is needed before the SDK is imported.
"""

from typing import Any

MODERN_VERSION = "2026-07-28"
HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")

_PREFIX = "io.modelcontextprotocol/"
META_VERSION = f"{_PREFIX}protocolVersion"
META_CAPABILITIES = f"{_PREFIX}clientCapabilities"
META_CLIENT = f"{_PREFIX}clientInfo"
_MODERN_META = frozenset({META_VERSION, META_CAPABILITIES, META_CLIENT})

_FLAGS = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")
_URIS = "resourceSubscriptions"
_CLIENT_TEXTS = frozenset({"name", "title", "version", "description", "websiteUrl"})


def is_modern(method: str, params: Any) -> bool:
    """Tell whether a request belongs to the 2026 era, as the SDK tells it."""
    meta = params.get("_meta") if isinstance(params, dict) else None
    return method != "initialize" and isinstance(meta, dict) and META_VERSION in meta


def usual_modern(params: dict[str, Any], *, also: str | None = None) -> bool:
    """Tell whether the parameters are an envelope of the 2026 era, and nothing else.

    Args:
        params: of a request of that era.
        also: one more parameter that has to be there.
    """
    meta = params.get("_meta")
    if params.keys() != ({"_meta", also} if also else {"_meta"}) or not isinstance(meta, dict):
        return False
    if any(key.startswith(_PREFIX) and key not in _MODERN_META for key in meta):
        return False
    return (
        meta.get(META_VERSION) == MODERN_VERSION
        and _usual_capabilities(meta.get(META_CAPABILITIES))
        and (META_CLIENT not in meta or _usual_client(meta[META_CLIENT]))
        and _usual_token(meta)
    )


def usual_filter(notifications: Any) -> bool:
    """Tell whether this says what a subscription is to deliver."""
    if not isinstance(notifications, dict) or not notifications.keys() <= {*_FLAGS, _URIS}:
        return False
    uris = notifications.get(_URIS, [])
    if not isinstance(uris, list) or not all(isinstance(uri, str) for uri in uris):
        return False
    return all(isinstance(notifications.get(flag, False), bool) for flag in _FLAGS)


def honoured(notifications: dict[str, Any]) -> dict[str, Any]:
    """Return what a subscription will deliver, in the SDK's order."""
    return {name: notifications[name] for name in (*_FLAGS, _URIS) if notifications.get(name)}


def usual_handshake(params: Any) -> bool:
    """Tell whether these are the parameters of an ordinary `initialize`."""
    if not isinstance(params, dict):
        return False
    needed = {"protocolVersion", "capabilities", "clientInfo"}
    return (
        needed <= params.keys() <= {*needed, "_meta"}
        and isinstance(params["protocolVersion"], str)
        and _usual_capabilities(params["capabilities"])
        and _usual_client(params["clientInfo"])
        and usual_legacy({key: params[key] for key in params.keys() & {"_meta"}})
    )


def usual_legacy(params: Any) -> bool:
    """Tell whether the parameters of a request after the handshake say nothing."""
    if not params:
        return params is None or params == {}
    meta = params.get("_meta")
    if params.keys() != {"_meta"} or not isinstance(meta, dict):
        return False
    return not any(key.startswith(_PREFIX) for key in meta) and _usual_token(meta)


def _usual_token(meta: dict[str, Any]) -> bool:
    token = meta.get("progressToken", "")
    return isinstance(token, str | int) and not isinstance(token, bool)


def _usual_client(client: Any) -> bool:
    if not isinstance(client, dict) or not {"name", "version"} <= client.keys() <= _CLIENT_TEXTS:
        return False
    return all(isinstance(text, str) for text in client.values())


def _usual_capabilities(capabilities: Any) -> bool:
    if not isinstance(capabilities, dict):
        return False
    return all(_usual_capability(name, value) for name, value in capabilities.items())


def _usual_capability(name: str, value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    match name:
        case "roots":
            return value.keys() <= {"listChanged"} and isinstance(
                value.get("listChanged", False), bool
            )
        case "sampling" | "elicitation" | "experimental" | "extensions":
            return all(isinstance(part, dict) for part in value.values())
        case _:
            return False
