"""What the engine knows about a cause that a log names."""

from collections.abc import Callable

from stacksight_core.units import format_bytes
from stacksight_docker.diagnosis.model import Case

LOW_DISK_BYTES = 512 * 1024 * 1024
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


def find_proofs(case: Case, kind: str, path: str) -> list[str]:
    """Return evidence for a cause.

    Args:
        case: the container.
        kind: the cause.
        path: the file that the log names; empty when it names none.
    """
    find = _PROOFS.get(kind)
    return find(case, path) if find else []


def _architecture(case: Case, _path: str) -> list[str]:
    image = case.scene.architectures.get(case.container.image_id, "")
    engine = case.scene.info.architecture
    if not image:
        return []
    same = _machine(image) == _machine(engine)
    note = ", the same: so the file itself is at fault" if same else ""
    return [f"image Architecture={image}, engine Architecture={engine}{note}"]


def is_proved(case: Case, kind: str, path: str) -> bool:
    """Tell whether what the engine knows leaves no other cause than the one that the log names."""
    container = case.container
    if kind == "wrong-architecture":
        image = case.scene.architectures.get(container.image_id, "")
        return bool(image) and _machine(image) != _machine(case.scene.info.architecture)
    if kind == "mount-wrong-kind":
        return any(path == mount.target for mount in container.mounts)
    if kind == "secret-missing":
        return bool(path) and not any(
            path == m.target or is_under(path, m.target) for m in container.mounts
        )
    if kind == "disk-full":
        return any(is_under(path, folder) for folder in container.tmpfs)
    return False


def is_under(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder."""
    return path.startswith(folder.rstrip("/") + "/")


def _machine(name: str) -> str:
    return _MACHINES.get(name, name)


def _disk(case: Case, path: str) -> list[str]:
    in_memory = case.container.tmpfs
    named = {f: o for f, o in in_memory.items() if is_under(path, f)}
    shown = (named or in_memory).items()
    found = [f"HostConfig.Tmpfs: {f} ({options or 'no size given'})" for f, options in shown]
    free = case.scene.disk_free
    if free is None:
        return found[:2]
    enough = free >= LOW_DISK_BYTES
    note = " (so a volume or tmpfs is full instead)" if enough else ""
    return [*found[:2], f"free under {case.scene.info.root_dir}: {format_bytes(free)}{note}"]


def _read_only(case: Case, _path: str) -> list[str]:
    protected = [m.target for m in case.container.mounts if not m.writable]
    root = [f"HostConfig.ReadonlyRootfs={str(case.container.read_only).lower()}"]
    return root + ([f"Mounts read-only: {', '.join(protected[:4])}"] if protected else [])


def _permission(case: Case, path: str) -> list[str]:
    return [f"Config.User={case.container.user or 'root'}; {_mounts(case, path)}"]


def _rights(case: Case, _path: str) -> list[str]:
    container = case.container
    rights = [f"Config.User={container.user or 'root'}", "HostConfig.Privileged=false"]
    if container.cap_drop:
        rights.append(f"CapDrop={','.join(container.cap_drop)}")
    rights.append(f"CapAdd={','.join(container.cap_add) or 'none'}")
    if container.security_options:
        rights.append(f"SecurityOpt={', '.join(container.security_options)[:80]}")
    return ["; ".join(rights)]


def _file(case: Case, path: str) -> list[str]:
    return [_mounts(case, path)]


def _mounts(case: Case, path: str) -> str:
    mounts = case.container.mounts
    over = [m for m in mounts if path == m.target or is_under(path, m.target)]
    if over:
        mount = max(over, key=lambda m: len(m.target))
        return f"Mounts: {mount.target} is {mount.source} ({mount.kind})"
    if path and mounts:
        return f"Mounts: none covers {path}, so it comes from the image"
    return f"Mounts: {', '.join(m.target for m in mounts[:4]) or 'none'}"


def _processes(case: Case, _path: str) -> list[str]:
    limit = case.container.pids_limit
    sample = case.scene.samples.get(case.container.id)
    now = f", {sample.processes} now" if sample else ""
    return [f"HostConfig.PidsLimit={limit if limit > 0 else 'none'}{now}"]


def _open_files(case: Case, _path: str) -> list[str]:
    limit = case.container.open_files_limit
    return [f"HostConfig.Ulimits: nofile={limit or 'not set'}"]


def _on_host(case: Case, _path: str) -> list[str]:
    if case.container.network_mode != "host":
        return []
    others = [
        c.name
        for c in case.scene.listed.values()
        if "host" in c.networks and c.state == "running" and c.id != case.container.id
    ]
    shown = f"; so do {', '.join(others[:4])}" if others else ""
    return [f"HostConfig.NetworkMode=host: it shares the host's ports{shown}"]


def _memory(case: Case, _path: str) -> list[str]:
    limit = case.container.memory_limit
    shown = format_bytes(limit) if limit else "none"
    return [f"HostConfig.Memory={shown}, State.OOMKilled={str(case.container.oom_killed).lower()}"]


def _clock(case: Case, _path: str) -> list[str]:
    return [f"engine's clock against this machine's: {case.scene.clock_offset:+.0f} s"]


_PROOFS: dict[str, Callable[[Case, str], list[str]]] = {
    "wrong-architecture": _architecture,
    "disk-full": _disk,
    "read-only": _read_only,
    "permission-denied": _permission,
    "not-permitted": _rights,
    "file-missing": _file,
    "mount-wrong-kind": _file,
    "process-limit": _processes,
    "too-many-files": _open_files,
    "secret-missing": _file,
    "out-of-memory-inside": _memory,
    "allocation-failed": _memory,
    "clock": _clock,
    "port-in-use-inside": _on_host,
}
