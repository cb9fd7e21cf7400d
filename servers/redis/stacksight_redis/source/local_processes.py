"""Which process of this machine is at the other end of a TCP connection. Linux only; I/O."""

import re
from collections.abc import Iterable
from pathlib import Path

PROC = Path("/proc")
_SOCKET = re.compile(r"socket:\[(\d+)\]")


def find_local_processes(ports: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Map local TCP ports to pid and command line, as far as /proc lets us see them.

    Returns an empty mapping on other systems, and nothing for processes of other users.
    """
    inodes = {inode: port for port, inode in _inodes(set(ports))}
    if not inodes:
        return {}
    found: dict[int, tuple[int, str]] = {}
    for directory in PROC.iterdir():
        if directory.name.isdecimal():
            for inode in _sockets(directory) & inodes.keys():
                found[inodes[inode]] = (int(directory.name), _command(directory))
    return found


def _inodes(ports: set[int]) -> list[tuple[int, str]]:
    pairs = []
    for name in ("tcp", "tcp6"):
        try:
            lines = (PROC / "net" / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            port = int(fields[1].rpartition(":")[2], 16)
            if port in ports and fields[9] != "0":
                pairs.append((port, fields[9]))
    return pairs


def _sockets(directory: Path) -> set[str]:
    inodes = set()
    try:
        for descriptor in (directory / "fd").iterdir():
            if match := _SOCKET.match(str(descriptor.readlink())):
                inodes.add(match[1])
    except OSError:
        pass  # it has ended, or is another user's
    return inodes


def _command(directory: Path) -> str:
    try:
        return (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
