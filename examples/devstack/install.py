"""What the whole test suite needs from the machine: `python -m devstack.install [--dry-run]`.

Root on Debian or Ubuntu gets what is missing from apt; everybody else gets the commands.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from devstack.engine import find_engine
from devstack.errors import SystemMissingError
from devstack.images import has_static_busybox
from devstack.postgres import find_installed, has_library
from devstack.redis import find_installed as find_installed_redis

CHROMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROME_ON_MACOS = Path("/Applications/Google Chrome.app")

ERROR_APT = "{command} failed:\n{output}"


@dataclass(frozen=True)
class Need:
    """One Debian package, what it is for, and whether the machine has the thing already."""

    package: str
    purpose: str
    present: Callable[[], bool]


def needs() -> list[Need]:
    """Everything the suite needs, in the order of installation."""
    found = [
        Need(
            "docker.io", "a Docker engine", lambda: bool(shutil.which("dockerd") or find_engine())
        ),
        Need("busybox-static", "container images without a registry", has_static_busybox),
        Need("redis-server", "a Redis", lambda: find_installed_redis() is not None),
        Need("chromium", "a Chrome for Lighthouse", _has_chrome),
        Need("postgresql", "a PostgreSQL", lambda: find_installed() is not None),
    ]
    binaries = find_installed()
    if binaries is not None:
        major = _major(binaries)
        hypopg = f"postgresql-{major}-hypopg"
        found.append(Need(hypopg, "hypothetical indexes", lambda: has_library(binaries, "hypopg")))
    return found


def missing() -> list[Need]:
    """The needs that this machine does not meet."""
    return [need for need in needs() if not need.present()]


def install(packages: list[str]) -> list[str]:
    """Install Debian packages; returns those that this distribution does not have.

    Raises SystemMissingError with apt's words when apt fails.
    """
    _apt_get("update")
    offered = [package for package in packages if _is_offered(package)]
    if offered:
        _apt_get("install", "-y", "--no-install-recommends", *offered)
    return [package for package in packages if package not in offered]


def main() -> int:
    """Install or list what is missing; returns the exit code."""
    parser = argparse.ArgumentParser(description="Install what the test suite needs.")
    parser.add_argument("--dry-run", action="store_true", help="only say what is missing")
    dry_run = parser.parse_args().dry_run
    if dry_run or os.geteuid() != 0 or shutil.which("apt-get") is None:
        packages = _announce(missing())
        if packages:
            _say(f"to get them: sudo apt-get update && sudo apt-get install {' '.join(packages)}")
        return 0
    refused: list[str] = []
    try:
        for _ in range(2):  # the second time for what depends on a version that came first
            lacking = [need for need in missing() if need.package not in refused]
            if lacking:
                refused += install(_announce(lacking))
    except SystemMissingError as error:
        _say(str(error))
        return 1
    for package in refused:
        _say(f"apt has no {package} here; what needs it will be skipped")
    return 0


def _announce(lacking: list[Need]) -> list[str]:
    for need in lacking:
        _say(f"missing: {need.package} ({need.purpose})")
    return [need.package for need in lacking]


def _apt_get(*arguments: str) -> None:
    command = ["apt-get", "-qq", *arguments]
    done = subprocess.run(
        command,
        env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemMissingError(ERROR_APT.format(command=" ".join(command), output=done.stdout))


def _is_offered(package: str) -> bool:
    command = ["apt-cache", "show", "--no-all-versions", package]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_chrome() -> bool:
    configured = os.environ.get("CHROME_PATH")
    candidates = (configured, *CHROMES) if configured else CHROMES
    return CHROME_ON_MACOS.exists() or any(shutil.which(name) for name in candidates)


def _major(binaries: Path) -> str:
    # The answer begins with postgres (PostgreSQL) 15.18.
    asked = subprocess.run(
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    )
    return asked.stdout.split()[2].split(".")[0]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
