"""What containers did between start and stop."""

import re

import pytest

from devstack.engine import Engine
from tests.docker.conftest import Laboratory, until
from tests.support.captures import check_capture_resource, handle_in
from tests.support.stdio import ServerClient, open_client
from tests.support.text import without_tags

HANDLE = re.compile(r"capture-[0-9a-f]{8}")


async def test_a_capture_tells_what_changed(server: ServerClient, lab: Laboratory) -> None:
    worker = lab.start(
        "worker",
        "echo INFO ready; while [ ! -e /tmp/go ]; do sleep 0.05; done; "
        "echo INFO ready; echo 'ERROR lost the queue'; exit 4",
    )
    lab.start("web", "sleep 1000")
    until(lambda: b"ready" in worker.logs())
    started = await server.call("capture_activity", action="start", containers=[lab.project])
    assert not started.is_error
    handle = HANDLE.findall(started.text)[0]
    worker.exec_run(["touch", "/tmp/go"])
    worker.wait()
    read = await server.call("capture_activity", action="read", capture=handle)
    assert "The capture goes on." in read.text
    stopped = await server.call("capture_activity", action="stop", capture=handle)
    text = stopped.text
    assert "running -> exited" in text
    assert "1x error" in text
    assert "ERROR lost the queue" in text
    assert "INFO ready" not in text
    assert "exitCode 4" in text
    assert "1 did and said nothing" in text
    again = await server.call("capture_activity", action="read", capture=handle)
    assert without_tags(again.text) == without_tags(text)


async def test_restarts_are_counted(server: ServerClient, lab: Laboratory) -> None:
    web = lab.start("web", "sleep 1000", init=True)
    started = await server.call("capture_activity", action="start", containers=[lab.project])
    web.restart(timeout=0)
    handle = HANDLE.findall(started.text)[0]
    stopped = await server.call("capture_activity", action="stop", capture=handle)
    assert "1 restarted" in stopped.text
    assert "was restarted" in stopped.text


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_capture_can_be_read_as_a_resource(
    docker_engine: Engine, lab: Laboratory, mode: str
) -> None:
    web = lab.start("web", "echo ready; sleep 1000", init=True)
    watched = {"action": "start", "containers": [lab.project]}
    async with open_client("docker", env={"DOCKER_HOST": docker_engine.host}, mode=mode) as client:
        handle = handle_in(await client.call("capture_activity", **watched))
        web.restart(timeout=0)
        running = await check_capture_resource(client, "docker", handle)
        await client.call("capture_activity", action="stop", capture=handle)
        over = await check_capture_resource(client, "docker", handle)
    assert (running["state"], over["state"]) == ("open", "stopped")
    (row,) = over["containers"]
    assert (row["container"], row["restarts"]) == (web.name, 1)


async def test_the_oldest_stopped_capture_makes_room(
    docker_engine: Engine, lab: Laboratory
) -> None:
    lab.start("web", "sleep 1000")
    watched = {"action": "start", "containers": [lab.project]}
    async with open_client("docker", env={"DOCKER_HOST": docker_engine.host}) as client:
        first, second, third, fourth = [
            handle_in(await client.call("capture_activity", **watched)) for _ in range(4)
        ]
        await client.call("capture_activity", action="stop", capture=second)
        fifth = handle_in(await client.call("capture_activity", **watched))
        sixth = handle_in(await client.call("capture_activity", **watched))
        kept = [resource.uri for resource in (await client.sdk.list_resources()).resources]
    wanted = (sixth, fifth, fourth, third)
    assert kept == [f"docker://captures/{handle}.json" for handle in wanted]
    assert first not in str(kept)


async def test_misuse_is_explained(server: ServerClient) -> None:
    without = await server.call("capture_activity", action="stop")
    assert without.is_error
    assert "`capture` is required to stop one" in without.text
    unknown = await server.call("capture_activity", action="read", capture="capture-00000000")
    assert unknown.is_error
    assert "There is no capture `capture-00000000`" in unknown.text
