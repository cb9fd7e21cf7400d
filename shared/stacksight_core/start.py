"""Starts a server process: the front first, the SDK behind it."""

import gc
import importlib
import os
import signal
import sys

from stacksight_core.about import About
from stacksight_core.front import Front


def start(about: About, module: str) -> None:
    """Run the server process to its end.

    Args:
        about: who the server is; enough to answer the opening request.
        module: the server's module, imported behind the front; it holds the spec as ``SERVER``.
    """
    arguments = sys.argv[1:]
    for_people = {"-h", "--help", "--version"} & set(arguments)
    if not for_people:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(0))  # until the event loop takes over
        Front(about)
        gc.disable()  # importing makes no garbage; collecting costs a tenth of the start
    serve = importlib.import_module("stacksight_core.server").run_server
    serve(importlib.import_module(module).SERVER, arguments)
