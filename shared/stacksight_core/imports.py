"""Imports what an idle process does without, as quickly as it goes.

Standard library only.
"""

import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

NOT_NEEDED = ("uvicorn", "rich", "opentelemetry.metrics")
"""What is installed for others. The SDK, its dependencies and redis-py import them wherever they
are, and do as well without: to serve HTTP, to colour a log that is ours to set up, and to count for
a collector that there is not."""
HARDLY_NEEDED = ("mcp", "httpx2")
"""The SDK's package itself, which imports its client for whoever wants both, and what its server
fetches resources with that are elsewhere on the web. Parts of them are imported as ever."""


def import_module(module: str) -> Any:
    """Import a module by its name; what it holds is not known to the type checker."""
    return importlib.import_module(module)


class _Later(ModuleType):
    """A package that is imported, beyond its parts, when something of it is first used."""

    def __getattr__(self, name: str) -> Any:
        self.__class__ = ModuleType  # type: ignore[assignment]
        assert self.__spec__
        assert self.__spec__.loader
        self.__spec__.loader.exec_module(self)
        return getattr(self, name)


def leave_out_what_is_not_needed() -> None:
    """Let the SDK be imported without what serving on stdin and stdout does not need.

    To be called for a version of the SDK for which that is tested. It saves a fifth of the import.
    """
    for package in NOT_NEEDED:
        # None is the import system's own way to say that there is no such module.
        sys.modules[package] = None  # type: ignore[assignment]
    for package in HARDLY_NEEDED:
        found = importlib.util.find_spec(package)
        assert found
        sys.modules[package] = importlib.util.module_from_spec(found)
        sys.modules[package].__class__ = _Later
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # else it searches all that is installed


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import within this block without what costs time and is not needed yet.

    Importing makes no garbage, and collecting it costs a tenth of the start. Most models are never
    used, and building the validators of all costs a sixth: pydantic builds those that are used when
    they are.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        with _validators_built_when_used():
            yield
    finally:
        gc.freeze()  # what is imported lives until the end: it need not be looked at again
        if collected:
            gc.enable()


@contextmanager
def _validators_built_when_used() -> Iterator[None]:
    pydantic = import_module("pydantic")
    models, adapters = pydantic.BaseModel.model_config, pydantic.TypeAdapter
    # There is no public default for adapters. Where pydantic looks elsewhere, nothing is deferred.
    was, asked = models.get("defer_build", False), vars(adapters).get("_defer_build")
    models["defer_build"] = adapters._defer_build = True  # noqa: SLF001
    try:
        yield
    finally:
        models["defer_build"], adapters._defer_build = was, asked  # noqa: SLF001
