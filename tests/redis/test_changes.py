"""The tools that change something: asked for, carried out whole, broken off at every step."""

import json
import os
import pickle
import re
import signal
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from dramatiq.encoder import JSONEncoder, PickleEncoder

from devstack.redis import RedisServer
from tests.redis.conftest import Working
from tests.redis.jobs import Jobs, make_jobs, wait_until
from tests.redis.tripwire import Tripwire
from tests.support.stdio import ServerClient, User, open_client

WRITING = {"STACKSIGHT_ALLOW_WRITES": "1"}
LETTERS = 120
STEPS = 3  # of 50

DEAD, DEAD_PAYLOADS = "dramatiq:mail.XQ", "dramatiq:mail.XQ.msgs"
WAITING, PAYLOADS = "dramatiq:mail", "dramatiq:mail.msgs"


def writing(url: str, said: Any = "yes", mode: str = "auto") -> Any:
    return open_client(
        "redis", env={"REDIS_URL": url} | WRITING, mode=mode, elicitation_callback=User(said)
    )


def bury(jobs: Jobs, store: Any, count: int, **options: Any) -> list[str]:
    """Put messages among the dead as Dramatiq's nack does, with what failures leave in them."""
    ids = [jobs.send("mail", number) for number in range(count)]
    for redis_id, payload in store.hgetall(PAYLOADS).items():
        message = json.loads(payload)
        message["options"] |= {"retries": 20, "traceback": "Traceback …", "eta": 1} | options
        store.zadd(DEAD, {redis_id: message["message_timestamp"]})
        store.hset(DEAD_PAYLOADS, redis_id, json.dumps(message))
    store.delete(WAITING, PAYLOADS)
    return ids


def whereabouts(store: Any) -> tuple[list[str], list[str]]:
    """The message ids among the dead and in the queue, each with its payload and its entry."""
    dead, waiting = store.hgetall(DEAD_PAYLOADS), store.hgetall(PAYLOADS)
    assert set(dead) == set(store.zrange(DEAD, 0, -1))
    assert sorted(waiting) == sorted(store.lrange(WAITING, 0, -1))
    for redis_id, payload in waiting.items():
        assert json.loads(payload)["options"]["redis_message_id"] == redis_id.decode()
    return (
        [json.loads(payload)["message_id"] for payload in dead.values()],
        [json.loads(payload)["message_id"] for payload in waiting.values()],
    )


async def test_without_the_flag_they_do_not_exist(client: ServerClient) -> None:
    names = {tool.name for tool in await client.tools()}
    assert not names & {"requeue_messages", "delete_messages", "enqueue_message", "publish_message"}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_dead_letters_are_requeued_and_run(
    redis_url: str, jobs: Jobs, store: Any, working: Working, mode: str
) -> None:
    sent = bury(jobs, store, LETTERS)
    before = store.zrange(DEAD, 0, -1)
    user = User("yes")
    env = {"REDIS_URL": redis_url} | WRITING
    async with open_client("redis", env=env, mode=mode, elicitation_callback=user) as client:
        answer = await client.call("requeue_messages", queue="mail", limit=1_000)
    assert answer.text.startswith(f"{LETTERS} messages of mail requeued.")
    (question,) = user.asked
    assert question.startswith(f"Requeue {LETTERS} dead letters (all) of `mail`? By actor: mail")
    dead, waiting = whereabouts(store)
    assert (dead, sorted(waiting)) == ([], sorted(sent))
    assert not set(before) & set(store.hkeys(PAYLOADS))
    for payload in store.hvals(PAYLOADS):
        assert not {"retries", "traceback", "eta"} & set(json.loads(payload)["options"])
    with working(jobs):
        wait_until(lambda: store.hlen(PAYLOADS) == 0)
    assert store.zcard(DEAD) == 0


