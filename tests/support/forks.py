"""Servers forked from one process in which everything is imported: many starts a second."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.support.stdio import ROOT

PATIENCE_S = 20.0


class Forks:
    """Starts servers.

    Args:
        control: the socket to the process that forks them.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control

    def talk(
        self, kind: str, chunks: Sequence[bytes], enough: Callable[[list[Any]], bool]
    ) -> list[Any]:
        """Write to a new server and return what it wrote, as decoded messages.

        Args:
            kind: ``front`` or ``plain``.
            chunks: what is written, piece by piece.
            enough: tells whether all answers are there; the input is then closed.
        """
        read_by_server, to_server = os.pipe()
        from_server, written_by_server = os.pipe()
        socket.send_fds(self._control, [kind.encode()], [read_by_server, written_by_server])
        os.close(read_by_server)
        os.close(written_by_server)
        for chunk in chunks:
            os.write(to_server, chunk)
        received = b""
        deadline = time.monotonic() + PATIENCE_S
        while not enough(decode(received)):
            ready, _, _ = select.select([from_server], [], [], deadline - time.monotonic())
            assert ready, f"{kind}: no more answers came after {decode(received)}"
            received += os.read(from_server, 1 << 20)
        os.close(to_server)
        before_end = len(decode(received))
        while more := os.read(from_server, 1 << 20):
            received += more
        os.close(from_server)
        after = [m for m in decode(received)[before_end:] if not _is_end(m)]
        return decode(received)[:before_end] + after


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
