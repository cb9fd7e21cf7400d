"""The captioning service's containers: three that run and one that keeps crashing.

They carry the labels of a compose project, as `compose.dev.yml` would give them, on an image that
needs no network. Everything carries LABEL and is removed at the end.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
from docker.errors import APIError
from docker.models.containers import Container

from devstack.engine import Engine
from devstack.errors import SystemMissingError
from devstack.images import ensure_busybox

PROJECT = "captions"
PROJECT_LABEL = "com.docker.compose.project"
LABEL = "stacksight.demo.pid"
HEALTH_INTERVAL_NS = 2_000_000_000
TIMEOUT_S = 30

ERROR_ANOTHER_DEMO = (
    "the demo's containers belong to another demo that still runs (process {pid}): stop that one"
)
ERROR_NO_START = "the engine refuses the demo's containers: {reason}"


@dataclass(frozen=True)
class Service:
    """One container: a shell script and what compose would say about it."""

    name: str
    script: str
    depends_on: str = ""
    options: dict[str, Any] = field(default_factory=dict)


SERVICES = (
    Service(
        "web",
        "mkdir -p /www && echo ok > /www/index.html && exec httpd -f -vv -p 8000 -h /www",
        options={
            "healthcheck": {
                "test": ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1:8000/"],
                "interval": HEALTH_INTERVAL_NS,
            }
        },
    ),
    Service(
        "worker",
        'video=1; while sleep 2; do echo "$(date -u +%FT%TZ) INFO captions.jobs captioned video '
        '$video in $((200 + video * 37 % 400)) ms"; video=$((video + 1)); done',
        options={"mem_limit": "64m"},
    ),
    Service(
        "scheduler",
        'while :; do echo "$(date -u +%FT%TZ) INFO captions.digests nothing due"; sleep 15; done',
    ),
    Service(
        "export",
        'echo "$(date -u +%FT%TZ) INFO captions.exporter starting"; '
        ': "${CAPTIONS_API_KEY:?environment variable is not set}"',
        depends_on="web:service_started:false",
    ),
)


@contextlib.contextmanager
def running_containers(engine: Engine, project: str = PROJECT) -> Iterator[None]:
    """Create and start the containers of one compose project; they are removed with the block.

    Raises SystemMissingError without an image, or while another demo has them.
    """
    with contextlib.closing(docker.DockerClient(engine.host, timeout=TIMEOUT_S)) as client:
        _remove_leftovers(client, project)
        image = f"stacksight-{project}:demo"
        ensure_busybox(client, image)
        started: list[Container] = []
        try:
            for service in SERVICES:
                started.append(_create(client, service, image, project))
                started[-1].start()
            yield
        except APIError as error:
            raise SystemMissingError(ERROR_NO_START.format(reason=error.explanation)) from error
        finally:
            for container in started:
                container.remove(force=True, v=True)
            client.images.remove(image)


def _create(client: docker.DockerClient, service: Service, image: str, project: str) -> Container:
    config_hash = hashlib.sha256(repr(service).encode()).hexdigest()
    labels = {
        LABEL: str(os.getpid()),
        PROJECT_LABEL: project,
        "com.docker.compose.service": service.name,
        "com.docker.compose.container-number": "1",
        "com.docker.compose.oneoff": "False",
        "com.docker.compose.config-hash": config_hash,
        "com.docker.compose.depends_on": service.depends_on,
    }
    return client.containers.create(
        image,
        ["sh", "-c", service.script],
        name=f"{project}-{service.name}",
        labels=labels,
        init=True,
        restart_policy={"Name": "on-failure"},
        **service.options,
    )


def _remove_leftovers(client: docker.DockerClient, project: str) -> None:
    labels = [LABEL, f"{PROJECT_LABEL}={project}"]
    for container in client.containers.list(all=True, filters={"label": labels}):
        pid = container.labels[LABEL]
        if _is_alive(int(pid)):
            raise SystemMissingError(ERROR_ANOTHER_DEMO.format(pid=pid))
        container.remove(force=True, v=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
