"""The demo, and a question about each of its systems that two servers can both answer."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from connection import Call
from sessions import Scene

from captions import database
from devstack.containers import PROJECT_LABEL
from devstack.stack import Ports, start_stack

NOTHING = "no-container-is-called-this"
QUESTIONS = {
    "postgres": "how is the query for the captions of a video executed?",
    "redis": "why do the jobs of the queue exports fail?",
    "docker": "which containers are there of the demo's four?",
    "lighthouse": "what is inaccessible on the demo's page?",
}


@contextlib.contextmanager
def systems() -> Iterator[tuple[dict[str, dict[str, str]], Scene]]:
    """Start the demo; yields the variables by server, without the systems that are missing."""
    project = f"captions-bench-{os.getpid()}"
    with (
        tempfile.TemporaryDirectory(prefix="stacksight-bench-") as audits,
        start_stack(Ports(0, 0, 0), project) as stack,
    ):
        for line in stack.missing:
            print(line, file=sys.stderr)
        found: dict[str, dict[str, str]] = {"lighthouse": {"STACKSIGHT_AUDITS_DIR": audits}}
        if stack.database_url:
            url = stack.database_url
            found["postgres"] = {"DATABASE_URL": url, "DATABASE_URI": url}
        if stack.redis_url:
            found["redis"] = {"REDIS_URL": stack.redis_url}
        if stack.docker_host:
            found["docker"] = {"DOCKER_HOST": stack.docker_host}
        yield found, Scene(stack.web_url or "", project)


def ours(server: str, scene: Scene) -> tuple[Call, Call | None]:
    """Return a cheap call of a server of ours, and how it is asked the question."""
    question: dict[str, Any]
    match server:
        case "postgres":
            return ("list_objects", {}), ("explain_query", _slow_query())
        case "redis":
            return ("list_queues", {}), ("diagnose_queue", {"queue": "exports"})
        case "docker":
            question = {"project": scene.project}
            return ("list_containers", {"match": NOTHING}), ("list_containers", question)
        case _:
            question = {"url": scene.web_url, "categories": ["accessibility"]}
            return ("list_audits", {}), ("run_audit", question) if scene.web_url else None


def theirs(server: str, scene: Scene) -> tuple[Call | None, Call | None]:
    """Return the same for the well-known server."""
    question: dict[str, Any]
    match server:
        case "postgres":
            return ("list_schemas", {}), ("explain_query", _slow_query())
        case "redis":
            return ("dbsize", {}), ("hgetall", {"name": "dramatiq:exports.XQ.msgs"})
        case "docker":
            nothing = {"filters": {"label": [NOTHING]}}
            mine = {"label": [f"{PROJECT_LABEL}={scene.project}"]}
            question = {"all": True, "filters": mine}
            return ("list_containers", nothing), ("list_containers", question)
        case _:
            question = {"url": scene.web_url, "device": "mobile", "includeDetails": True}
            return None, ("get_accessibility_score", question) if scene.web_url else None


def _slow_query() -> dict[str, Any]:
    return {"sql": database.CAPTIONS_OF_VIDEO.replace("$1", "42")}
