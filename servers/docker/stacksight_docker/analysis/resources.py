"""Images, volumes, networks and disk use: what there is, and what nothing uses."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel

from stacksight_core.units import format_bytes, plural
from stacksight_docker.clock import short_time
from stacksight_docker.facts import DiskUse, Image, Listed, Network, Volume

Kind = Literal["disk", "images", "volumes", "networks"]
MAX_ROWS = 25
MAX_USERS = 4
BUILT_IN = frozenset({"bridge", "host", "none", "podman", "ingress", "docker_gwbridge"})
LARGE_LOG_BYTES = 500 * 1024 * 1024
LOW_DISK_BYTES = 2 * 1024**3


class Resource(BaseModel):
    """An image, volume, network, or a kind of data on disk."""

    name: str
    size_bytes: int | None = None
    reclaimable_bytes: int | None = None
    used_by: list[str] = []
    users: int = 0
    details: str | None = None


class Resources(BaseModel):
    """What list_resources answers."""

    kind: Kind
    total: int
    unused: int
    reclaimable_bytes: int | None = None
    findings: list[str] = []
    rows: list[Resource]
    rows_left_out: int = 0
    not_examined: list[str] = []


def list_images(images: Sequence[Image], listed: Sequence[Listed]) -> Resources:
    """List images, the unused first, then the largest."""
    rows = []
    for image in images:
        users = [c.name for c in listed if c.image_id == image.id]
        rows.append(
            Resource(
                name=", ".join(image.tags[:3]) or f"(no tag) {_short(image.id)}",
                size_bytes=image.size,
                reclaimable_bytes=None if users else image.size - (image.shared or 0),
                used_by=users[:MAX_USERS],
                users=len(users),
                details=f"made {short_time(image.created)}" if image.created else None,
            )
        )
    answer = _rank("images", rows)
    dangling = sum(not image.tags for image in images)
    if dangling:
        answer.findings.append(
            f"{plural(dangling, 'image')} without a tag: `docker image prune` removes those unused"
        )
    if any(image.shared is None for image in images):
        answer.not_examined.append(
            "layers that images share (sizes count them in each; kind=disk has the engine add up)"
        )
    return answer


def list_volumes(volumes: Sequence[Volume], listed: Sequence[Listed]) -> Resources:
    """List volumes, the unused first, then the largest."""
    rows = []
    for volume in volumes:
        users = [c.name for c in listed if volume.name in c.volumes]
        notes = [volume.driver, volume.project and f"project {volume.project}"]
        notes += ["anonymous"] if volume.anonymous else []
        rows.append(
            Resource(
                name=volume.name if not volume.anonymous else f"{volume.name[:12]}…",
                size_bytes=volume.size,
                reclaimable_bytes=None if users else volume.size,
                used_by=users[:MAX_USERS],
                users=len(users),
                details=", ".join(note for note in notes if note),
            )
        )
    answer = _rank("volumes", rows)
    if any(volume.size is None for volume in volumes):
        answer.not_examined.append("the size of some volumes (the engine did not add it up)")
    return answer


def list_networks(networks: Sequence[Network], listed: Sequence[Listed]) -> Resources:
    """List networks, the unused first."""
    rows = []
    for network in networks:
        users = [c.name for c in listed if network.name in c.networks]
        built_in = network.name in BUILT_IN
        notes = [network.driver, *network.subnets[:2]]
        notes += ["internal"] if network.internal else []
        notes += [f"project {network.project}"] if network.project else []
        notes += ["built in"] if built_in else []
        rows.append(
            Resource(
                name=network.name,
                used_by=users[:MAX_USERS],
                users=len(users),
                details=", ".join(notes),
            )
        )
    return _rank("networks", rows, kept=BUILT_IN)


def describe_disk(
    use: DiskUse, listed: Sequence[Listed], logs: Mapping[str, int], free: int | None
) -> Resources:
    """Add up disk use by kind of data, with what can be freed.

    Args:
        use: as the engine adds it up.
        listed: all containers.
        logs: bytes of log files by container id; empty where they cannot be read.
        free: bytes free where the engine keeps its data; None where that cannot be read.
    """
    names = {c.id: c.name for c in listed}
    stopped = {c.id for c in listed if c.state not in ("running", "paused", "restarting")}
    used_images = {c.image_id for c in listed}
    used_volumes = {name for c in listed for name in c.volumes}
    idle = [i for i in use.images if i.id not in used_images]
    idle_volumes = [v for v in use.volumes if v.name not in used_volumes]
    largest = sorted(use.writable.items(), key=lambda entry: -entry[1])[:3]
    rows = [
        Resource(
            name="images",
            size_bytes=use.layers or sum(i.size for i in use.images),
            reclaimable_bytes=sum(i.size - (i.shared or 0) for i in idle),
            details=f"{len(use.images)}, {len(idle)} unused",
        ),
        Resource(
            name="volumes",
            size_bytes=sum(v.size or 0 for v in use.volumes),
            reclaimable_bytes=sum(v.size or 0 for v in idle_volumes),
            details=f"{len(use.volumes)}, {len(idle_volumes)} unused",
        ),
        Resource(
            name="written inside containers",
            size_bytes=sum(use.writable.values()),
            reclaimable_bytes=sum(size for cid, size in use.writable.items() if cid in stopped),
            details=", ".join(f"{names.get(c, c[:12])} {format_bytes(n)}" for c, n in largest if n)
            or None,
        ),
        Resource(
            name="build cache",
            size_bytes=use.build_cache,
            reclaimable_bytes=use.build_cache_unused,
        ),
    ]
    if logs:
        rows.append(_logs(logs, names))
    findings = [
        f"the log of {names.get(cid, cid[:12])} takes {format_bytes(size)}: set max-size in its "
        "log options and recreate it"
        for cid, size in sorted(logs.items(), key=lambda entry: -entry[1])[:5]
        if size >= LARGE_LOG_BYTES
    ]
    if free is not None and free < LOW_DISK_BYTES:
        findings.insert(0, f"only {format_bytes(free)} are free where the engine keeps its data")
    return Resources(
        kind="disk",
        total=len(rows),
        unused=len(idle) + len(idle_volumes),
        reclaimable_bytes=sum(row.reclaimable_bytes or 0 for row in rows),
        findings=findings,
        rows=sorted(rows, key=lambda row: -(row.size_bytes or 0)),
        not_examined=[] if logs or not listed else ["log files (not readable from here)"],
    )


def _logs(logs: Mapping[str, int], names: Mapping[str, str]) -> Resource:
    largest = sorted(logs.items(), key=lambda entry: -entry[1])[:3]
    return Resource(
        name="logs",
        size_bytes=sum(logs.values()),
        reclaimable_bytes=0,
        details=", ".join(f"{names.get(c, c[:12])} {format_bytes(n)}" for c, n in largest),
    )


def _rank(kind: Kind, rows: list[Resource], kept: Collection[str] = ()) -> Resources:
    unused = [row for row in rows if not row.users and row.name not in kept]
    ordered = sorted(rows, key=lambda row: (row not in unused, -(row.size_bytes or 0), row.name))
    sizes = [row.reclaimable_bytes for row in unused if row.reclaimable_bytes is not None]
    return Resources(
        kind=kind,
        total=len(rows),
        unused=len(unused),
        reclaimable_bytes=sum(sizes) if sizes else None,
        rows=ordered[:MAX_ROWS],
        rows_left_out=max(0, len(rows) - MAX_ROWS),
    )


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]
