"""JSON-RPC messages, one per line, between a client and a server's process.

Standard library only: it is needed before the SDK is imported.
"""

import json
import os
import re
import select
from typing import Any, BinaryIO

MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
"""How deep a message may be nested; the SDK drops lines that its JSON parser finds too deep."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602

ERROR_TOO_LONG = f"The line is longer than {MAX_LINE_BYTES} bytes; send less in one message."
ERROR_TOO_DEEP = f"The message is nested more than {MAX_DEPTH} levels deep."
ERROR_NOT_JSON = "The line is not JSON ({reason}). Send one JSON-RPC 2.0 message per line."
ERROR_NOT_OBJECT = "The message is not a JSON object. Batches are not part of MCP: send one by one."
ERROR_NOT_REQUEST = 'The message is not JSON-RPC 2.0: it needs "jsonrpc": "2.0" and a "method".'
ERROR_NOT_UNICODE = (
    "The message holds half of a surrogate pair (\\ud800 to \\udfff), which is not Unicode."
)
ERROR_BAD_ID = '"id" has to be a string or an integer.'
ERROR_BAD_PARAMS = '"params" has to be an object.'

RequestId = str | int
Message = dict[str, Any]

_SURROGATE = re.compile(rb"\\ud[89a-f]", re.I)


class Refused(Exception):
    """A line is not a message that can be acted on.

    Attributes:
        answer: the JSON-RPC error that says so.
    """

    def __init__(self, request_id: RequestId | None, code: int, text: str) -> None:
        super().__init__(text)
        error = {"code": code, "message": text}
        self.answer: Message = {"jsonrpc": "2.0", "id": request_id, "error": error}


class Wire:
    """The process's own stdin and stdout, wherever descriptors 0 and 1 point later."""

    def __init__(self) -> None:
        for descriptor in (0, 1):
            # Whoever started us may share a pipe that does not wait.
            os.set_blocking(descriptor, True)
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self.out = os.dup(1)

    def is_readable(self) -> bool:
        """Tell whether there is something to read now, if only the end."""
        return bool(poll_now(self._in.fileno(), select.POLLIN))

    def read(self) -> bytes | None:
        """Wait for the next line that is not blank; None at the end of input.

        Raises:
            Refused: the line is too long; it has been skipped.
        """
        try:
            while line := self._in.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                    self._skip_rest_of_line()
                    raise Refused(None, PARSE_ERROR, ERROR_TOO_LONG)
                if line.strip():
                    return line
        except OSError:
            pass  # the client's end broke: the same as its closing
        return None

    def _skip_rest_of_line(self) -> None:
        while (rest := self._in.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass

    def write(self, line: bytes) -> None:
        """Write a line, whole.

        Raises:
            OSError: nobody reads any more.
        """
        write_all(self.out, line + b"\n")


def poll_now(descriptor: int, events: int) -> int:
    """Return which events, or errors, a descriptor has now."""
    poll = select.poll()
    poll.register(descriptor, events)
    return sum(event for _, event in poll.poll(0))


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it to a descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def encode(message: object) -> bytes:
    """Return a value as the SDK writes it: compact, in UTF-8."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def parse(line: bytes) -> Message:
    """Decode a line into a JSON-RPC message.

    Raises:
        Refused: it is none.
    """
    message = _decode(line)
    if not isinstance(message, dict):
        raise Refused(None, INVALID_REQUEST, ERROR_NOT_OBJECT)
    if _SURROGATE.search(line) and not _is_unicode(message):
        raise Refused(None, PARSE_ERROR, ERROR_NOT_UNICODE)
    request_id = message.get("id")
    if "id" in message and not is_request_id(request_id):
        raise Refused(None, INVALID_REQUEST, ERROR_BAD_ID)
    is_answer = "result" in message or "error" in message
    if message.get("jsonrpc") != "2.0" or not (is_answer or isinstance(message.get("method"), str)):
        raise Refused(request_id, INVALID_REQUEST, ERROR_NOT_REQUEST)
    if not isinstance(message.get("params"), dict | None):
        raise Refused(request_id, INVALID_PARAMS, ERROR_BAD_PARAMS)
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH and _is_deep(message, MAX_DEPTH):
        raise Refused(request_id, PARSE_ERROR, ERROR_TOO_DEEP)
    return message


def is_request_id(value: object) -> bool:
    """Tell whether a value can be a request's id."""
    return isinstance(value, str | int) and not isinstance(value, bool)


def same_id(request_id: object) -> object:
    """Return what tells requests apart: the SDK takes "7" and 7 for the same id."""
    try:
        return int(request_id) if isinstance(request_id, str) else request_id
    except ValueError:
        return request_id


def _decode(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise Refused(None, PARSE_ERROR, ERROR_NOT_JSON.format(reason=reason)) from error


def _refuse_constant(name: str) -> None:
    raise Refused(None, PARSE_ERROR, ERROR_NOT_JSON.format(reason=name))


def _is_unicode(message: Message) -> bool:
    try:
        encode(message)
    except UnicodeEncodeError:
        return False
    return True


def _is_deep(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deep(item, levels - 1) for item in inner)
