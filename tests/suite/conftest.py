"""The whole demo, for the tests that look at it as a user does."""

import uuid
from collections.abc import Iterator

import pytest

from devstack.engine import Engine
from devstack.stack import Ports, Stack, start_stack


@pytest.fixture(scope="session")
def stack(docker_engine: Engine) -> Iterator[Stack]:
    """The demo, on ports and under a name of its own."""
    with start_stack(Ports(0, 0, 0), project=f"captions-{uuid.uuid4().hex[:8]}") as running:
        yield running
