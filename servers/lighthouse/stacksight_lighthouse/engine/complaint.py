"""Why a Chrome does not start, in its own words."""

import asyncio
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

from stacksight_core.untrusted import inline

SECONDS = 10.0
_SAID = re.compile(r"^\[[^\]]*:(?:ERROR|FATAL):[^\]]*\]\s*", re.M)
_SANDBOX = re.compile(r"sandbox", re.I)

HELP_SANDBOX = (
    "Chrome's sandbox needs user namespaces, which this machine or container denies to ordinary "
    "users: allow them (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0), or run the server as root inside the "
    "container, where it does without the sandbox."
)


async def ask_chrome(chrome: Path, flags: Sequence[str]) -> str:
    """Start Chrome once more by itself and return what it complains of; empty when of nothing.

    Args:
        chrome: the program.
        flags: what it is started with.
    """
    command = [str(chrome), *flags, "--dump-dom", "about:blank"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return error.strerror or type(error).__name__
    try:
        async with asyncio.timeout(SECONDS):
            _, complaints = await process.communicate()
    except TimeoutError:
        return ""
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode == 0:
        return ""
    return explain(complaints.decode(errors="replace"))


def explain(complaints: str) -> str:
    """Return the first complaint in what Chrome wrote to stderr, with the help that is known."""
    lines = [_SAID.sub("", line).strip() for line in complaints.splitlines()]
    said = next((line for line in lines if line), "")
    if _SANDBOX.search(complaints):
        return f"{inline(said, 120)} {HELP_SANDBOX}"
    return inline(said, 300)
