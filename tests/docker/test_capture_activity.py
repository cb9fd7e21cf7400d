"""What containers did between start and stop."""

import re

from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient

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
    assert again.is_error
    assert "There is no capture" in again.text


async def test_restarts_are_counted(server: ServerClient, lab: Laboratory) -> None:
    web = lab.start("web", "sleep 1000", init=True)
    started = await server.call("capture_activity", action="start", containers=[lab.project])
    web.restart(timeout=0)
    handle = HANDLE.findall(started.text)[0]
    stopped = await server.call("capture_activity", action="stop", capture=handle)
    assert "1 restarted" in stopped.text
    assert "was restarted" in stopped.text


async def test_misuse_is_explained(server: ServerClient) -> None:
    without = await server.call("capture_activity", action="stop")
    assert without.is_error
    assert "`capture` is required to stop one" in without.text
    unknown = await server.call("capture_activity", action="read", capture="capture-00000000")
    assert unknown.is_error
    assert "There is no capture `capture-00000000`" in unknown.text
