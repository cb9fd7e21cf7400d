"""Captures as resources: what the containers did, as JSON."""

from stacksight_core.captures import capture_resources
from stacksight_docker.analysis.activity import Activity
from stacksight_docker.capturing import CAPTURES
from stacksight_docker.source.source import Source


async def tell(source: Source, capture: str) -> Activity:
    """Return what the containers did so far, or until the capture was stopped."""
    return await CAPTURES.read(source, capture, stop=False)


RESOURCES = capture_resources(
    "docker",
    "What containers did during a capture of capture_activity, so far or until it was stopped. The "
    "last 4 are kept while the server runs; secrets are masked.",
    lambda _: CAPTURES.titles(),
    tell,
)
