"""A subscription on a socket of its own, read as fast as it comes.

redis-py connects (TLS, Unix socket, Sentinel, cluster); then the socket is read here, since its own
loop handles one message at a time and reconnects without a word when the server cuts it off.
"""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hiredis
from redis.exceptions import RedisClusterException, RedisError

from stacksight_redis.facts.addresses import Address
from stacksight_redis.recording.dial import dial
from stacksight_redis.recording.ring import Arrived

RECEIVE_BYTES = 256 * 1024
TICK_S = 0.05
PING_AFTER_S = 10.0
SILENT_AFTER_S = 25.0

CONFIRMATIONS = frozenset({b"subscribe", b"psubscribe", b"ssubscribe"})
ERROR_CLOSED = (
    "Redis closed the connection: a restart, CLIENT KILL, or more at once than its "
    "client-output-buffer-limit for pubsub (32 MB by default)"
)
ERROR_ENDED = "Redis ended the subscription"
ERROR_SILENT = "Redis has not answered a PING"


class WireError(Exception):
    """The subscription could not be made, or has ended; the message says why."""


@dataclass(frozen=True)
class Subscription:
    """What to listen to: plain channels, patterns, sharded channels."""

    channels: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    sharded: tuple[str, ...] = ()

    @property
    def commands(self) -> list[tuple[str, ...]]:
        """The commands that subscribe."""
        kinds = (("SUBSCRIBE", self.channels), ("PSUBSCRIBE", self.patterns))
        # Sharded channels of one node may have different slots: one by one.
        sharded = [("SSUBSCRIBE", name) for name in self.sharded]
        return [(command, *names) for command, names in kinds if names] + sharded

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that is listened to."""
        return (*self.channels, *self.patterns, *self.sharded)


class Wire:
    """One connection that is subscribed; made by ``subscribe``."""

    def __init__(self, address: Address, timeout_s: float) -> None:
        self._address = address
        self._timeout_s = timeout_s
        self._connection: Any = None
        self._reader = hiredis.Reader()
        self._early: list[Any] = []  # messages that came before the last confirmation
        self._heard_at = self._pinged_at = time.monotonic()
        self._lock = threading.Lock()
        self._asked = self._pinged = 0
        self.answered = 0

    def subscribe(self, subscription: Subscription) -> None:
        """Connect, subscribe, and return when Redis has confirmed every name.

        Raises:
            WireError: no connection, or Redis refuses (for example by ACL).
        """
        try:
            self._connection = dial(self._address, subscription.sharded, self._timeout_s)
            self._connection.connect()
            self._socket: socket.socket = self._connection._sock  # noqa: SLF001  taken over from here
            for command in subscription.commands:
                packed = self._connection.pack_command(*command)
                self._socket.sendall(b"".join(packed))
            self._socket.settimeout(self._timeout_s)
            for _ in subscription.names:
                self._confirm()
            self._socket.settimeout(TICK_S)
        except (RedisError, RedisClusterException, OSError) as error:
            raise WireError(str(error) or type(error).__name__) from error

    def _confirm(self) -> None:
        while (answer := self._reader.gets()) is False:
            self._receive()
        if isinstance(answer, hiredis.ReplyError):
            raise WireError(str(answer))
        if not isinstance(answer, list) or answer[0] not in CONFIRMATIONS:
            self._early.append(answer)
            self._confirm()

    def batches(self) -> Iterator[list[Arrived]]:
        """Yield what arrives; an empty batch 20 times a second when nothing does.

        Raises:
            WireError: the connection has ended.
        """
        yield [message for answer in self._early if (message := self._take(answer))]
        try:
            while True:
                yield self._parse()
                if self._asked > self._pinged:
                    self._send_ping()
                try:
                    self._receive()
                except TimeoutError:
                    self._check_alive()
        except (OSError, hiredis.HiredisError) as error:
            raise WireError(str(error)) from error

    def _parse(self) -> list[Arrived]:
        batch = []
        while (answer := self._reader.gets()) is not False:
            if (message := self._take(answer)) is not None:
                batch.append(message)
        return batch

    def _take(self, answer: Any) -> Arrived | None:
        """A message out of an answer; None for confirmations and the answers to PING."""
        if not isinstance(answer, list):
            return None
        match answer[0]:
            case b"message" | b"smessage":
                return Arrived(answer[1], None, answer[2])
            case b"pmessage":
                return Arrived(answer[2], answer[1], answer[3])
            case b"sunsubscribe" | b"unsubscribe" | b"punsubscribe":
                raise WireError(ERROR_ENDED)  # a slot has moved, or a module interfered
            case b"pong":
                self.answered = int(answer[1] or 0)
        return None

    def ask_ping(self) -> int:
        """Ask for a PING and return its number; ``answered`` reaches it when its answer is read.

        Whatever was published before is read before the answer. The reading thread sends it, since
        a TLS connection must not be used by two threads at once.
        """
        with self._lock:
            self._asked += 1
            return self._asked

    def _send_ping(self) -> None:
        number = str(self._asked)
        self._pinged, self._pinged_at = self._asked, time.monotonic()
        self._socket.sendall(f"*2\r\n$4\r\nPING\r\n${len(number)}\r\n{number}\r\n".encode())

    def _receive(self) -> None:
        data = self._socket.recv(RECEIVE_BYTES)
        if not data:
            raise WireError(ERROR_CLOSED)
        self._reader.feed(data)
        self._heard_at = time.monotonic()

    def _check_alive(self) -> None:
        now = time.monotonic()
        if now - self._heard_at > SILENT_AFTER_S:
            raise WireError(ERROR_SILENT)
        if now - max(self._heard_at, self._pinged_at) > PING_AFTER_S:
            self.ask_ping()

    def close(self) -> None:
        """Close the connection; a reader in another thread wakes up."""
        if self._connection is not None:
            self._connection.disconnect()
