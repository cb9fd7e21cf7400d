"""Starts a server process: the front first, the SDK behind it."""

import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable

from stacksight_core.about import About
from stacksight_core.front import Front
from stacksight_core.variables import expand_own_environment

HINT_BY_HAND = (
    "{name} is an MCP server: a client such as Claude Code starts it and speaks JSON-RPC with it "
    "on stdin and stdout. Ctrl-D ends it; `{name} --help` explains its settings.\n"
)


def start(about: About, module: str) -> None:
    """Run the server process to its end.

    Args:
        about: who the server is; enough to answer the opening request.
        module: the server's module, imported behind the front; it holds the spec as ``SERVER``.
    """
    expand_own_environment()
    arguments = sys.argv[1:]
    for_people = not {"-h", "--help", "--version"}.isdisjoint(arguments)
    front = None if for_people else _open_front(about)
    run_server = importlib.import_module("stacksight_core.server").run_server
    spec = importlib.import_module(module).SERVER
    if front:
        _on_signal(front.stop)
    run_server(spec, arguments)


def _open_front(about: About) -> Front:
    if sys.stdin.isatty():
        sys.stderr.write(HINT_BY_HAND.format(name=about.name))
    _on_signal(lambda: os._exit(0))  # nothing needs cleaning up while importing
    gc.disable()  # importing makes no garbage; collecting costs a tenth of the start
    return Front(about)


def _on_signal(act: Callable[[], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: act())
