"""What the host itself knows, where the engine runs on this machine and Linux lets us read it."""

import shutil
import socket
from collections.abc import Iterable
from pathlib import Path

from stacksight_docker.clock import short_time
from stacksight_docker.facts import Container, EngineInfo

_LISTEN = "0A"
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


def is_here(info: EngineInfo) -> bool:
    """Tell whether the engine runs on this machine, and not in a virtual one or elsewhere."""
    if not info.url.startswith("unix://") or info.name != socket.gethostname():
        return False
    try:
        return Path(info.root_dir).is_dir()
    except OSError:
        return False


def disk_free(info: EngineInfo) -> int | None:
    """Return the bytes free where the engine keeps its data; None where that cannot be read."""
    try:
        return shutil.disk_usage(info.root_dir).free
    except OSError:
        return None


def find_listeners(ports: Iterable[int]) -> dict[int, str]:
    """Return the processes of this machine that listen on ports, as ``name (pid)``."""
    inodes = _listening(set(ports))
    found: dict[int, str] = {}
    if not inodes:
        return found
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        for inode in _sockets(process) & inodes.keys():
            found.setdefault(inodes[inode], f"{_command(process)} (pid {process.name})")
    return found


def _listening(ports: set[int]) -> dict[str, int]:
    inodes: dict[str, int] = {}
    for table in _TABLES:
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            port = int(fields[1].rpartition(":")[2], 16)
            if fields[3] == _LISTEN and port in ports:
                inodes[fields[9]] = port
    return inodes


def _sockets(process: Path) -> set[str]:
    try:
        links = [str(link.readlink()) for link in (process / "fd").iterdir()]
    except OSError:
        return set()
    return {link[8:-1] for link in links if link.startswith("socket:[")}


def _command(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"


def changed_compose_files(containers: Iterable[Container]) -> dict[str, str]:
    """Return, by container id, a compose file that changed after the container was made."""
    changed: dict[str, str] = {}
    for container in containers:
        if container.compose is None or container.created is None:
            continue
        for name in container.compose.config_files:
            try:
                modified = Path(name).stat().st_mtime
            except OSError:
                continue
            if modified > container.created:
                made = short_time(container.created)
                changed[container.id] = f"{name} changed {short_time(modified)}, Created={made}"
    return changed


def log_sizes(info: EngineInfo) -> dict[str, int]:
    """Return the bytes of each container's log files, rotated ones too, by container id."""
    sizes: dict[str, int] = {}
    try:
        for path in Path(info.root_dir, "containers").glob("*/*-json.log*"):
            sizes[path.parent.name] = sizes.get(path.parent.name, 0) + path.stat().st_size
    except OSError:
        return sizes  # some may be rotated away meanwhile
    return sizes