async def test_a_no_changes_nothing(redis_url: str, jobs: Jobs, store: Any) -> None:
    sent = bury(jobs, store, 3)
    async with writing(redis_url, "no") as client:
        for tool, arguments in (
            ("requeue_messages", {"queue": "mail"}),
            ("delete_messages", {"queue": "mail", "state": "dead"}),
            ("enqueue_message", {"queue": "mail", "actor": "mail"}),
            ("publish_message", {"channel": "c", "payload": "p"}),
        ):
            answer = await client.call(tool, **arguments)
            assert answer.is_error
            assert answer.text.startswith("Nothing was done")
    assert sorted(whereabouts(store)[0]) == sorted(sent)


async def test_only_what_matches_is_requeued(redis_url: str, jobs: Jobs, store: Any) -> None:
    sent = bury(jobs, store, 4)
    async with writing(redis_url) as client:
        answer = await client.call("requeue_messages", queue="mail", match=sent[2])
        nothing = await client.call("requeue_messages", queue="mail", match="no such text")
    assert answer.text.startswith("1 message of mail requeued.")
    dead, waiting = whereabouts(store)
    assert (len(dead), waiting) == (3, [sent[2]])
    assert nothing.is_error
    assert "matches, of 3 looked at" in nothing.text


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_a_connection_lost_at_any_step_loses_and_doubles_nothing(
    redis_server: RedisServer, redis_url: str, jobs: Jobs, store: Any, step: int, moment: str
) -> None:
    sent = bury(jobs, store, LETTERS)
    wire = Tripwire(redis_server.port, b"EVAL", step, cut=moment)
    async with writing(redis_url.replace(str(redis_server.port), str(wire.port))) as client:
        answer = await client.call("requeue_messages", queue="mail", limit=1_000)
        assert answer.is_error
        assert f"{50 * (step - 1)} of {LETTERS} messages were requeued; then" in answer.text
        dead, waiting = whereabouts(store)
        assert sorted(dead + waiting) == sorted(sent)
        assert len(waiting) in (50 * (step - 1), min(50 * step, LETTERS))
        if dead:
            again = await client.call("requeue_messages", queue="mail", limit=1_000)
            assert again.text.startswith(f"{len(dead)} messages of mail requeued.")
    dead, waiting = whereabouts(store)
    assert (dead, sorted(waiting)) == ([], sorted(sent))
    wire.close()


@pytest.mark.parametrize("step", range(1, STEPS + 1))
async def test_a_server_killed_at_any_step_loses_and_doubles_nothing(
    redis_server: RedisServer, redis_url: str, jobs: Jobs, store: Any, step: int
) -> None:
    sent = bury(jobs, store, LETTERS)
    wire = Tripwire(redis_server.port, b"EVAL", step, act=lambda: kill_server_of(wire.port))
    url = redis_url.replace(str(redis_server.port), str(wire.port))
    with pytest.raises(Exception, match=r"."):
        async with writing(url, mode="legacy") as client:
            await client.call("requeue_messages", queue="mail", limit=1_000)
    assert wire.answered.wait(10)
    dead, waiting = whereabouts(store)
    assert sorted(dead + waiting) == sorted(sent)
    assert len(waiting) == min(50 * step, LETTERS)
    wire.close()


def kill_server_of(port: int) -> None:
    """kill -9 the server process whose Redis is on this port."""
    for directory in Path("/proc").iterdir():
        if directory.name.isdecimal():
            try:
                command = (directory / "cmdline").read_bytes()
                environment = (directory / "environ").read_bytes()
            except OSError:
                continue
            if b"stacksight-redis" in command and f"127.0.0.1:{port}/".encode() in environment:
                os.kill(int(directory.name), signal.SIGKILL)


async def test_dead_letters_are_deleted(redis_url: str, jobs: Jobs, store: Any) -> None:
    bury(jobs, store, 3)
    jobs.send("mail", "waits")
    async with writing(redis_url) as client:
        answer = await client.call("delete_messages", queue="mail", state="dead", limit=2)
    assert answer.text.startswith("2 messages of mail deleted.")
    dead, waiting = whereabouts(store)
    assert (len(dead), len(waiting)) == (1, 1)


