"""Compose's own command, and the files around a compose file, on this machine."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from stacksight_core.errors import ToolFailure
from stacksight_docker.composefile import ComposeFile, parse_compose_file, parse_env_file

MAX_FILE_BYTES = 300_000
COMMAND_SECONDS = 8.0
NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")

ERROR_NO_FILE = "There is no compose file at {path}{tried}."
ERROR_UNREADABLE = "{path} cannot be read: {reason}."
ERROR_LARGE = "{path} is larger than {limit:,} bytes; that is no compose file."


def read_compose_file(given: str) -> tuple[Path, ComposeFile]:
    """Read a compose file, or the one in a folder, with the ``.env`` beside it.

    Raises:
        ToolFailure: there is none, or it cannot be read.
    """
    path = _find(Path(given).expanduser())
    environment = path.parent / ".env"
    variables = parse_env_file(_read(environment)) if environment.is_file() else {}
    return path, parse_compose_file(_read(path), str(path), variables | os.environ)


def _find(path: Path) -> Path:
    if path.is_dir():
        found = next((path / name for name in NAMES if (path / name).is_file()), None)
        if found is None:
            raise ToolFailure(ERROR_NO_FILE.format(path=path, tried=f" ({', '.join(NAMES)})"))
        return found
    if not path.is_file():
        raise ToolFailure(ERROR_NO_FILE.format(path=path, tried=""))
    return path


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ToolFailure(ERROR_LARGE.format(path=path, limit=MAX_FILE_BYTES))
        return path.read_text(errors="replace")
    except OSError as error:
        raise ToolFailure(ERROR_UNREADABLE.format(path=path, reason=error.strerror)) from error


async def compose_hashes(path: Path) -> dict[str, str] | None:
    """Ask compose for the configuration hash of each service; None where it has no command.

    Only compose computes it as the labels of its containers have it.
    """
    program = shutil.which("docker")
    if program is None:
        return None
    command = [program, "compose", "--file", str(path), "config", "--hash", "*"]
    printed = await _run(command)
    if printed is None:
        return None
    pairs = (line.split() for line in printed.splitlines())
    return {fields[0]: fields[1] for fields in pairs if len(fields) == 2}


async def _run(command: Sequence[str]) -> str | None:
    """Return what a program prints; None where it fails. It ends when we are cancelled."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # it starts its plugin as a process of its own
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            printed, _ = await process.communicate()
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return printed.decode(errors="replace") if process.returncode == 0 else None
