"""A door in front of Redis that can be shut, for what happens while Redis is away."""

import contextlib
import select
import socket
import threading


class Gate:
    """Relays TCP connections to a port; ``shut`` refuses and cuts them, ``open`` lets them in."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._shut = threading.Event()
        self._listener: socket.socket | None = None
        self.port = 0
        self.open()

    def open(self) -> None:
        """Listen, on the same port as before."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._shut = threading.Event()
        threading.Thread(target=self._accept, args=(listener, self._shut), daemon=True).start()

    def shut(self) -> None:
        """Cut every connection and refuse new ones."""
        self._shut.set()
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self, listener: socket.socket, shut: threading.Event) -> None:
        while not shut.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._relay, args=(client, shut), daemon=True).start()

    def _relay(self, client: socket.socket, shut: threading.Event) -> None:
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            ends = {client: server, server: client}
            with contextlib.suppress(OSError):
                while not shut.is_set():
                    for end in select.select(list(ends), [], [], 0.05)[0]:
                        data = end.recv(65_536)
                        if not data:
                            return
                        ends[end].sendall(data)
