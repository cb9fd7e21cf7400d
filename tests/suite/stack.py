"""What the tests of the demo share."""

import contextlib
import os

import docker

from devstack.containers import LABEL, PROJECT_LABEL
from devstack.stack import Stack


def known(place: str | None) -> str:
    """Return a place of the demo that has to be there."""
    assert place is not None
    return place


def project_of(stack: Stack) -> str:
    """Return the compose project that the demo's containers belong to."""
    mine = f"{LABEL}={os.getpid()}"
    with contextlib.closing(docker.DockerClient(stack.docker_host)) as engine:
        containers = engine.containers.list(all=True, filters={"label": mine})
        (project,) = {container.labels[PROJECT_LABEL] for container in containers}
    return str(project)
