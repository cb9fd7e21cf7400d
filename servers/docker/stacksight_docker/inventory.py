"""Lists images, volumes, networks and disk use."""

from stacksight_core.errors import ToolFailure
from stacksight_core.threads import in_thread
from stacksight_docker.analysis.resources import (
    Kind,
    Resources,
    describe_disk,
    list_images,
    list_networks,
    list_volumes,
)
from stacksight_docker.facts import Volume
from stacksight_docker.source import host
from stacksight_docker.source.source import Source


async def list_kind(source: Source, kind: Kind) -> Resources:
    """List one kind of resources with what uses them."""
    listed = await source.containers()
    if kind == "images":
        return list_images(await source.images(), listed)
    if kind == "networks":
        return list_networks(await source.networks(), listed)
    if kind == "volumes":
        return list_volumes(await _sized_volumes(source), listed)
    use = await source.disk_use()
    info = await source.info()
    if not host.is_here(info):
        return describe_disk(use, listed, {}, None)
    logs = await in_thread(host.log_sizes, info)
    return describe_disk(use, listed, logs, host.disk_free(info))


async def _sized_volumes(source: Source) -> list[Volume]:
    """List volumes with their sizes, or without them when adding them up takes too long."""
    volumes = await source.volumes()
    try:
        sized = {volume.name: volume for volume in (await source.disk_use()).volumes}
    except ToolFailure:
        return volumes
    return [sized.get(volume.name, volume) for volume in volumes]
