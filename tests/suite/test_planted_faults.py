"""The demo's planted faults, found by asking the servers what an agent would ask."""

import re
import urllib.request

import pytest
from mcp_types import PromptReference

from captions import database
from devstack.stack import Stack
from tests.suite.stack import known, project_of
from tests.support.stdio import open_client

each_era = pytest.mark.parametrize("mode", ["auto", "legacy"])


@each_era
async def test_the_missing_index_is_named(stack: Stack, mode: str) -> None:
    env = {"DATABASE_URL": known(stack.database_url)}
    async with open_client("postgres", env=env, mode=mode) as client:
        answer = await client.call(
            "explain_query", sql=database.CAPTIONS_OF_VIDEO, params=[42], analyze=True
        )
    assert not answer.is_error
    finding, _, plan = answer.text.partition("<untrusted-")
    assert re.search(r"CREATE INDEX CONCURRENTLY ON captions \(video_id", finding)
    assert "Seq Scan on captions" in plan
    assert len(answer.text) < 3_000


async def test_the_well_indexed_query_gets_no_finding(stack: Stack) -> None:
    env = {"DATABASE_URL": known(stack.database_url)}
    async with open_client("postgres", env=env) as client:
        answer = await client.call("explain_query", sql=database.VIDEO, params=[42], analyze=True)
    assert not answer.is_error
    assert "CREATE INDEX" not in answer.text


async def test_the_n_plus_one_endpoint_is_caught_in_the_act(stack: Stack) -> None:
    env = {"DATABASE_URL": known(stack.database_url)}
    async with open_client("postgres", env=env) as client:
        started = await client.call("capture_queries", action="start")
        (capture,) = set(re.findall(r"capture-[0-9a-f]{8}", started.text))
        request("GET", f"{stack.web_url}/users/7/videos")
        stopped = await client.call("capture_queries", action="stop", capture=capture)
    assert re.search(r"^1\. N\+1: run 40 times .*SELECT count\(\*\) AS reviews", stopped.text, re.M)


@each_era
async def test_the_failing_job_and_the_dead_worker_are_told(stack: Stack, mode: str) -> None:
    env = {"REDIS_URL": known(stack.redis_url)}
    async with open_client("redis", env=env, mode=mode) as client:
        queues = await client.call("list_queues")
        exports = await client.call("diagnose_queue", queue="exports")
        thumbnails = await client.call("diagnose_queue", queue="thumbnails")
    first = queues.text.partition("\n")[0]
    assert "thumbnails (stranded)" in first
    assert "exports (failing)" in first
    assert re.search(r"4 messages held by process \w+, silent for \d+ min", queues.text)
    assert "mail (" not in first
    assert "TypeError: unsupported operand type(s) for divmod()" in exports.text
    assert "srt_time" in exports.text
    assert thumbnails.text.startswith("thumbnails: held by a dead process.")


async def test_the_notification_is_captured(stack: Stack) -> None:
    async with open_client("redis", env={"REDIS_URL": known(stack.redis_url)}) as client:
        started = await client.call("capture_messages", action="start", channels=["captions:*"])
        (capture,) = set(re.findall(r"capture-[0-9a-f]{8}", started.text))
        request("POST", f"{stack.web_url}/videos/77/captions")
        stopped = await client.call(
            "capture_messages",
            action="stop",
            capture=capture,
            wait_for={"path": "video_id", "equals": 77},
            timeout_s=60,
        )
    assert '"event":"captioned","video_id":77' in stopped.text


@each_era
async def test_the_crashing_container_and_its_reason_are_told(stack: Stack, mode: str) -> None:
    project = project_of(stack)
    async with open_client(
        "docker", env={"DOCKER_HOST": known(stack.docker_host)}, mode=mode
    ) as client:
        listed = await client.call("list_containers", project=project)
        logs = await client.call("read_logs", containers=[f"{project}/export"])
        diagnosed = await client.call("diagnose", target=project)
    assert "1 not well" in listed.text.partition("\n")[0]
    assert f"{project}-export" in listed.text
    assert "crash loop: exit code 2" in listed.text or "crash loop: up" in listed.text
    assert "CAPTIONS_API_KEY: environment variable is not set" in logs.text
    assert "the environment variable CAPTIONS_API_KEY is missing" in diagnosed.text
    assert "1 problem; looked at 4 containers, 3 well" in diagnosed.text


async def test_the_page_s_offenders_are_named(stack: Stack) -> None:
    async with open_client("lighthouse") as client:
        audit = await client.call("run_audit", url=known(stack.web_url))
    assert not audit.is_error
    for finding in ("layout-shifts", "label", "image-alt", "color-contrast"):
        assert re.search(rf"^\d+\. {finding}: ", audit.text, re.M), finding
    assert "img.hero" in audit.text
    assert re.search(r"40 x `[^`]*input`", audit.text)
    assert re.search(r"40 x `[^`]*span\.title`", audit.text)
    assert len(audit.text) < 6_000


def request(method: str, url: str) -> None:
    """Send a request without a body."""
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=10):
        pass


@each_era
async def test_the_names_that_are_there_are_completed(stack: Stack, mode: str) -> None:
    project = project_of(stack)
    places = {
        "DATABASE_URL": known(stack.database_url),
        "REDIS_URL": known(stack.redis_url),
        "DOCKER_HOST": known(stack.docker_host),
    }
    for server, prompt, argument, typed, first in (
        ("postgres", "review_table", "table", "capt", "captions"),
        ("redis", "why_is_it_stuck", "queue", "exp", "exports"),
        ("docker", "why_is_it_down", "target", f"{project}/ex", f"{project}/export"),
    ):
        ref = PromptReference(type="ref/prompt", name=prompt)
        async with open_client(server, env=places, mode=mode) as client:
            result = await client.sdk.complete(ref, {"name": argument, "value": typed})
        assert result.completion.values[0] == first
