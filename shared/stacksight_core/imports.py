"""Imports what an idle process does without, as quickly as it goes.

Standard library only.
"""

import gc
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NOT_NEEDED = ("uvicorn", "rich")
"""What is installed for others. The SDK imports them wherever they are and does as well without: to
serve HTTP, and to colour a log that is ours to set up. Together 5 % of the import."""


def import_module(module: str) -> Any:
    """Import a module by its name; what it holds is not known to the type checker."""
    return importlib.import_module(module)


def leave_out(packages: tuple[str, ...] = NOT_NEEDED) -> None:
    """Let packages be as if they were not installed, in this process."""
    for package in packages:
        # None is the import system's own way to say that there is no such module.
        sys.modules[package] = None  # type: ignore[assignment]
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"  # else it searches all that is installed


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
