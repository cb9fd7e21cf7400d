"""The relay: lines between the client and the SDK in the same process.

It exists for what the SDK does not do over stdio:

- answer a line that is not JSON, or not a request, instead of dropping it;
- deliver the answers to requests that were written just before stdin was closed;
- keep everything that is not a JSON-RPC message off stdout, whoever prints it;
- take over from the front in the middle of a connection.

Standard library only. Two daemon threads; descriptors 0 and 1 become pipes to the SDK.
"""

import json
import os
import select
import sys
import threading
import time
from typing import Any, BinaryIO, NamedTuple

from stacksight_core.front import ACKNOWLEDGED, SUBSCRIPTION_META, HandOver
from stacksight_core.lines import (
    Message,
    Refused,
    RequestId,
    Wire,
    encode,
    is_request_id,
    parse,
    poll_now,
    same_id,
    write_all,
)
from stacksight_core.logs import write_stderr

DRAIN_SECONDS = 120.0
"""How long what was asked last is waited for after the end of the input."""
PIPED_SECONDS = 0.1
"""What comes without a longer pause belongs together. What was asked together with the end of the
input was piped in whole: its answers are awaited. A call from before a pause, or one that the
client was told to be running, is one whose client has gone."""

FINISH_SECONDS = 0.1
"""How long a client that reads slowly is waited for at the end."""


class _Asked(NamedTuple):
    """A request that has not been answered.

    Attributes:
        after: how many pauses there had been before it.
        token: what its progress is reported by.
    """

    after: int
    token: Any


_END = b"\0\n"


