"""A laboratory of real containers: labelled, named for the test, removed at its end."""

import asyncio
import contextlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import docker
import pytest
from docker.errors import APIError
from docker.models.containers import Container

from devstack.engine import Engine
from devstack.errors import SystemMissingError
from devstack.images import ensure_busybox
from tests.conftest import missing
from tests.support.stdio import ServerClient, open_client

LABEL = "stacksight.tests"
WAIT_SECONDS = 20.0
POLL_SECONDS = 0.05


def until(condition: Callable[[], Any]) -> Any:
    """Return the condition's first true value; the engine has no event for what it looks at."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(POLL_SECONDS)
    return value


class Laboratory:
    """Makes containers of one test, which is also their compose project."""

    def __init__(self, client: docker.DockerClient, image: str) -> None:
        self.client = client
        self.image = image
        self.project = f"t{uuid.uuid4().hex[:10]}"
        self._made: list[Any] = []

    def create(self, service: str, script: str | list[str], **options: Any) -> Container:
        """Create a container of a service; a script is run by sh."""
        labels = {
            LABEL: self.project,
            "com.docker.compose.project": self.project,
            "com.docker.compose.service": service,
            "com.docker.compose.oneoff": "False",
            **options.pop("labels", {}),
        }
        command = ["sh", "-c", script] if isinstance(script, str) else script
        return self.client.containers.create(
            options.pop("image", self.image),
            command,
            name=options.pop("name", f"{self.project}-{service}"),
            labels=labels,
            stop_signal=options.pop("stop_signal", "SIGKILL"),
            **options,
        )

    def start(self, service: str, script: str | list[str], **options: Any) -> Container:
        """Create a container and start it; that it cannot start is left to the test."""
        container = self.create(service, script, **options)
        with contextlib.suppress(APIError):
            container.start()
        return container

    def end(self, service: str, script: str | list[str], **options: Any) -> Container:
        """Start a container and wait for its end."""
        container = self.start(service, script, **options)
        container.wait(timeout=int(WAIT_SECONDS))
        return container

    def network(self, name: str) -> str:
        """Create a network and return its name."""
        network = self.client.networks.create(
            f"{self.project}-{name}", labels={LABEL: self.project}
        )
        self._made.append(network)
        return str(network.name)

    def forget_network(self, name: str) -> None:
        """Remove a network before the end."""
        network = next(made for made in self._made if made.name == name)
        self._made.remove(network)
        network.remove()

    def start_again(self, service: str) -> None:
        """Start a container that exists; that it cannot start is left to the test."""
        with contextlib.suppress(APIError):
            self.client.containers.get(f"{self.project}-{service}").start()

    def living(self, container: Container) -> int:
        """Count the processes of a container that have not ended."""
        return len(container.top()["Processes"])

    def volume(self, name: str) -> str:
        """Create a volume and return its name."""
        volume = self.client.volumes.create(f"{self.project}-{name}", labels={LABEL: self.project})
        self._made.append(volume)
        return str(volume.name)

    def state(self, container: Container) -> dict[str, Any]:
        """Return what the engine knows about a container now."""
        container.reload()
        state: dict[str, Any] = container.attrs
        return state

    def stats(self, container: Container) -> dict[str, Any]:
        """Return what the engine says that a container uses."""
        stats = container.stats(stream=False)
        assert isinstance(stats, dict)
        return stats

    def clear(self) -> None:
        """Remove what was made."""
        for container in self.client.containers.list(
            all=True, filters={"label": f"{LABEL}={self.project}"}, ignore_removed=True
        ):
            with contextlib.suppress(APIError):  # it may be going away by itself
                container.remove(force=True, v=True)
        while self._made:
            self._made.pop().remove()


@pytest.fixture(scope="session")
def docker_client(docker_engine: Engine) -> Iterator[docker.DockerClient]:
    with contextlib.closing(docker.DockerClient(docker_engine.host, timeout=30)) as client:
        yield client


@pytest.fixture(scope="session")
def busybox(docker_client: docker.DockerClient) -> Iterator[str]:
    """An image of this test process alone, so that another's end does not remove it."""
    tag = f"stacksight-tests:{os.getpid()}"
    try:
        ensure_busybox(docker_client, tag)
    except SystemMissingError as error:
        missing(error)
    yield tag
    docker_client.images.remove(tag, force=True)


@pytest.fixture
def lab(docker_client: docker.DockerClient, busybox: str) -> Iterator[Laboratory]:
    laboratory = Laboratory(docker_client, busybox)
    yield laboratory
    laboratory.clear()


@pytest.fixture(scope="session")
async def server(docker_engine: Engine) -> AsyncIterator[ServerClient]:
    """The server, over stdio, on the real engine; one for all tests that only read."""
    opened: asyncio.Future[ServerClient] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()

    async def hold_open() -> None:
        # A fixture's two halves run in different tasks, which the client's scopes do not allow.
        async with open_client("docker", env={"DOCKER_HOST": docker_engine.host}) as client:
            opened.set_result(client)
            await done.wait()

    holder = asyncio.create_task(hold_open())
    yield await opened
    done.set()
    await holder
