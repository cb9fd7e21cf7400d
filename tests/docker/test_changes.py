"""Changing containers: only where writes are allowed, and only when the user says yes."""

from contextlib import AbstractAsyncContextManager
from typing import Literal

import pytest
import requests

from devstack.engine import Engine
from stacksight_docker.errors import ForbiddenRequest
from stacksight_docker.source.client import EngineClient
from stacksight_docker.source.endpoints import Endpoint
from tests.docker.conftest import Laboratory
from tests.support.stdio import ServerClient, User, open_client

Writing = AbstractAsyncContextManager[ServerClient]


@pytest.fixture
def user() -> User:
    return User("yes")


@pytest.fixture(params=["auto", "legacy"])
def writing(
    request: pytest.FixtureRequest, docker_engine: Engine, user: User
) -> AbstractAsyncContextManager[ServerClient]:
    """A server that may write, to be opened in the test."""
    env = {"DOCKER_HOST": docker_engine.host}
    return open_client(
        "docker", env=env, args=["--allow-writes"], mode=request.param, elicitation_callback=user
    )


async def test_without_the_flag_there_are_no_such_tools(server: ServerClient) -> None:
    names = {tool.name for tool in await server.tools()}
    assert not names & {"control_container", "run_in_container"}
    assert (await server.call("control_container", container="x", action="stop")).is_error


async def test_a_container_is_controlled_after_a_yes(
    writing: Writing, user: User, lab: Laboratory
) -> None:
    async with writing as client:
        container = lab.start("app", "sleep 1000")
        name = f"{lab.project}/app"
        for action, state in (
            ("stop", "exited"),
            ("start", "running"),
            ("pause", "paused"),
            ("unpause", "running"),
            ("restart", "running"),
        ):
            answer = await client.call("control_container", container=name, action=action)
            assert f"{action}: done" in answer.text, answer.text
            assert lab.state(container)["State"]["Status"] == state
        again = await client.call("control_container", container=name, action="start")
        assert "it was so already" in again.text
        assert user.asked[0].startswith(f"Stop the container {lab.project}-app")
        assert len(user.asked) == 6


@pytest.mark.parametrize("said", ["no", "decline", "cancel"])
async def test_without_a_yes_nothing_is_done(
    writing: Writing,
    user: User,
    lab: Laboratory,
    said: Literal["no", "decline", "cancel"],
) -> None:
    async with writing as client:
        user.answer = said
        container = lab.start("app", "sleep 1000")
        started = lab.state(container)["State"]["StartedAt"]
        name = f"{lab.project}/app"
        stopped = await client.call("control_container", container=name, action="restart")
        ran = await client.call("run_in_container", container=name, command=["touch", "/tmp/x"])
        assert stopped.is_error
        assert ran.is_error
        assert lab.state(container)["State"]["StartedAt"] == started
        assert container.exec_run(["ls", "/tmp/x"]).exit_code != 0


async def test_a_start_that_fails_says_why(writing: Writing, lab: Laboratory) -> None:
    async with writing as client:
        lab.create("broken", ["/nope"])
        answer = await client.call(
            "control_container", container=f"{lab.project}/broken", action="start"
        )
        assert answer.is_error
        assert "was not started" in answer.text
        assert "/nope" in answer.text
        lab.create("failing", "exit 3")
        answer = await client.call(
            "control_container", container=f"{lab.project}/failing", action="start"
        )
        assert "Not well: failed: exit code 3" in answer.text
        paused = await client.call(
            "control_container", container=f"{lab.project}/failing", action="pause"
        )
        assert paused.is_error
        assert "not running" in paused.text


async def test_a_command_is_run_after_a_yes(writing: Writing, user: User, lab: Laboratory) -> None:
    async with writing as client:
        lab.start("app", "sleep 1000")
        name = f"{lab.project}/app"
        answer = await client.call(
            "run_in_container",
            container=name,
            command=["sh", "-c", "echo out; echo token=hunter2hunter2 >&2; exit 3"],
        )
        assert not answer.is_error, answer.text
        assert "exit code 3" in answer.text
        assert "\nout\n" in answer.text
        assert "hunter2hunter2" not in answer.text
        assert "sh -c 'echo out;" in user.asked[0]
        who = await client.call(
            "run_in_container", container=name, command=["id", "-u"], user="1000"
        )
        assert "\n1000\n" in who.text
        missing = await client.call("run_in_container", container=name, command=["/nope"])
        assert "/nope" in missing.text
        large = await client.call(
            "run_in_container",
            container=name,
            command=["sh", "-c", "yes 0123456789 | head -c 9000000"],
        )
        assert len(large.text) < 20_000
        assert "left out" in large.text


async def test_a_command_that_does_not_end_is_left_behind(
    writing: Writing, lab: Laboratory
) -> None:
    async with writing as client:
        lab.start("app", "sleep 1000")
        answer = await client.call(
            "run_in_container",
            container=f"{lab.project}/app",
            command=["sh", "-c", "echo begun; sleep 100"],
            seconds=1,
        )
        assert "has not ended" in answer.text
        assert "begun" in answer.text


async def test_nothing_can_be_run_in_what_is_down(writing: Writing, lab: Laboratory) -> None:
    async with writing as client:
        lab.end("app", "true")
        answer = await client.call(
            "run_in_container", container=f"{lab.project}/app", command=["ls"]
        )
        assert answer.is_error
        assert "does not run" in answer.text


def test_writes_are_a_short_list_too(docker_engine: Engine) -> None:
    client = EngineClient(Endpoint(docker_engine.host, "test"), "1.41", may_write=True)
    container = "a" * 64
    for method, path in (
        ("POST", "/containers/create"),
        ("POST", f"/containers/{container}/kill"),
        ("POST", f"/containers/{container}/update"),
        ("POST", f"/containers/{container}/start/../../prune"),
        ("POST", "/containers/prune"),
        ("POST", "/build"),
        ("DELETE", f"/containers/{container}"),
        ("PUT", f"/containers/{container}/archive"),
        ("GET", f"/containers/{container}/archive"),
    ):
        request = requests.Request(method, f"http+docker://localhost/v1.41{path}").prepare()
        with pytest.raises(ForbiddenRequest):
            client.send(request)
    client.close()
