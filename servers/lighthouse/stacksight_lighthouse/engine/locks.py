"""Locks between processes, held by open files: a process that dies lets go of them."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

POLL_SECONDS = 0.1  # a lock on a file cannot be awaited


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Lock a file (made if missing) and return its descriptor, or None while another holds it.

    Several may hold a shared lock at once. Closing the descriptor unlocks.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@asynccontextmanager
async def locked(
    path: Path, on_wait: Callable[[], Awaitable[None]], *, shared: bool = False
) -> AsyncIterator[None]:
    """Hold the lock on a file; ``on_wait`` is called once if another holder stands against it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = try_lock(path, shared=shared)
    if descriptor is None:
        await on_wait()
    while descriptor is None:
        await asyncio.sleep(POLL_SECONDS)
        descriptor = try_lock(path, shared=shared)
    try:
        yield
    finally:
        os.close(descriptor)
