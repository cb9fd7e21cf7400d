"""How one container is set up, without its secrets."""

import re

from docker.types import Mount

from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient

SECRET = "hunter2-hunter2"


async def test_what_matters_is_shown_and_no_secret(server: ServerClient, lab: Laboratory) -> None:
    network = lab.network("back")
    container = lab.start(
        "api",
        f"export DB_PASSWORD={SECRET}; sleep 1000",
        environment={"API_TOKEN": SECRET, "MODE": "fast", "EMPTY": ""},
        labels={"secret.token": SECRET},
        healthcheck={
            "test": ["CMD-SHELL", f"echo token={SECRET}; exit 1"],
            "interval": 10**8,
            "retries": 2,
        },
        log_config={"Type": "json-file", "Config": {"max-size": "1m", "env": f"token={SECRET}"}},
        mem_limit="64m",
        nano_cpus=500_000_000,
        network=network,
        mounts=[Mount("/data", lab.volume("data"), type="volume", read_only=True)],
        restart_policy={"Name": "on-failure", "MaximumRetryCount": 4},
    )
    until(lambda: lab.state(container)["State"]["Health"]["Status"] == "unhealthy")
    answer = await server.call("inspect_container", container=f"{lab.project}/api")
    assert not answer.is_error
    assert SECRET not in answer.text
    for fact in (
        "set (values not shown): API_TOKEN, MODE",
        "empty: EMPTY",
        "memory 64.0 MB, 0.5 CPUs",
        "on-failure, at most 4 times",
        f"volume {lab.project}-data at /data (read-only)",
        f"service api of project {lab.project}",
        "unhealthy",
        network,
    ):
        assert fact in answer.text
    assert re.search(r"exit 1 after \d+ ms: token=\*\*\*", answer.text)


async def test_a_stale_image_is_noticed(server: ServerClient, lab: Laboratory) -> None:
    tag = f"{lab.project}:latest"
    lab.client.images.get(lab.image).tag(lab.project, "latest")
    lab.start("api", "sleep 1000", image=lab.project)
    fresh = await server.call("inspect_container", container=f"{lab.project}-api")
    assert "stale" not in fresh.text
    made = lab.create("other", "true")
    made.commit(lab.project, "latest")
    answer = await server.call("inspect_container", container=f"{lab.project}-api")
    assert "drift: stale image" in answer.text
    lab.clear()
    lab.client.images.remove(tag)


async def test_the_start_error_is_shown(server: ServerClient, lab: Laboratory) -> None:
    lab.start("broken", ["/nope"])
    text = (await server.call("inspect_container", container=f"{lab.project}-broken")).text
    assert "error: " in text
    assert "/nope" in text
    assert "never started" in text


async def test_names_ids_and_services_all_work(server: ServerClient, lab: Laboratory) -> None:
    first = lab.create("web", "true")
    lab.create("web", "true", name=f"{lab.project}-web-2")
    by_id = await server.call("inspect_container", container=str(first.short_id))
    assert by_id.text.startswith(f"{lab.project}-web ")
    twice = await server.call("inspect_container", container=f"{lab.project}/web")
    assert twice.is_error
    assert "is 2 containers" in twice.text
    wrong = await server.call("inspect_container", container=f"{lab.project}-wep")
    assert wrong.is_error
    assert "Did you mean" in wrong.text
    strange = await server.call("inspect_container", container="../../etc/passwd?x=1")
    assert strange.is_error
    assert "There is no container" in strange.text
