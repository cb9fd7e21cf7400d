"""Holds every line that a server writes against the official schema of its protocol revision.

The SDK's versioned wire models do it always. The specification's own JSON Schemas do it as well
where they lie beside the checkout (``../shared/mcp-schemas/schema-<revision>.json``).
"""

import functools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, get_args

from jsonschema import Draft202012Validator
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from mcp.client._transport import ReadStream, TransportStreams, WriteStream
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter, methods
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS

SCHEMAS = Path(__file__).parents[3] / "shared" / "mcp-schemas"

_META_VERSION = "io.modelcontextprotocol/protocolVersion"


class WireCheck:
    """Follows one connection and says what its server wrote that the specification forbids.

    Attributes:
        violations: in the order of the lines.
        lines: how many lines were looked at.
    """

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.lines = 0
        self._version = "2025-11-25"  # until a request or an answer names another
        self._asked: dict[str | int, str] = {}

    def sent(self, message: Any) -> None:
        """Take note of what the client wrote: which method an id stands for, which revision."""
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            return
        if not isinstance(message.get("id"), str | int):
            return  # a notification fixes no revision
        self._asked[message["id"]] = message["method"]
        params = message.get("params")
        meta = params.get("_meta") if isinstance(params, dict) else None
        if isinstance(meta, dict) and meta.get(_META_VERSION) in KNOWN_PROTOCOL_VERSIONS:
            self._version = meta[_META_VERSION]

    def received(self, message: Any) -> None:
        """Check one message of the server's."""
        self.lines += 1
        try:
            self._check(message)
        except Exception as error:  # noqa: BLE001 - whatever the validators raise is a finding
            shown, said = json.dumps(message)[:300], str(error).partition("\n\n")[0][:600]
            self.violations.append(f"{type(error).__name__} in {shown}: {said}")

    def garbage(self, text: str) -> None:
        """Take note of something on stdout that is no message at all."""
        self.violations.append(f"not JSON-RPC: {text[:300]}")

    def assert_conformant(self) -> None:
        """Fail when there were violations."""
        assert not self.violations, "\n".join(self.violations)

    def _check(self, message: dict[str, Any]) -> None:
        jsonrpc_message_adapter.validate_python(message, by_name=False)
        if "error" in message:
            self._asked.pop(message["id"], "")
            # For an id that could not be read JSON-RPC 2.0 and the SDK ask for null, where the
            # JSON Schema has none at all.
            known = {key: value for key, value in message.items() if (key, value) != ("id", None)}
            self._check_schema("JSONRPCErrorResponse", known)
        elif "method" in message:
            self._check_own_message(message)
        else:
            self._check_answer(message)

    def _check_own_message(self, message: dict[str, Any]) -> None:
        """Check a notification or a request of the server's."""
        key, params = (message["method"], self._version), message.get("params")
        if "id" in message:
            methods.parse_server_request(*key, params)
            self._check_schema(methods.SERVER_REQUESTS[key], message)
        else:
            methods.parse_server_notification(*key, params)
            self._check_schema(methods.SERVER_NOTIFICATIONS[key], message)

    def _check_answer(self, message: dict[str, Any]) -> None:
        method, result = self._asked.pop(message["id"]), message["result"]
        if method == "initialize":
            self._version = result["protocolVersion"]
        methods.validate_server_result(method, self._version, result)
        self._check_schema("JSONRPCResultResponse", message)
        self._check_schema(methods.SERVER_RESULTS[method, self._version], result)

    def _check_schema(self, kind: Any, value: Any) -> None:
        """Check against the JSON Schema of what the SDK's type (or our name) stands for."""
        kinds = (kind,) if isinstance(kind, str) else get_args(kind) or (kind,)
        names = tuple(kind if isinstance(kind, str) else kind.__name__ for kind in kinds)
        validator = _validator(self._version, names)
        if validator is not None:
            validator.validate(value)


@functools.cache
def _validator(version: str, names: tuple[str, ...]) -> Validator | None:
    """Return what checks a value to be one of the schema's types, or None without the schema."""
    file = SCHEMAS / f"schema-{version}.json"
    if not file.is_file():
        return None
    schema = json.loads(file.read_text())
    key = "$defs" if "$defs" in schema else "definitions"
    # Before 2025-11-25 there were no names for the two kinds of response.
    known = [name for name in names if name in schema[key]] or ["JSONRPCMessage"]
    schema["anyOf"] = [{"$ref": f"#/{key}/{name}"} for name in known]
    return validator_for(schema, default=Draft202012Validator)(schema)


_Stream = TypeVar(
    "_Stream", bound=ReadStream[SessionMessage | Exception] | WriteStream[SessionMessage]
)


class _Checked(Generic[_Stream]):
    """A stream of the transport whose messages are looked at on their way."""

    def __init__(self, stream: _Stream, check: WireCheck) -> None:
        self._stream = stream
        self._check = check

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._stream.__aexit__(kind, error, trace)


class _CheckedRead(_Checked[ReadStream[SessionMessage | Exception]]):
    async def receive(self) -> SessionMessage | Exception:
        return self._look(await self._stream.receive())

    def __aiter__(self) -> "_CheckedRead":
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return self._look(await self._stream.__anext__())

    def _look(self, item: SessionMessage | Exception) -> SessionMessage | Exception:
        if isinstance(item, Exception):
            self._check.garbage(str(item))
        else:
            self._check.received(item.message.model_dump(by_alias=True, exclude_unset=True))
        return item


class _CheckedWrite(_Checked[WriteStream[SessionMessage]]):
    async def send(self, item: SessionMessage, /) -> None:
        self._check.sent(item.message.model_dump(by_alias=True, exclude_unset=True))
        await self._stream.send(item)


@asynccontextmanager
async def checked_stdio(parameters: StdioServerParameters) -> AsyncIterator[TransportStreams]:
    """Start a server as the SDK's transport does, and fail at the end on what it wrote wrongly."""
    check = WireCheck()
    async with stdio_client(parameters) as (read, write):
        yield _CheckedRead(read, check), _CheckedWrite(write, check)
    check.assert_conformant()
