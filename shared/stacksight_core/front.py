"""The front: a relay of JSON-RPC lines between the client and the SDK in the same process.

It exists for what the SDK does not do over stdio:

- answer the opening request at once, while the SDK is still being imported (see ``opening``);
- answer a line that is not JSON, or not a request, instead of dropping it;
- deliver the answers to requests that were written just before stdin was closed;
- keep everything that is not a JSON-RPC message off stdout, whoever prints it.

Standard library only. Two daemon threads; file descriptors 0 and 1 become pipes to the SDK.
"""

import json
import os
import re
import select
import sys
import threading
import time
from typing import Any, BinaryIO

from stacksight_core.about import About
from stacksight_core.opening import answer_opening

MAX_LINE_BYTES = 16 * 1024 * 1024
DRAIN_SECONDS = 120.0

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
INVALID_PARAMS = -32602

ERROR_TOO_LONG = f"The line is longer than {MAX_LINE_BYTES} bytes; send less in one message."
ERROR_NOT_JSON = "The line is not JSON ({reason}). Send one JSON-RPC 2.0 message per line."
ERROR_NOT_OBJECT = "The message is not a JSON object. Batches are not part of MCP: send one by one."
ERROR_NOT_REQUEST = 'The message is not JSON-RPC 2.0: it needs "jsonrpc": "2.0" and a "method".'
ERROR_NOT_UNICODE = (
    "The message holds half of a surrogate pair (\\ud800 to \\udfff), which is not Unicode."
)
ERROR_BAD_ID = '"id" has to be a string or an integer.'
ERROR_BAD_PARAMS = '"params" has to be an object.'

RequestId = str | int
_SURROGATE = re.compile(rb"\\ud[89a-f]", re.I)
_UNANSWERED = frozenset({"subscriptions/listen"})  # answered only when the client ends it


class _Refused(Exception):
    def __init__(self, request_id: RequestId | None, code: int, text: str) -> None:
        super().__init__(text)
        self.request_id = request_id
        self.code = code
        self.text = text


