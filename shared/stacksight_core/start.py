"""Starts a server process: the front first, the SDK when something needs it."""

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence

from stacksight_core.about import About
from stacksight_core.front import Front, HandOver
from stacksight_core.imports import import_module, leave_out_what_is_not_needed, quick_imports
from stacksight_core.lines import Wire
from stacksight_core.manifest import load_manifest
from stacksight_core.variables import asks_for_http, expand_own_environment

HINT_BY_HAND = (
    "{name} is an MCP server: a client such as Claude Code starts it and speaks JSON-RPC with it "
    "on stdin and stdout. Ctrl-D ends it; `{name} --help` explains its settings.\n"
)
FOR_PEOPLE = frozenset({"-h", "--help", "--version"})


NothingKept = Callable[[Mapping[str, str], Sequence[str]], bool]


def start(
    about: About,
    module: str,
    manifest: str | None = None,
    nothing_kept: NothingKept = lambda _, __: True,
) -> None:
    """Run the server process to its end.

    Args:
        about: who the server is.
        module: the server's module, imported when it is needed; it holds the spec as ``SERVER``.
        manifest: the folder of its recorded answers; by default beside the module.
        nothing_kept: tells from environment and arguments whether there are no resources before
            the first call, as there are none where they do not outlive the process.
    """
    _on_signal(lambda: os._exit(0))  # nothing needs cleaning up before the SDK serves
    _reopen_what_is_closed()
    expand_own_environment()
    arguments = sys.argv[1:]
    if not FOR_PEOPLE.isdisjoint(arguments) or asks_for_http(arguments, os.environ):
        import_module("stacksight_core.server").run_server(import_module(module).SERVER, arguments)
        return
    if sys.stdin.isatty():
        sys.stderr.write(HINT_BY_HAND.format(name=about.name))
    wire = Wire()
    answers = load_manifest(manifest or _beside(module), about, os.environ, arguments)
    before: HandOver | None = HandOver()
    if answers:
        before = Front(answers, wire, lambda: nothing_kept(os.environ, arguments)).serve()
    if before is not None:
        _serve(module, arguments, wire, before, known=answers is not None)


def _serve(module: str, arguments: list[str], wire: Wire, before: HandOver, *, known: bool) -> None:
    """Let the SDK go on with the connection; ``known``: it is the one that answers are from."""
    import_module("stacksight_core.allocator").give_memory_back()
    relay = import_module("stacksight_core.relay").Relay(wire, before)  # before anything can print
    if known:
        leave_out_what_is_not_needed()
    with quick_imports():
        run_server = import_module("stacksight_core.server").run_server
        spec = import_module(module).SERVER
    relay.serving()
    _on_signal(relay.stop)
    run_server(spec, arguments)
    relay.finish()
    sys.stderr.flush()
    os._exit(0)  # all is closed; taking the interpreter apart would take as long again


def _reopen_what_is_closed() -> None:
    """Let no descriptor of ours take the number of a standard one that we were started without."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the lowest free number is the one that is missing
            setattr(sys, name, open(os.devnull, mode))  # noqa: PTH123, SIM115


def _beside(module: str) -> str:
    package = sys.modules[module.rpartition(".")[0]]
    return f"{package.__path__[0]}/manifest"


def _on_signal(act: Callable[[], object]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: act())
