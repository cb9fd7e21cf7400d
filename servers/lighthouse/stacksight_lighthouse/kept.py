"""Whether audits may be kept. Standard library only: it is asked before anything is imported."""

import os
import re
from collections.abc import Mapping, Sequence

_FLAGS = ("--audits-dir", "--cache-dir")
NAME_CHARS = 40


def folder_name(project: str) -> str:
    """Return how the name of a project's folder of audits begins."""
    return re.sub(r"[^\w.-]+", "-", project)[:NAME_CHARS] or "root"


def nothing_kept(environment: Mapping[str, str], arguments: Sequence[str]) -> bool:
    """Tell whether there can be no audit of the project in the current folder.

    False when it takes more than a look to know.
    """
    if any(argument.startswith(_FLAGS) for argument in arguments):
        return False
    cache = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111
    base = environment.get("STACKSIGHT_CACHE_DIR") or f"{cache}/stacksight"
    audits = environment.get("STACKSIGHT_AUDITS_DIR") or f"{base}/audits"
    begins = f"{folder_name(os.path.basename(os.getcwd()))}-"  # noqa: PTH109, PTH119
    try:
        return not any(name.startswith(begins) for name in os.listdir(audits))  # noqa: PTH208
    except OSError:
        return True
