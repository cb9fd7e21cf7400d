"""A program: serves the toy on every pair of descriptors that comes over its stdin, a socket.

``front`` serves as the command does, ``plain`` as the SDK alone does.
"""

import gc
import os
import signal
import socket
from collections.abc import Sequence

import stacksight_core.relay  # noqa: F401 - so that it is there in every copy
from stacksight_core.server import run_server
from stacksight_core.start import start
from tests.core.toy import ABOUT, SERVER

MODULE = "tests.core.toy"


def _serve(kind: str, descriptors: Sequence[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    gc.unfreeze()
    if kind == "plain":
        run_server(SERVER, [])
    else:
        start(ABOUT, MODULE, os.environ["TOY_MANIFEST"])


def main() -> None:
    """Fork a server for every pair, until the socket is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    while True:
        kind, descriptors, _, _ = socket.recv_fds(control, 16, 2)
        if not kind:
            return
        if os.fork() == 0:
            control.close()
            try:
                _serve(kind.decode(), descriptors)
            finally:
                os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
