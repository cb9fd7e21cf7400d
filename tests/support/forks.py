"""Servers forked from one process in which everything is imported: many starts a second."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.stdio import ROOT

PATIENCE_S = 20.0


class Forks:
    """Starts servers.

    Args:
        control: the socket to the process that forks them.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def talk(self, kind: str, pieces: Sequence["Piece"], total: int) -> list[Any]:
        """Write to a new server and return what it wrote, as decoded messages.

        Args:
            kind: ``front`` or ``plain``.
            pieces: what is written.
            total: the input is closed when so many messages have come.
        """
        read_by_server, to_server = os.pipe()
        from_server, written_by_server = os.pipe()
        self._start(kind, read_by_server, written_by_server)
        received = _Received(kind, from_server)
        for piece in pieces:
            received.wait_for(piece.after)
            os.write(to_server, piece.text)
        received.wait_for(total)
        os.close(to_server)
        return received.to_the_end()

    def pipe(self, kind: str, text: bytes) -> list[Any]:
        """Start a server that finds all of its input, and the end, in the pipe already."""
        read_by_server, to_server = os.pipe()
        from_server, written_by_server = os.pipe()
        os.write(to_server, text)
        os.close(to_server)
        self._start(kind, read_by_server, written_by_server)
        return _Received(kind, from_server).to_the_end()

    def _start(self, kind: str, read_by_server: int, written_by_server: int) -> None:
        socket.send_fds(self._control, [kind.encode()], [read_by_server, written_by_server])
        os.close(read_by_server)
        os.close(written_by_server)


class Piece(NamedTuple):
    """A part of the input, which is written when so many messages have come."""

    text: bytes
    after: int = 0


class _Received:
    """What a server has written."""

    def __init__(self, kind: str, descriptor: int) -> None:
        self._kind = kind
        self._descriptor = descriptor
        self._text = b""

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while len(decode(self._text)) < count:
            assert self._read(deadline), f"{self._kind}: it ended after {decode(self._text)}"

    def to_the_end(self) -> list[Any]:
        before_end = len(decode(self._text))
        deadline = time.monotonic() + PATIENCE_S
        while self._read(deadline):
            pass
        os.close(self._descriptor)
        messages = decode(self._text)
        after = [m for m in messages[before_end:] if not _is_end(m)]
        return messages[:before_end] + after

    def _read(self, deadline: float) -> bytes:
        left = max(0, deadline - time.monotonic())
        ready, _, _ = select.select([self._descriptor], [], [], left)
        assert ready, f"{self._kind}: nothing more came after {decode(self._text)}"
        more = os.read(self._descriptor, 1 << 20)
        self._text += more
        return more


def decode(received: bytes) -> list[Any]:
    """Return the messages of whole lines."""
    return [json.loads(line) for line in received.splitlines(keepends=True) if line[-1:] == b"\n"]


def _is_end(message: dict[str, Any]) -> bool:
    """Tell whether a message only says that the server has ended."""
    return "error" in message and message["error"]["code"] == -32000


@contextmanager
def running_forks(manifest: str) -> Iterator[Forks]:
    """Start the process that forks servers."""
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-m", "tests.support.fork_server"]
    environment = os.environ | {"TOY_MANIFEST": manifest}
    with subprocess.Popen(argv, stdin=theirs.fileno(), cwd=ROOT, env=environment) as process:
        theirs.close()
        with ours:
            yield Forks(ours)
        process.wait()