class Relay:
    """Relays between the wire and the SDK, which finds the pipes at descriptors 0 and 1.

    Create it before anything that might print is imported; it starts at once.

    Args:
        wire: the connection.
        before: what the front has already answered, and what it could not.
    """

    def __init__(self, wire: Wire, before: HandOver) -> None:
        self._wire = wire
        from_relay, self._to_sdk = os.pipe()
        from_sdk, to_relay = os.pipe()
        os.dup2(from_relay, 0)
        os.dup2(to_relay, 1)
        os.close(from_relay)
        os.close(to_relay)
        self._nowhere = os.open(os.devnull, os.O_WRONLY)  # at the end there may be none to be had
        self._from_sdk: BinaryIO = os.fdopen(from_sdk, "rb")
        self._write_lock = threading.Lock()
        self._changed = threading.Condition()
        self._asked: dict[object, _Asked] = {}
        self._pauses = 0
        self._ended = False
        self._hidden = set(before.hidden)
        self._acknowledged = [same_id(request_id) for request_id in before.acknowledged]
        self._client_gone = False
        self._serving = False
        threading.Thread(
            target=self._relay_to_sdk, args=[before], name="relay-in", daemon=True
        ).start()
        self._out = threading.Thread(target=self._relay_to_client, name="relay-out", daemon=True)
        self._out.start()

    def serving(self) -> None:
        """Say that the SDK is about to serve: from now on it has to end by itself."""
        self._serving = True

    def stop(self) -> None:
        """End the SDK's input: it cancels what runs, and the process ends.

        Safe in a signal handler and more than once: no lock is taken, and the descriptor stays
        valid, so that a line being relayed meanwhile cannot end up in another file.
        """
        if not self._serving:
            os._exit(0)  # nothing needs cleaning up while importing
        os.dup2(self._nowhere, self._to_sdk)

    def finish(self) -> None:
        """Let what the SDK has written reach the client; it has ended."""
        sys.stdout.flush()
        write_all(1, _END)
        self._out.join(FINISH_SECONDS)

    # --- client to SDK ---------------------------------------------------------------------

    def _relay_to_sdk(self, before: HandOver) -> None:
        for known in before.replay:
            self._forward(known)
        if before.line is not None:
            self._accept(before.line)
        while self._relay_one():
            pass
        self._drain(time.monotonic() + DRAIN_SECONDS)
        self.stop()

    def _relay_one(self) -> bool:
        try:
            line = self._read()
            if line is None:
                return False
            self._accept(line)
        except Refused as refused:
            self._write(encode(refused.answer))
        return True

    def _read(self) -> bytes | None:
        """Read a line, and take note of a pause before it or the end."""
        is_there, began = self._wire.is_readable(), time.monotonic()
        line = self._wire.read()
        if not is_there and time.monotonic() - began > PIPED_SECONDS:
            self._pauses += 1
        return line

    def _accept(self, line: bytes) -> None:
        message = parse(line)
        params = message.get("params")
        if message.get("method") == "notifications/cancelled" and isinstance(params, dict):
            self._settle(params.get("requestId"))
        if "id" in message and "method" in message:
            meta = (params or {}).get("_meta")
            token = meta.get("progressToken") if isinstance(meta, dict) else None
            with self._changed:
                self._asked[same_id(message["id"])] = _Asked(self._pauses, token)
        self._forward(line)

    def _forward(self, line: bytes) -> None:
        # The SDK takes a carriage return for the end of a line; in JSON it can only be a blank.
        try:
            write_all(self._to_sdk, line.replace(b"\r", b" ").rstrip(b"\n") + b"\n")
        except OSError:
            self._client_gone = True  # the SDK has ended; nothing will be answered any more

    def _drain(self, deadline: float) -> None:
        """Wait, after the end of the input, until what was piped in is answered."""
        with self._changed:
            self._ended = True
            while (
                any(asked.after == self._pauses for asked in self._asked.values())
                and not self._nobody_reads()
                and time.monotonic() < deadline
            ):
                self._changed.wait(0.1)

    def _nobody_reads(self) -> bool:
        if self._client_gone:
            return True
        return bool(poll_now(self._wire.out, 0) & (select.POLLERR | select.POLLNVAL))

    # --- SDK to client ---------------------------------------------------------------------

    def _relay_to_client(self) -> None:
        for line in iter(self._from_sdk.readline, _END):
            message = _protocol_message(line)
            if message is None:
                write_stderr(line.decode(errors="replace"))
                continue
            if not self._is_hidden(message):
                self._write(line.rstrip(b"\n"))
            if "method" not in message:
                self._settle(message.get("id"))
            elif message["method"] == ACKNOWLEDGED:  # its answer comes when the client ends it
                self._settle(message["params"]["_meta"][SUBSCRIPTION_META])
            elif message["method"] == "notifications/progress":
                self._note_running(message["params"]["progressToken"])

    def _is_hidden(self, message: Message) -> bool:
        """Tell whether the client has had this message from the front."""
        if "method" not in message:
            hidden = message.get("id") in self._hidden
            self._hidden.discard(message.get("id", ""))
            return hidden
        if not self._acknowledged or message["method"] != ACKNOWLEDGED:
            return False
        subscription = same_id(message["params"]["_meta"][SUBSCRIPTION_META])
        if subscription not in self._acknowledged:
            return False
        self._acknowledged.remove(subscription)
        return True

    def _settle(self, request_id: RequestId | Any) -> None:
        with self._changed:
            if is_request_id(request_id):
                self._asked.pop(same_id(request_id), None)
            self._changed.notify_all()

    def _note_running(self, token: Any) -> None:
        """Take note that the client has been told of a call's progress before the input ended."""
        with self._changed:
            if not self._ended:
                for request_id, asked in self._asked.items():
                    if asked.token == token:
                        self._asked[request_id] = _Asked(-1, token)

    def _write(self, line: bytes) -> None:
        with self._write_lock:
            try:
                self._wire.write(line)
            except OSError:
                self._client_gone = True


def _protocol_message(line: bytes) -> Message | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    if isinstance(message, dict) and message.get("jsonrpc") == "2.0":
        return message
    return None
