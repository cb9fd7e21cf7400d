"""What completes an argument: containers, services and projects."""

from collections.abc import Iterator, Sequence

from stacksight_docker.facts import Listed
from stacksight_docker.source.source import Source


async def target_names(source: Source, _: str) -> list[str]:
    """Return what a container can be called, projects first."""
    return list(_names(await source.containers()))


def _names(listed: Sequence[Listed]) -> Iterator[str]:
    composed = [container.compose for container in listed if container.compose]
    yield from sorted({compose.project for compose in composed})
    yield from sorted({f"{compose.project}/{compose.service}" for compose in composed})
    yield from sorted(container.name for container in listed)
