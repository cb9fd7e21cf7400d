"""The answers that are the same in every process, recorded from the real server.

A server's folder ``manifest`` holds a file for every combination of output mode and permission to
write: a first line that says whose answers these are and where each is, then one result a line,
byte for byte as the SDK wrote it. `make manifest` writes them, and a test fails when they are old.

Standard library only: it is needed before the SDK is imported.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stacksight_core.about import About

OUTPUT_VARIABLE = "STACKSIGHT_OUTPUT"
WRITES_VARIABLE = "STACKSIGHT_ALLOW_WRITES"

_OUTPUTS = {"": "text", "text": "text", "structured": "structured"}
_SWITCHES = {"": False, "0": False, "false": False, "1": True, "true": True}
PACKAGES = ("mcp", "mcp_types")


class Variant(NamedTuple):
    """What a server's definitions depend on.

    Attributes:
        output: text or structured.
        allow_writes: whether the tools that change something are offered.
    """

    output: str = "text"
    allow_writes: bool = False

    @property
    def file_name(self) -> str:
        """The name of its file in the folder."""
        return f"{self.output}{'-writes' if self.allow_writes else ''}.jsonl"


VARIANTS = tuple(
    Variant(output, writes) for output in ("text", "structured") for writes in (False, True)
)


class Manifest:
    """The recorded answers of one server.

    Args:
        header: the first line of the file.
        results: the others.
    """

    def __init__(self, header: dict[str, Any], results: Sequence[bytes]) -> None:
        self._answers = header["answers"]
        self._results = results

    def result(self, version: str, method: str) -> bytes | None:
        """Return the result of a request without parameters, as JSON, in a protocol version."""
        number = self._answers.get(version, {}).get(method)
        return None if number is None else self._results[number]


def choose_variant(environment: Mapping[str, str], arguments: Sequence[str]) -> Variant | None:
    """Tell what the settings make of the definitions, without reading all settings.

    Returns:
        None when that takes more than a look; the settings themselves then tell.
    """
    lower = {name.upper() for name in environment if name != name.upper()}
    if not lower.isdisjoint({OUTPUT_VARIABLE, WRITES_VARIABLE}):
        return None  # names of variables are read without regard to case
    output = environment.get(OUTPUT_VARIABLE, "")
    writes = _SWITCHES.get(environment.get(WRITES_VARIABLE, "").lower())
    flags = iter(arguments)
    for flag in flags:
        if flag == "--allow-writes":
            writes = True
        elif flag == "--output":
            output = next(flags, "-") or "-"
        elif flag.startswith("--output="):
            output = flag.partition("=")[2] or "-"
        elif flag == "--":
            return None
    if output not in _OUTPUTS or writes is None:
        return None
    return Variant(_OUTPUTS[output], writes)


def load_manifest(
    folder: str, about: About, environment: Mapping[str, str], arguments: Sequence[str]
) -> Manifest | None:
    """Return the answers that hold for these settings, or None when there are none.

    Args:
        folder: the server's.
        about: who the server is now.
        environment: the process's.
        arguments: its command line without the program's name.
    """
    variant = choose_variant(environment, arguments)
    if variant is None:
        return None
    try:
        with open(os.path.join(folder, variant.file_name), "rb") as file:  # noqa: PTH118, PTH123
            first, *results = file.read().splitlines()
        header = json.loads(first)
    except (OSError, ValueError):
        return None
    if header["about"] != list(about) or not _are_installed(header["packages"]):
        return None
    if _is_set(header["unless"], environment, arguments):
        return None
    return Manifest(header, results)


def _are_installed(versions: Mapping[str, str]) -> bool:
    """Tell whether exactly these versions are there; importlib.metadata takes too long to load."""
    names = {f"{name}-{version}.dist-info" for name, version in versions.items()}
    return all(any(os.path.isdir(os.path.join(p, n)) for p in sys.path) for n in names)  # noqa: PTH112, PTH118


def _is_set(
    settings: Mapping[str, str], environment: Mapping[str, str], arguments: Sequence[str]
) -> bool:
    flags = {argument.partition("=")[0] for argument in arguments}
    variables = {name.upper() for name, value in environment.items() if value}
    return any(f in flags or variable in variables for f, variable in settings.items())
