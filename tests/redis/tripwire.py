"""A relay in front of Redis that acts when the n-th command of a kind passes."""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Literal


class Tripwire:
    """Relays connections to a port until the ``count``-th piece of input with ``word`` in it.

    Args:
        target: Redis's port.
        word: for example EVAL.
        count: which.
        cut: cut the connection before Redis has seen it, or after Redis has answered it but before
            the answer is passed on.
        act: what else to do, before it is passed on.

    Attributes:
        answered: Redis has answered what tripped the wire.
    """

    def __init__(
        self,
        target: int,
        word: bytes,
        count: int,
        *,
        cut: Literal["before", "after"] | str | None = None,
        act: Callable[[], None] | None = None,
    ) -> None:
        self._target, self._word, self._left = target, word, count
        self._cut, self._act = cut, act
        self._tripped = threading.Event()
        self.answered = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        """Redis-py sends a command and reads its answer before it sends the next one."""
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=self._answer, args=(server, client), daemon=True)
            self._cutting = threading.Event()
            back.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65_536):
                    if self._trips(data):
                        if self._act is not None:
                            self._act()
                        if self._cut == "before":
                            return
                        if self._cut == "after":
                            self._cutting.set()
                    server.sendall(data)
                if self._tripped.is_set():
                    self.answered.wait(10)  # though the client has gone

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := server.recv(65_536):
                if self._tripped.is_set():
                    self.answered.set()
                if self._cutting.is_set():
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)

    def _trips(self, data: bytes) -> bool:
        if self._left and self._word in data:
            self._left -= 1
            if self._left == 0:
                self._tripped.set()
                return True
        return False
