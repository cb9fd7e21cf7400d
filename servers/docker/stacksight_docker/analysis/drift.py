"""How a container differs from what its image and compose file would give now."""

from collections.abc import Mapping

from stacksight_docker.facts import Container

DEFAULT_TAG = "latest"


def find_drift(container: Container, tags: Mapping[str, str]) -> list[str]:
    """List how a container differs from what would be started now.

    Args:
        container: as inspected.
        tags: the id of the image that each tag names now.
    """
    image = container.image
    if image.startswith("sha256:") or "@" in image:
        return []
    tag = image if ":" in image.rpartition("/")[2] else f"{image}:{DEFAULT_TAG}"
    current = tags.get(tag)
    if current is None:
        return [f"its tag {tag} is on no image of this engine any more"]
    if current != container.image_id:
        now = current.removeprefix("sha256:")[:12]
        return [f"stale image: {tag} is now {now}; recreate the container to use it"]
    return []
