"""Reads the kernel's log for processes of containers that it killed for lack of memory.

The engine says whether a container's first process was killed for its limit, but neither which
process it was nor that the whole host had no memory left. The kernel's log does (mm/oom_kill.c):
``oom-kill:constraint=CONSTRAINT_MEMCG,...,task_memcg=/docker/<id>,task=tail,pid=...``.
"""

import os
import re
import time
from pathlib import Path

from stacksight_docker.facts import OomKill

KERNEL_LOG = Path("/dev/kmsg")
RECORD_BYTES = 8_192
_KILL = re.compile(
    r"oom-kill:constraint=(?P<constraint>\w+).*?task_memcg=\S*?(?P<id>[0-9a-f]{64})\S*?,"
    r"task=(?P<task>[^,]+),"
)
_MICRO = 1_000_000


def read_oom_kills(log: Path = KERNEL_LOG) -> dict[str, list[OomKill]]:
    """Return what was killed, oldest first, by container id; nothing where the log is not ours."""
    kills: dict[str, list[OomKill]] = {}
    booted = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC)
    try:
        descriptor = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return kills
    try:
        # Each read returns one record: priority, number, microseconds since the boot; its text.
        while record := _read(descriptor):
            match = _KILL.search(record)
            if match is None:
                continue
            since_boot = int(record.split(",", 3)[2]) / _MICRO
            by_host = match["constraint"] != "CONSTRAINT_MEMCG"
            kill = OomKill(booted + since_boot, match["task"], by_host=by_host)
            kills.setdefault(match["id"], []).append(kill)
    finally:
        os.close(descriptor)
    return kills


def _read(descriptor: int) -> str:
    for _ in range(3):
        try:
            return os.read(descriptor, RECORD_BYTES).decode(errors="replace")
        except BrokenPipeError:
            continue  # it was overwritten before it was read
        except OSError:
            return ""  # the end
    return ""
