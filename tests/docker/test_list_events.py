"""What happened, without the noise."""

from stacksight_docker.analysis.history import tell
from stacksight_docker.facts import Event
from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient


async def test_ends_kills_and_cycles_are_told(server: ServerClient, lab: Laboratory) -> None:
    lab.end("failed", "exit 7")
    looping = lab.start("looping", "exit 3", restart_policy={"Name": "always"})
    until(lambda: lab.state(looping)["RestartCount"] >= 2)
    lab.end("hungry", "tail /dev/zero", mem_limit="16m", memswap_limit="16m")
    answer = await server.call("list_events", containers=[lab.project], since="1m")
    assert not answer.is_error
    assert "exitCode 7" in answer.text
    assert f"{lab.project}-hungry | oom" in answer.text
    assert "die x" in answer.text
    assert "network bridge | connect" not in answer.text
    assert "exec_" not in answer.text


async def test_events_outlive_the_engines_memory(server: ServerClient, lab: Laboratory) -> None:
    await server.call("list_events", since="1s")
    lab.end("early", "exit 5")
    crowd = lab.start("crowd", "sleep 1000")
    for _ in range(90):  # three events each, and the engine keeps 256
        crowd.exec_run(["true"])
    answer = await server.call("list_events", containers=[f"{lab.project}-early"], since="2m")
    assert "exitCode 5" in answer.text
    assert "This server keeps events itself since" in answer.text


async def test_bad_times_are_errors(server: ServerClient) -> None:
    later = await server.call("list_events", since="1m", until="5m")
    assert later.is_error
    assert "is not before" in later.text
    assert (await server.call("list_events", since="long ago")).is_error


def _event(time: float, action: str, **attributes: str) -> Event:
    return Event(time, "container", action, "c" * 64, "api", attributes)


def test_health_checks_are_counted_not_shown() -> None:
    checks = [_event(n, action) for n in range(60) for action in ("exec_create: x", "exec_die")]
    events = [*checks, _event(61, "die", exitCode="137"), _event(62, "start")]
    history = tell(events, names={}, oldest=0.0, window="", limit=40, kept_from=None)
    assert history.health_checks == 120
    assert [(h.action, h.details) for h in history.happenings] == [
        ("die", {"exitCode": "137 (SIGKILL)"}),
        ("start", {}),
    ]