class Front:
    """Relays between the wire (the process's stdin and stdout) and the SDK.

    Create it before anything that might print is imported; it starts at once.
    """

    def __init__(self, about: About) -> None:
        self._about = about
        self._wire_in: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._wire_out = os.dup(1)
        from_front, to_sdk = os.pipe()
        from_sdk, to_front = os.pipe()
        os.dup2(from_front, 0)
        os.dup2(to_front, 1)
        os.close(from_front)
        os.close(to_front)
        self._to_sdk = to_sdk
        self._from_sdk: BinaryIO = os.fdopen(from_sdk, "rb")
        self._write_lock = threading.Lock()
        self._changed = threading.Condition()
        self._awaited: set[RequestId] = set()
        self._answered_here: set[RequestId] = set()
        self._opened = False
        self._discovery: bytes | None = None
        self._client_gone = False
        threading.Thread(target=self._relay_to_sdk, name="front-in", daemon=True).start()
        threading.Thread(target=self._relay_to_client, name="front-out", daemon=True).start()

    # --- client to SDK ---------------------------------------------------------------------

    def _relay_to_sdk(self) -> None:
        try:
            while line := self._wire_in.readline(MAX_LINE_BYTES + 1):
                if len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                    self._skip_rest_of_line()
                    self._refuse(None, PARSE_ERROR, ERROR_TOO_LONG)
                elif line.strip():
                    self._accept(line)
        except OSError:
            pass  # the client's end broke: the same as its closing
        self._drain()
        self.stop()

    def stop(self) -> None:
        """End the SDK's input: it cancels what runs, and the process ends.

        Safe in a signal handler and more than once: no lock is taken, and the descriptor stays
        valid, so that a line being relayed meanwhile cannot end up in another file.
        """
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._to_sdk)
        os.close(nowhere)

    def _skip_rest_of_line(self) -> None:
        while (rest := self._wire_in.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
            pass

    def _accept(self, line: bytes) -> None:
        try:
            message = _parse(line)
        except _Refused as refused:
            self._refuse(refused.request_id, refused.code, refused.text)
            return
        request_id = message.get("id")
        if message.get("method") == "notifications/cancelled":
            params = message.get("params")
            self._settle(params.get("requestId") if isinstance(params, dict) else None)
        if request_id is not None and "method" in message:
            if not self._opened and self._open(message, line):
                return
            self._hand_on_discovery(message)
            if message["method"] not in _UNANSWERED:
                with self._changed:
                    self._awaited.add(request_id)
        self._forward(line)

    def _open(self, message: dict[str, Any], line: bytes) -> bool:
        """Answer the opening request; True when the SDK is not to see it yet."""
        self._opened = True
        answer = answer_opening(message, self._about)
        if answer is None:
            return False
        self._write(json.dumps(answer).encode())
        self._answered_here.add(message["id"])  # the SDK's own answer does not go out
        if message["method"] == "server/discover":
            self._discovery = line
            return True
        return False

    def _hand_on_discovery(self, message: dict[str, Any]) -> None:
        """Let the SDK see the discovery before what follows it.

        The first request that the SDK sees fixes the protocol era. A client that probed and then
        falls back to the handshake must not find the era taken.
        """
        line, self._discovery = self._discovery, None
        if line and message["method"] != "initialize":
            self._forward(line)

    def _refuse(self, request_id: RequestId | None, code: int, text: str) -> None:
        error = {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": text}}
        self._write(json.dumps(error).encode())

    def _forward(self, line: bytes) -> None:
        try:
            _write_all(self._to_sdk, line if line.endswith(b"\n") else line + b"\n")
        except OSError:
            self._client_gone = True  # the SDK has ended; nothing will be answered any more

    def _drain(self) -> None:
        """Wait, after the end of stdin, until what was asked is answered or nobody reads it."""
        deadline = time.monotonic() + DRAIN_SECONDS
        with self._changed:
            while self._awaited and not self._nobody_reads() and time.monotonic() < deadline:
                self._changed.wait(0.1)

    def _nobody_reads(self) -> bool:
        if self._client_gone:
            return True
        poll = select.poll()
        poll.register(self._wire_out, 0)
        return any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))

    # --- SDK to client ---------------------------------------------------------------------

    def _relay_to_client(self) -> None:
        for line in self._from_sdk:
            message = _protocol_message(line)
            if message is None:
                sys.stderr.write(line.decode(errors="replace"))
                continue
            request_id = None if "method" in message else message.get("id")
            if request_id in self._answered_here:
                self._answered_here.discard(request_id)
            else:
                self._write(line.rstrip(b"\n"))
            self._settle(request_id)

    def _settle(self, request_id: Any) -> None:
        with self._changed:
            if isinstance(request_id, RequestId):
                self._awaited.discard(request_id)
            self._changed.notify_all()

    def _write(self, line: bytes) -> None:
        with self._write_lock:
            try:
                _write_all(self._wire_out, line + b"\n")
            except OSError:
                self._client_gone = True


def _parse(line: bytes) -> dict[str, Any]:
    """Decode a line into a JSON-RPC message, or say why it is none."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise _Refused(None, PARSE_ERROR, ERROR_NOT_JSON.format(reason=reason)) from error
    if not isinstance(message, dict):
        raise _Refused(None, INVALID_REQUEST, ERROR_NOT_OBJECT)
    if _SURROGATE.search(line) and not _is_unicode(message):
        raise _Refused(None, PARSE_ERROR, ERROR_NOT_UNICODE)
    request_id = message.get("id")
    if "id" in message and (isinstance(request_id, bool) or not isinstance(request_id, RequestId)):
        raise _Refused(None, INVALID_REQUEST, ERROR_BAD_ID)
    is_answer = "result" in message or "error" in message
    if message.get("jsonrpc") != "2.0" or not (is_answer or isinstance(message.get("method"), str)):
        raise _Refused(request_id, INVALID_REQUEST, ERROR_NOT_REQUEST)
    if "params" in message and not isinstance(message["params"], dict):
        raise _Refused(request_id, INVALID_PARAMS, ERROR_BAD_PARAMS)
    return message


def _is_unicode(message: dict[str, Any]) -> bool:
    try:
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _protocol_message(line: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    if isinstance(message, dict) and message.get("jsonrpc") == "2.0":
        return message
    return None