@pytest.mark.parametrize("state", ["waiting", "delayed"])
async def test_listed_messages_are_deleted(
    redis_url: str, jobs: Jobs, store: Any, state: str
) -> None:
    for number in range(3):
        jobs.send("mail", number)
        jobs.schedule("mail", number, delay_ms=600_000)
    async with writing(redis_url) as client:
        answer = await client.call("delete_messages", queue="mail", state=state, match="(1)")
    assert answer.text.startswith("1 message of mail deleted.")
    left = {"waiting": (2, 3), "delayed": (3, 2)}[state]
    assert (store.llen(WAITING), store.llen(f"{WAITING}.DQ")) == left
    assert (store.hlen(PAYLOADS), store.hlen(f"{WAITING}.DQ.msgs")) == left


async def test_what_a_worker_has_fetched_is_not_deleted(
    redis_url: str, jobs: Jobs, store: Any, working: Working
) -> None:
    jobs.schedule("mail", 1, delay_ms=3_600_000)
    with working(jobs):
        wait_until(lambda: store.llen("dramatiq:mail.DQ") == 0)
        async with writing(redis_url) as client:
            answer = await client.call("delete_messages", queue="mail", state="delayed")
        assert store.hlen("dramatiq:mail.DQ.msgs") == 1
    assert answer.is_error
    assert "Nothing was done" in answer.text


async def test_an_enqueued_message_runs(
    redis_url: str, jobs: Jobs, store: Any, working: Working
) -> None:
    jobs.send("mail", 0)
    user = User("yes")
    env = {"REDIS_URL": redis_url} | WRITING
    async with open_client("redis", env=env, elicitation_callback=user) as client:
        await client.call("list_queues")
        answer = await client.call(
            "enqueue_message", queue="mail", actor="mail", args=[7], kwargs={"token": "s3cret"}
        )
        (message,) = set(re.findall(r"[0-9a-f-]{36}", answer.text))
        with working(jobs):
            wait_until(lambda: store.hlen(PAYLOADS) == 0)
        found = await client.call("inspect_message", message_id=message, queue="mail", actor="mail")
    assert user.asked[0].startswith('Enqueue mail(7, token="***") on `mail`, to run now?')
    assert found.text.startswith("Finished: its result is stored.")
    assert '"user":7' in found.text


async def test_a_delayed_one_runs_later(redis_url: str, jobs: Jobs, store: Any) -> None:
    jobs.send("mail", 0)
    async with writing(redis_url) as client:
        await client.call("enqueue_message", queue="mail", actor="done", delay_s=600)
        page = await client.call("inspect_queue", queue="mail", state="delayed")
    assert re.search(r"\| done \| \(\) \| .* due in (10 min|9 min)", page.text)
    assert store.llen("dramatiq:mail.DQ") == 1


async def test_an_unknown_actor_is_questioned(redis_url: str, jobs: Jobs) -> None:
    jobs.send("mail", 0)
    user = User("no")
    env = {"REDIS_URL": redis_url} | WRITING
    async with open_client("redis", env=env, elicitation_callback=user) as client:
        await client.call("inspect_queue", queue="mail")
        await client.call("enqueue_message", queue="mial", actor="maill")
    (question,) = user.asked
    assert "No message has been seen on this queue. Did you mean `mail`?" in question
    assert "moves the message to the dead letters at once. Did you mean `mail`?" in question


async def test_a_message_whose_enqueueing_was_cut_off_can_be_looked_up(
    redis_server: RedisServer, redis_url: str, jobs: Jobs, store: Any
) -> None:
    jobs.send("mail", 0)
    wire = Tripwire(redis_server.port, b"EVAL", 1, cut="after")
    async with writing(redis_url.replace(str(redis_server.port), str(wire.port))) as client:
        answer = await client.call("enqueue_message", queue="mail", actor="mail")
        match = re.search(r'message_id="([0-9a-f-]{36})"', answer.text)
        assert match is not None
        found = await client.call("inspect_message", message_id=match[1])
    assert answer.is_error
    assert found.text.startswith("Waiting in mail")
    assert store.hlen(PAYLOADS) == store.llen(WAITING) == 2
    wire.close()


