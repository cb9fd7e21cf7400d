"""From the engine's JSON to facts about images, volumes, networks and disk use."""

import re
from collections.abc import Mapping
from typing import Any

from stacksight_docker.facts import DiskUse, Image, Network, Volume

Json = Mapping[str, Any]
NO_TAG = "<none>:<none>"
_PROJECT = "com.docker.compose.project"
# The engine names a volume without a name by 32 random bytes.
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


def full_image_id(image: str) -> str:
    """Return an image's id as Docker writes it; Podman leaves the algorithm out in some answers."""
    return image if ":" in image else f"sha256:{image}"


def parse_image(raw: Json) -> Image:
    """Parse an entry of ``/images/json``."""
    shared = raw.get("SharedSize")
    return Image(
        id=full_image_id(str(raw["Id"])),
        tags=tuple(str(tag) for tag in raw.get("RepoTags") or () if tag != NO_TAG),
        size=int(raw.get("Size") or 0),
        created=float(raw.get("Created") or 0),
        shared=int(shared) if isinstance(shared, int) and shared >= 0 else None,
    )


def parse_volume(raw: Json) -> Volume:
    """Parse a volume of ``/volumes`` or ``/system/df``."""
    size = (raw.get("UsageData") or {}).get("Size")
    name = str(raw["Name"])
    return Volume(
        name=name,
        driver=str(raw.get("Driver") or ""),
        project=str((raw.get("Labels") or {}).get(_PROJECT) or ""),
        anonymous=bool(_ANONYMOUS.fullmatch(name)),
        size=int(size) if isinstance(size, int) and size >= 0 else None,
    )


def parse_network(raw: Json) -> Network:
    """Parse an entry of ``/networks``."""
    ranges = ((raw.get("IPAM") or {}).get("Config")) or []
    return Network(
        id=str(raw["Id"]),
        name=str(raw["Name"]),
        driver=str(raw.get("Driver") or ""),
        internal=bool(raw.get("Internal")),
        subnets=tuple(str(entry["Subnet"]) for entry in ranges if entry.get("Subnet")),
        project=str((raw.get("Labels") or {}).get(_PROJECT) or ""),
    )


def parse_disk_use(raw: Json) -> DiskUse:
    """Parse the answer of ``/system/df``."""
    cache = raw.get("BuildCache") or []
    return DiskUse(
        layers=int(raw.get("LayersSize") or 0),
        images=tuple(parse_image(image) for image in raw.get("Images") or []),
        volumes=tuple(parse_volume(volume) for volume in raw.get("Volumes") or []),
        writable={str(c["Id"]): int(c.get("SizeRw") or 0) for c in raw.get("Containers") or []},
        build_cache=sum(int(entry.get("Size") or 0) for entry in cache if not entry.get("Shared")),
        build_cache_unused=sum(
            int(entry.get("Size") or 0)
            for entry in cache
            if not entry.get("Shared") and not entry.get("InUse")
        ),
    )
