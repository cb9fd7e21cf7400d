"""The text that the agent reads, for models with everything in them."""

from syrupy.assertion import SnapshotAssertion

from stacksight_docker.analysis.overview import (
    ContainerList,
    Problem,
    ProjectGroup,
    Row,
    ServiceGroup,
)
from stacksight_docker.diagnosis.model import Diagnosis, Verdict
from stacksight_docker.render.diagnosis import render_diagnosis
from stacksight_docker.render.overview import render_containers

ENGINE = "Docker/28.2.2 (linux) at unix:///var/run/docker.sock"


def test_a_list_with_problems_rows_and_projects(snapshot: SnapshotAssertion) -> None:
    listing = ContainerList(
        engine=ENGINE,
        total=9,
        running=7,
        stopped=2,
        in_trouble=1,
        filters="match shop",
        problems=[
            Problem(
                container="shop-api-1",
                service="shop/api",
                id="0123456789ab",
                state="exited",
                reason="out of memory: killed at its limit of 64.0 MB, exit code 137",
                seconds_in_state=75.0,
            )
        ],
        containers=[
            Row(
                container="shop-db-1",
                service="shop/db",
                image="postgres:16",
                status="Up 3 hours (healthy)",
                ports=["127.0.0.1:5432->5432"],
            )
        ],
        projects=[
            ProjectGroup(
                project="blog",
                running=6,
                stopped=1,
                services=[
                    ServiceGroup(service="web", running=5, stopped=0, ports=["80->8000"]),
                    ServiceGroup(service="jobs", running=1, stopped=1),
                ],
                services_left_out=3,
            )
        ],
        projects_left_out=2,
        next_cursor="abc",
    )
    assert render_containers(listing) == snapshot


def test_verdicts_with_causes_and_what_was_not_examined(snapshot: SnapshotAssertion) -> None:
    diagnosis = Diagnosis(
        target="shop",
        engine=ENGINE,
        looked_at=4,
        well=1,
        verdicts=[
            Verdict(
                container="shop-db-1",
                service="shop/db",
                problem="it was killed for lack of memory at its limit of 64.0 MB",
                kind="out-of-memory",
                confidence="proved",
                evidence=["State.OOMKilled=true, State.ExitCode=137"],
                ruled_out=["a crash of its own", "being stopped by someone"],
                next="Raise the memory limit.",
            ),
            Verdict(
                container="shop-api-1",
                service="shop/api",
                problem="unhealthy: it cannot resolve db, because shop-db-1 is not up",
                kind="dependency-down",
                confidence="proved",
                evidence=['log 10:00:01 err: could not translate host name "db"\nto address'],
                next="Fix shop-db-1 first.",
                because_of="shop-db-1",
                also=["shop-api-2"],
            ),
        ],
        verdicts_left_out=1,
        not_examined=["3 logs (of containers that ended well, or too many)"],
    )
    assert render_diagnosis(diagnosis) == snapshot
