"""The front: answers what is the same in every process, before the SDK is imported.

Importing the MCP SDK costs more than a second of CPU and 60 MB, and most connections of most
sessions never call a tool. So the opening of a connection is answered from the manifest, and the
first request that needs more is handed over, with what the SDK has to know of what went before.

The SDK's rules hold: the first request fixes the protocol era of the connection. A request that is
not exactly of the usual shape is handed over as well: the SDK then says what is wrong with it.

Standard library only.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from stacksight_core.lines import Message, Refused, Wire, encode, is_request_id, parse, same_id
from stacksight_core.manifest import Manifest
from stacksight_core.usual import (
    HANDSHAKE_VERSIONS,
    MODERN_VERSION,
    honoured,
    is_modern,
    usual_filter,
    usual_handshake,
    usual_legacy,
    usual_modern,
)

MAX_SUBSCRIPTIONS = 100
SUBSCRIPTION_META = "io.modelcontextprotocol/subscriptionId"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
_OWN_ID = "stacksight:replay:{number}"

_INITIALIZED = b'{"jsonrpc":"2.0","method":"notifications/initialized"}'


class HandOver(NamedTuple):
    """What the SDK has to be told when it takes over.

    Attributes:
        replay: the lines it has to see first; the client has had the answers.
        hidden: the ids of those whose answers must not reach the client.
        acknowledged: the ids of subscriptions whose acknowledgement must not.
        line: the line that needs the SDK; None when there was none yet.
    """

    replay: tuple[bytes, ...] = ()
    hidden: frozenset[str] = frozenset()
    acknowledged: tuple[Any, ...] = ()
    line: bytes | None = None


class Front:
    """Answers from a manifest until something needs the SDK.

    Args:
        manifest: the answers.
        wire: the connection.
        nothing_kept: tells whether there are no resources now, as in the manifest.
    """

    def __init__(self, manifest: Manifest, wire: Wire, nothing_kept: Callable[[], bool]) -> None:
        self._manifest = manifest
        self._nothing_kept = nothing_kept
        self._wire = wire
        self._version: str | None = None
        """The protocol version once there is one; MODERN_VERSION fixes the era."""
        self._legacy = False
        self._envelope: Message = {}
        self._handshake: Message | None = None
        self._initialized = False
        self._listening: dict[object, tuple[Any, bytes]] = {}

    def serve(self) -> HandOver | None:
        """Answer until a line needs the SDK; None when the input ended before."""
        while True:
            try:
                line = self._wire.read()
                if line is None:
                    return None
                if self._needs_sdk(parse(line), line):
                    return self._hand_over(line)
            except Refused as refused:
                self._send(encode(refused.answer))
            except OSError:
                return None  # nobody reads the answers

    def _send(self, line: bytes) -> None:
        self._wire.write(line)

    def _needs_sdk(self, message: Message, line: bytes) -> bool:
        method = message.get("method")
        if method is None:
            return False  # an answer, but nothing was asked
        if "id" not in message:
            self._notice(method, message.get("params"))
            return False
        params = message.get("params")
        if method == "subscriptions/listen":
            return not self._listen(message["id"], params, line)
        if is_modern(method, params):
            result = self._modern_result(method, params)
        else:
            result = self._legacy_result(method, params)
        if result is None:
            return True
        self._send(b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (encode(message["id"]), result))
        return False

    def _recorded(self, version: str, method: str) -> bytes | None:
        if method == "resources/list" and not self._nothing_kept():
            return None
        return self._manifest.result(version, method)

    # --- notifications ---------------------------------------------------------------------

    def _notice(self, method: str, params: Any) -> None:
        if method == "notifications/initialized":
            self._initialized = True  # to the SDK it counts even before the handshake
        elif method == "notifications/cancelled" and isinstance(params, dict):
            request_id = params.get("requestId")
            if is_request_id(request_id):
                self._listening.pop(same_id(request_id), None)

    # --- the 2026 era ----------------------------------------------------------------------

    def _modern_result(self, method: str, params: Any) -> bytes | None:
        if self._legacy or not usual_modern(params):
            return None
        result = self._recorded(MODERN_VERSION, method)
        if result is not None:
            self._open_modern(params)
        return result

    def _open_modern(self, params: Message) -> None:
        if self._version is None:
            self._version, self._envelope = MODERN_VERSION, params["_meta"]

    def _listen(self, request_id: Any, params: Any, line: bytes) -> bool:
        """Acknowledge a subscription. Nothing changes before the first call: no event is due."""
        key = same_id(request_id)
        usual = (
            not self._legacy
            and isinstance(params, dict)
            and usual_modern(params, also="notifications")
            and usual_filter(params["notifications"])
        )
        if not usual or key in self._listening or len(self._listening) >= MAX_SUBSCRIPTIONS:
            return False
        self._open_modern(params)
        self._listening[key] = request_id, line
        wanted = honoured(params["notifications"])
        about = {"_meta": {SUBSCRIPTION_META: request_id}, "notifications": wanted}
        self._send(encode({"jsonrpc": "2.0", "method": ACKNOWLEDGED, "params": about}))
        return True

    # --- the handshake era -----------------------------------------------------------------

    def _legacy_result(self, method: str, params: Any) -> bytes | None:
        if self._version == MODERN_VERSION:
            return None
        if method == "initialize":
            return self._shake_hands(params)
        if not usual_legacy(params):
            return None
        if method == "ping":
            self._legacy = True
            return b"{}"
        return self._recorded(self._version, method) if self._version else None

    def _shake_hands(self, params: Any) -> bytes | None:
        if self._handshake is not None or not usual_handshake(params):
            return None
        asked = params["protocolVersion"]
        version = asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
        result = self._manifest.result(version, "initialize")
        if result is not None:
            self._legacy, self._version, self._handshake = True, version, params
        return result

    # --- handing over ----------------------------------------------------------------------

    def _hand_over(self, line: bytes) -> HandOver:
        opening = self._opening()
        replay, hidden = [], []
        if opening:
            method, params = opening
            hidden.append(_OWN_ID.format(number=1))
            request = {"jsonrpc": "2.0", "id": hidden[0], "method": method, "params": params}
            replay.append(encode(request))
        if self._initialized:
            replay.append(_INITIALIZED)
        replay += [subscription for _, subscription in self._listening.values()]
        ids = tuple(request_id for request_id, _ in self._listening.values())
        return HandOver(tuple(replay), frozenset(hidden), ids, line)

    def _opening(self) -> tuple[str, Message] | None:
        """Return a request that brings the SDK where the connection is."""
        if self._handshake is not None:
            return "initialize", self._handshake
        if self._legacy:
            return "ping", {}
        if self._version is not None:
            return "server/discover", {"_meta": self._envelope}
        return None
