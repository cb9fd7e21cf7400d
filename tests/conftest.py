"""The real systems that the tests look at, one of each per test process, and what was skipped."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import NoReturn

import pytest
from hypothesis import settings

from devstack.engine import Engine, running_engine
from devstack.errors import SystemMissingError
from devstack.postgres import PostgresServer, running_postgres
from devstack.redis import RedisServer, running_redis
from stacksight_core.errors import ToolFailure
from tests.support.clients import Clients, find_clients

# The same examples in every run; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("search", max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

REQUIRE_ALL = os.environ.get("STACKSIGHT_REQUIRE") == "all"


def missing(reason: object) -> NoReturn:
    """Skip what needs a system that is not there, or fail where every system has to be."""
    if REQUIRE_ALL:
        pytest.fail(f"STACKSIGHT_REQUIRE=all, but {reason}", pytrace=False)
    pytest.skip(str(reason))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A new PostgreSQL server; every test makes its own database in it."""
    try:
        with running_postgres() as server:
            yield server
    except SystemMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A new Redis server; every test uses a namespace or a numbered database of its own."""
    try:
        with running_redis() as server:
            yield server
    except SystemMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[Engine]:
    """The machine's Docker engine; every test labels what it makes and looks at no more."""
    try:
        with running_engine() as engine:
            yield engine
    except SystemMissingError as error:
        missing(error)


@pytest.fixture(scope="session")
def clients() -> Clients:
    """The clients that people use, from npm."""
    try:
        return find_clients()
    except ToolFailure as failure:
        missing(failure)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End with a table of what was skipped and why."""
    skipped = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    terminalreporter.section("skipped tests")
    for reason, count in skipped.most_common():
        terminalreporter.write_line(f"{count:5}  {reason}")
    if not skipped:
        terminalreporter.write_line("none: every real system was there")
