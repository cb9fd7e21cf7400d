"""Installs all that an audit runs on: ``python -m stacksight_lighthouse.install``."""

import asyncio
import sys

from stacksight_core.errors import ToolFailure
from stacksight_core.settings import InvalidSettings, load_settings
from stacksight_lighthouse.about import ABOUT
from stacksight_lighthouse.engine.install import ensure_engine
from stacksight_lighthouse.settings import Settings


def main() -> int:
    """Install what is missing, say so line by line, and return the exit code."""
    try:
        settings = load_settings(Settings, ABOUT, sys.argv[1:])
        engine = asyncio.run(ensure_engine(settings, _say))
    except (InvalidSettings, ToolFailure) as failure:
        _print(str(failure))
        return 1
    _print(f"node: {engine.node}\nchrome: {engine.chrome}\nlighthouse: {engine.worker.parents[1]}")
    return 0


async def _say(text: str) -> None:
    _print(text)


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
