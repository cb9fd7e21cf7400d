"""Writes the answers that servers give before the SDK is imported: ``make manifest``.

A server is run without its front, as the SDK alone serves it, and asked once in every protocol
version and with every setting that changes the answer. What it writes is kept byte for byte.
"""

import argparse
import contextlib
import importlib
import os
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from stacksight_core.lines import encode
from stacksight_core.manifest import PACKAGES, VARIANTS, Variant
from stacksight_core.server import ServerSpec, run_server
from stacksight_core.usual import (
    HANDSHAKE_VERSIONS,
    META_CAPABILITIES,
    META_CLIENT,
    META_VERSION,
    MODERN_VERSION,
)

SERVERS = ("postgres", "redis", "docker", "lighthouse")
CLIENT = {"name": "manifest", "version": "1"}
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")

Spec = ServerSpec[Any, Any]


class PlainServer:
    """A server without its front, asked one thing at a time."""

    def __init__(self, to_server: BinaryIO, from_server: BinaryIO) -> None:
        self._to = to_server
        self._from = from_server
        self._asked = 0

    def tell(self, message: dict[str, Any]) -> None:
        """Write a message."""
        self._to.write(encode({"jsonrpc": "2.0", **message}) + b"\n")
        self._to.flush()

    def ask(self, method: str, params: dict[str, Any]) -> bytes:
        """Send a request and return the result, byte for byte."""
        self._asked += 1
        self.tell({"id": self._asked, "method": method, "params": params})
        line = self._from.readline().rstrip(b"\n")
        head = b'{"jsonrpc":"2.0","id":%d,"result":' % self._asked
        assert line.startswith(head), line
        return line.removeprefix(head)[:-1]


@contextlib.contextmanager
def plain_server(spec: Spec, variant: Variant) -> Iterator[PlainServer]:
    """Serve from a copy of this process, in which the SDK is already imported."""
    read_by_server, to_server = os.pipe()
    from_server, written_by_server = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(to_server)
        _serve(spec, variant, read_by_server, written_by_server)
    os.close(read_by_server)
    os.close(written_by_server)
    with open(from_server, "rb") as source:  # noqa: PTH123
        with open(to_server, "wb") as sink:  # noqa: PTH123
            yield PlainServer(sink, source)
        os.waitpid(child, 0)


def _serve(spec: Spec, variant: Variant, stdin: int, stdout: int) -> None:
    try:
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        writes = ["--allow-writes"] if variant.allow_writes else []
        run_server(spec, [f"--output={variant.output}", *writes])
    except BaseException:  # noqa: BLE001 - nothing of the parent's may run here
        traceback.print_exc()
    finally:
        os._exit(0)


def record(spec: Spec, variant: Variant) -> bytes:
    """Return the manifest of a server with these settings."""
    answers = {MODERN_VERSION: _ask_modern(spec, variant)}
    for handshake in HANDSHAKE_VERSIONS:
        answers[handshake] = _ask_legacy(spec, variant, handshake)
    fields = spec.settings.model_fields
    results: list[bytes] = []
    header = {
        "about": list(spec.about),
        "packages": {name: version(name) for name in PACKAGES},
        "unless": {
            f"--{name.replace('_', '-')}": fields[name].validation_alias for name in spec.adapts_to
        },
        "answers": {
            revision: {method: _place(result, results) for method, result in of.items()}
            for revision, of in answers.items()
        },
    }
    return b"".join(line + b"\n" for line in [encode(header), *results])


def _place(result: bytes, results: list[bytes]) -> int:
    if result not in results:
        results.append(result)
    return results.index(result)


def _ask_modern(spec: Spec, variant: Variant) -> dict[str, bytes]:
    meta = {META_VERSION: MODERN_VERSION, META_CAPABILITIES: {}, META_CLIENT: CLIENT}
    with plain_server(spec, variant) as server:
        return {m: server.ask(m, {"_meta": meta}) for m in ("server/discover", *LISTS)}


def _ask_legacy(spec: Spec, variant: Variant, handshake: str) -> dict[str, bytes]:
    opening = {"protocolVersion": handshake, "capabilities": {}, "clientInfo": CLIENT}
    with plain_server(spec, variant) as server:
        opened = server.ask("initialize", opening)
        server.tell({"method": "notifications/initialized"})
        return {"initialize": opened} | {method: server.ask(method, {}) for method in LISTS}


def write(module: ModuleType, folder: Path | None = None) -> None:
    """Write a server's manifests.

    Args:
        module: holds the server's spec as ``SERVER``.
        folder: where to; by default beside the module, where the server looks.
    """
    assert module.__file__
    target = folder or Path(module.__file__).parent / "manifest"
    target.mkdir(parents=True, exist_ok=True)
    for variant in VARIANTS:
        (target / variant.file_name).write_bytes(record(module.SERVER, variant))


def main() -> None:
    """Write the manifests of all servers, or of those that are named."""
    parser = argparse.ArgumentParser(description="Record what servers answer before the SDK.")
    parser.add_argument("modules", nargs="*", help="modules with a SERVER; by default all servers")
    parser.add_argument("--into", type=Path, help="one folder per module here")
    options = parser.parse_args()
    for name in [name for name in os.environ if name.upper().startswith("STACKSIGHT_")]:
        del os.environ[name]
    modules = options.modules or [f"stacksight_{server}.server" for server in SERVERS]
    into = options.into and options.into.resolve()
    loaded = [importlib.import_module(module) for module in modules]
    with tempfile.TemporaryDirectory() as project, contextlib.chdir(project):
        for module in loaded:  # in a new folder: nothing is kept of it
            write(module, into and into / module.__name__)


if __name__ == "__main__":
    main()
