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
from typing import Any

NOT_NEEDED = ("uvicorn", "rich", "opentelemetry.metrics")
"""What is installed for others. The SDK, its dependencies and redis-py import them wherever they
are, and do as well without: to serve HTTP, to colour a log that is ours to set up, and to count for
a collector that there is not."""


def import_module(module: str) -> Any:
    """Import a module by its name; what it holds is not known to the type checker."""
    return importlib.import_module(module)


def leave_out_what_is_not_needed() -> None:
    """Let the SDK be imported without what serving on stdin and stdout does not need.

    To be called for a version of the SDK for which that is tested. It saves a sixth of the import,
    and most of a third of it is the SDK's client, which its package imports for whoever wants both.
    """
    for package in NOT_NEEDED:
        # None is the import system's own way to say that there is no such module.
        sys.modules[package] = None  # type: ignore[assignment]
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # else it searches all that is installed
    found = importlib.util.find_spec("mcp")
    assert found
    sys.modules["mcp"] = importlib.util.module_from_spec(found)  # its parts, without its __init__


@contextmanager
def quick_imports() -> Iterator[None]:
    """Import within this block without what costs time and is not needed yet.

    Importing makes no garbage, and collecting it costs a tenth of the start. Most models are never
    used, and building the validators of all costs another tenth: pydantic builds those that are
    used when they are.
    """
    models = import_module("pydantic").BaseModel.model_config
    collected, deferred = gc.isenabled(), models.get("defer_build", False)
    gc.disable()
    models["defer_build"] = True
    try:
        yield
    finally:
        models["defer_build"] = deferred
        gc.freeze()  # what is imported lives until the end: it need not be looked at again
        if collected:
            gc.enable()