@pytest.fixture
def pickling() -> Any:
    """The PickleEncoder for as long as the test runs."""
    dramatiq.set_encoder(PickleEncoder())
    yield
    dramatiq.set_encoder(JSONEncoder())


@pytest.mark.usefixtures("pickling")
async def test_pickled_queues_stay_pickled(
    redis_url: str, jobs: Jobs, store: Any, working: Working
) -> None:
    jobs.send("fail_once", 1)
    jobs.send("fail_once", {2})  # a set: JSON has none
    with working(jobs):
        wait_until(lambda: store.zcard("dramatiq:failing.XQ") == 2)
    async with writing(redis_url) as client:
        answer = await client.call("requeue_messages", queue="failing")
        enqueued = await client.call("enqueue_message", queue="failing", actor="done", args=[1])
    assert answer.text.startswith("2 messages of failing requeued.")
    assert not enqueued.is_error
    decoded = [pickle.loads(payload) for payload in store.hvals("dramatiq:failing.msgs")]
    assert {message["actor_name"] for message in decoded} == {"fail_once", "done"}
    assert all(isinstance(message["args"], tuple) for message in decoded)
    for message in decoded:
        assert store.hexists("dramatiq:failing.msgs", message["options"]["redis_message_id"])
    with working(jobs):
        wait_until(lambda: store.hlen("dramatiq:failing.msgs") == 0)


async def test_a_publication_arrives(redis_url: str, store: Any) -> None:
    async with writing(redis_url) as client:
        started = await client.call("capture_messages", action="start", channels=["told"])
        answer = await client.call("publish_message", channel="told", payload='{"n": 1}')
        nobody = await client.call("publish_message", channel="untold", payload="x")
        read = await client.call(
            "capture_messages", action="stop", capture=started.text.split(" ", 1)[0]
        )
    assert answer.text.startswith("Published; 1 subscription received it.")
    assert nobody.text.startswith("Published; 0 subscriptions received it.")
    assert '{"n":1}' in read.text


async def test_a_full_memory_leaves_the_dead_where_they_are(
    redis_url: str, jobs: Jobs, store: Any
) -> None:
    sent = bury(jobs, store, 3)
    store.config_set("maxmemory", "1")
    try:
        async with writing(redis_url) as client:
            answer = await client.call("requeue_messages", queue="mail")
    finally:
        store.config_set("maxmemory", "0")
    assert answer.is_error
    assert "used memory > 'maxmemory'" in answer.text
    assert sorted(whereabouts(store)[0]) == sorted(sent)


async def test_messages_that_no_worker_can_decode_are_not_requeued(
    redis_url: str, jobs: Jobs, store: Any
) -> None:
    bury(jobs, store, 1)
    store.zadd(DEAD, {"broken": 1})
    store.hset(DEAD_PAYLOADS, "broken", "{")
    async with writing(redis_url) as client:
        answer = await client.call("requeue_messages", queue="mail")
    assert answer.text.startswith("1 message of mail requeued.")
    assert store.zrange(DEAD, 0, -1) == [b"broken"]


async def test_definitions_of_all_tools_stay_small(redis_url: str) -> None:
    async with writing(redis_url) as client:
        tools = await client.tools()
    size = len(
        json.dumps([t.model_dump(mode="json", exclude_none=True, by_alias=True) for t in tools])
    )
    assert size < 12_000
    for tool in tools:
        assert tool.annotations is not None
        assert "Example" in (tool.description or "")
        for name, schema in tool.input_schema["properties"].items():
            assert schema.get("description"), f"{tool.name}.{name}"


async def test_a_second_namespace_is_written_to(
    redis_url: str, store: Any, working: Working
) -> None:
    shop = make_jobs(redis_url, namespace="shop")
    shop.send("fail_once", 1)
    with working(shop):
        wait_until(lambda: store.zcard("shop:failing.XQ") == 1)
    async with writing(redis_url) as client:
        answer = await client.call("requeue_messages", queue="shop:failing")
    assert answer.text.startswith("1 message of shop:failing requeued.")
    assert store.llen("shop:failing") == store.hlen("shop:failing.msgs") == 1
