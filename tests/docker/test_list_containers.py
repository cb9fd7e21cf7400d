"""Which containers are there, and which are not well and why."""

import time

import pytest

from devstack.engine import Engine
from stacksight_docker.analysis.overview import fold, is_suspect, order_suspects, select
from stacksight_docker.facts import Compose, Listed
from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient, open_client


async def test_a_crash_loop_comes_first_with_its_reason(
    server: ServerClient, lab: Laboratory
) -> None:
    lab.start("web", "sleep 1000")
    crashing = lab.start("export", "exit 3", restart_policy={"Name": "always"})
    until(lambda: lab.state(crashing)["RestartCount"] >= 5)
    answer = await server.call("list_containers", project=lab.project)
    assert not answer.is_error
    head, problems, *_ = answer.text.split("\n\n")
    assert "2 containers" in head
    assert "1 not well" in head
    assert f"{lab.project}-export ({lab.project}/export)" in problems
    # The engine is caught between two runs, or in one of them.
    assert "crash loop: exit code 3" in problems or "crash loop: up" in problems
    assert "policy always" in problems
    assert f"{lab.project}-web" not in problems


async def test_what_models_call_a_container_is_taken_by_every_tool(
    docker_engine: Engine, lab: Laboratory
) -> None:
    lab.start("web", "echo ready; sleep 1000")
    lab.end("export", "exit 3")
    env = {"DOCKER_HOST": docker_engine.host}
    async with open_client("docker", env=env, args=["--output", "structured"]) as client:
        listed = await client.call("list_containers", project=lab.project)
        used = await client.call("measure_usage", containers=[lab.project])
        judged = await client.call("diagnose", target=lab.project)
        told = (
            listed.structured["problems"]
            + listed.structured["containers"]
            + used.structured["rows"]
            + judged.structured["verdicts"]
        )
        for row in told:
            text = f"{row['container']} ({row['service']})"
            for name in (row["container"], row["service"], text):
                taken = await client.call("inspect_container", container=name)
                assert taken.structured["container"] == row["container"], name
    assert {row["service"] for row in told} == {f"{lab.project}/web", f"{lab.project}/export"}


async def test_every_kind_of_trouble_has_its_own_words(
    server: ServerClient, lab: Laboratory
) -> None:
    lab.end("failed", "exit 7")
    lab.end("killed", "kill -9 $$; sleep 5", init=True)
    lab.start("nowhere", ["/nope"])
    lab.create("waiting", "true")
    lab.start("frozen", "sleep 1000").pause()
    lab.end("done", "true")
    sick = lab.start(
        "sick",
        "sleep 1000",
        healthcheck={
            "test": ["CMD-SHELL", "echo no luck; exit 1"],
            "interval": 10**8,
            "retries": 1,
        },
    )
    until(lambda: lab.state(sick)["State"]["Health"]["Status"] == "unhealthy")
    text = (await server.call("list_containers", project=lab.project)).text
    lines = {
        line.split(f"({lab.project}/")[1].split(")")[0]: line
        for line in text.splitlines()
        if f"({lab.project}/" in line
    }
    assert "failed: exit code 7" in lines["failed"]
    assert "killed (SIGKILL" in lines["killed"]
    assert "could not start" in lines["nowhere"]
    assert "no such file" in lines["nowhere"]
    assert "created, but never started" in lines["waiting"]
    assert "paused" in lines["frozen"]
    assert "unhealthy" in lines["sick"]
    assert "no luck" in lines["sick"]
    assert "Exited (0)" in lines["done"]
    assert "6 not well" in text


async def test_filters_pages_and_both_renderings(docker_engine: Engine, lab: Laboratory) -> None:
    for number in range(14):
        lab.create(f"job{number:02}", "true")
    env = {"DOCKER_HOST": docker_engine.host}
    async with open_client("docker", env=env, args=["--output", "structured"]) as client:
        first = (await client.call("list_containers", project=lab.project)).structured
        assert first["in_trouble"] == 14
        assert len(first["problems"]) == 12
        second = await client.call(
            "list_containers", project=lab.project, cursor=first["next_cursor"]
        )
        assert len(second.structured["problems"]) == 2
        assert "13. " in second.text
        foreign = await client.call("list_containers", cursor=first["next_cursor"])
        assert foreign.is_error
        assert "other arguments" in foreign.text
        one = (await client.call("list_containers", match="job03", project=lab.project)).structured
        assert one["total"] == 1


async def test_an_unknown_project_is_named_with_its_neighbour(
    server: ServerClient, lab: Laboratory
) -> None:
    lab.create("web", "true")
    answer = await server.call("list_containers", project=f"{lab.project}x")
    assert answer.is_error
    assert f"Did you mean `{lab.project}`?" in answer.text


def _listed(
    name: str, state: str = "running", status: str = "Up 3 hours", **more: object
) -> Listed:
    facts = {"image": "app:1", "image_id": "sha256:1", "created": 0.0, "exit_code": None} | more
    return Listed(id=name * 8, name=name, state=state, status=status, **facts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("listed", "suspect"),
    [
        (_listed("a"), False),
        (_listed("a", status="Up 3 seconds"), True),
        (_listed("a", health="unhealthy"), True),
        (_listed("a", "exited", "Exited (0) 2 days ago", exit_code=0), False),
        (_listed("a", "exited", "Exited (143) 2 days ago", exit_code=143), False),
        (_listed("a", "exited", "Exited (1) 2 days ago", exit_code=1), True),
        (_listed("a", "created", "Created"), True),
        (_listed("a", "dead", "Dead"), True),
    ],
)
def test_only_what_may_be_in_trouble_is_inspected(listed: Listed, suspect: bool) -> None:
    assert is_suspect(listed) is suspect


def test_a_young_container_is_not_suspect_for_being_young() -> None:
    now = time.time()
    young = _listed("a", status="Up 3 seconds", created=now - 4)
    restarted = _listed("b", status="Up 3 seconds", created=now - 900)
    looping = _listed("c", status="Up Less than a second", created=now - 20)
    assert order_suspects([young, restarted, looping], now) == [looping, restarted]


def test_three_hundred_containers_fold_into_a_few_lines() -> None:
    containers = [
        _listed(f"p{p}-s{s}-{n}", compose=Compose(f"p{p}", f"s{s}"))
        for p in range(3)
        for s in range(10)
        for n in range(10)
    ]
    groups = fold(select(containers, None, None, "all"))
    assert [(group.project, group.running) for group in groups] == [
        ("p0", 100),
        ("p1", 100),
        ("p2", 100),
    ]
    assert {service.running for group in groups for service in group.services} == {10}
