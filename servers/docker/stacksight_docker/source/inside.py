"""What the host sees inside a running container: its listening ports and its zombies (proc(5))."""

from pathlib import Path

from stacksight_docker.facts import Container, Inside, Listener

PROC = Path("/proc")
_LISTENING = "0A"
# The engine's own name server listens there in every container of a user-defined network.
_NAME_SERVER = "0B00007F"
_LOOPBACK_V6 = "00000000000000000000000001000000"
_MAPPED_LOOPBACK = "0000000000000000FFFF00000100007F"
_SHARED = ("host", "container:")


def look_inside(container: Container, proc: Path = PROC) -> Inside | None:
    """Look at a running container of this machine; None where that is not possible.

    A container that shares another's network has no listeners of its own.
    """
    if container.status != "running" or not container.pid:
        return None
    process = proc / str(container.pid)
    try:
        shared = container.network_mode.startswith(_SHARED)
        return Inside(frozenset() if shared else _listeners(process), _zombies(process, proc))
    except (OSError, ValueError, IndexError):
        return None


def _listeners(process: Path) -> frozenset[Listener]:
    found: set[Listener] = set()
    for table in ("tcp", "tcp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].rpartition(":")
            if fields[3] == _LISTENING and address != _NAME_SERVER:
                found.add(Listener(int(port, 16), _is_loopback(address)))
    return frozenset(found)


def _is_loopback(address: str) -> bool:
    """Tell whether an address as the kernel writes it, in words of little endian, is loopback."""
    if len(address) == 8:
        return address.endswith("7F")
    return address in (_LOOPBACK_V6, _MAPPED_LOOPBACK)


def _zombies(process: Path, proc: Path) -> int:
    """Count the children of the container's first process, and of its children, that are dead."""
    count, level = 0, [process.name]
    for _ in range(3):
        children = [child for parent in level for child in _children(proc / parent)]
        states = {child: _state(proc / child) for child in children}
        count += sum(state == "Z" for state in states.values())
        level = [child for child, state in states.items() if state != "Z"]
    return count


def _children(process: Path) -> list[str]:
    try:
        return (process / "task" / process.name / "children").read_text().split()
    except OSError:
        return []


def _state(process: Path) -> str:
    try:
        # The name, in parentheses, may hold spaces and parentheses of its own.
        return (process / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
