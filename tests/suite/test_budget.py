"""What an agent reads by default stays small: about 2,000 tokens an answer."""

from typing import Any

import pytest

from captions import database
from devstack.stack import Stack
from tests.suite.stack import known, project_of
from tests.support.stdio import open_client

MAX_ANSWER_CHARS = 8_000
"""Four characters a token."""

TYPICAL: list[tuple[str, str, dict[str, Any]]] = [
    ("postgres", "list_objects", {}),
    ("postgres", "describe_table", {"table": "captions"}),
    ("postgres", "explain_query", {"sql": database.CAPTIONS_OF_VIDEO, "params": [42]}),
    ("postgres", "check_health", {}),
    ("redis", "list_queues", {}),
    ("redis", "diagnose_queue", {"queue": "exports"}),
    ("redis", "inspect_queue", {"queue": "exports"}),
    ("redis", "check_health", {}),
    ("docker", "list_containers", {"project": "{project}"}),
    ("docker", "diagnose", {"target": "{project}"}),
    ("docker", "read_logs", {"containers": ["{project}/export"]}),
    ("lighthouse", "run_audit", {"url": "{web}"}),
]


@pytest.mark.parametrize(("server", "tool", "arguments"), TYPICAL, ids=lambda part: str(part)[:30])
async def test_a_typical_answer_is_small(
    stack: Stack, server: str, tool: str, arguments: dict[str, Any]
) -> None:
    environment = {
        "postgres": {"DATABASE_URL": known(stack.database_url)},
        "redis": {"REDIS_URL": known(stack.redis_url)},
        "docker": {"DOCKER_HOST": known(stack.docker_host)},
        "lighthouse": {},
    }[server]
    async with open_client(server, env=environment) as client:
        answer = await client.call(tool, **_filled(arguments, stack, server))
    assert not answer.is_error, answer.text
    assert 0 < len(answer.text) <= MAX_ANSWER_CHARS


def _filled(arguments: dict[str, Any], stack: Stack, server: str) -> dict[str, Any]:
    places = {"project": project_of(stack) if server == "docker" else "", "web": stack.web_url}
    return {
        name: [item.format(**places) for item in value]
        if name == "containers"
        else value.format(**places)
        if name in {"project", "target", "url"}
        else value
        for name, value in arguments.items()
    }
