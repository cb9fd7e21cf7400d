"""check_health and inspect_keys."""

import pickle
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import redis

from devstack.redis import RedisServer
from stacksight_redis.analysis.health_answers import READ_ONLY_ACL
from tests.redis.jobs import Jobs, make_jobs
from tests.support.stdio import ServerClient, open_client


async def test_slow_commands_are_grouped(client: ServerClient, store: Any) -> None:
    store.slowlog_reset()
    store.config_set("slowlog-log-slower-than", 0)
    try:
        for number in range(3):
            store.hset("profile", mapping={"n": number, "password": "hunter2"})
    finally:
        store.config_set("slowlog-log-slower-than", 10_000)
    answer = await client.call("check_health")
    store.slowlog_reset()
    assert re.search(r"^HSET \| 3 \| ", answer.text, re.M)
    assert "hunter2" not in answer.text


async def test_health_names_server_and_connection(client: ServerClient) -> None:
    answer = await client.call("check_health")
    assert re.search(r"^server: (Redis|Valkey) \d+\.", answer.text, re.M)
    assert "Connected as user `default`" in answer.text
    assert "The user itself could write; this line makes one that cannot" in answer.text
    assert READ_ONLY_ACL in answer.text


async def test_every_tool_works_for_the_read_only_user(
    redis_server: RedisServer, other_url: str
) -> None:
    jobs = make_jobs(other_url)
    jobs.send("export", 1)
    message = jobs.schedule("mail", 1, delay_ms=60_000)
    with redis.Redis.from_url(other_url) as admin:
        words = READ_ONLY_ACL.replace(">PASSWORD", ">secret-word").split()
        admin.execute_command(*words)
    url = other_url.replace("redis://", "redis://stacksight:secret-word@")
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        for tool, arguments in (
            ("list_queues", {}),
            ("inspect_queue", {"queue": "exports"}),
            ("inspect_queue", {"queue": "mail", "state": "delayed"}),
            ("diagnose_queue", {"queue": "exports"}),
            ("inspect_message", {"message_id": message}),
            ("list_workers", {}),
            ("watch_queues", {"seconds": 1}),
            ("list_channels", {"match": "x*"}),
            ("capture_messages", {"action": "start", "channels": ["x:*", "y"]}),
            ("inspect_keys", {}),
            ("inspect_keys", {"key": "dramatiq:exports.msgs"}),
            ("check_health", {}),
        ):
            answer = await client.call(tool, **arguments)
            assert not answer.is_error, f"{tool}: {answer.text}"
            assert "NOPERM" not in answer.text
            assert "secret-word" not in answer.text
    with redis.Redis.from_url(url) as user, pytest.raises(redis.exceptions.NoPermissionError):
        user.set("a", 1)


async def test_what_a_user_may_not_do_is_reported(
    redis_server: RedisServer, other_url: str
) -> None:
    with redis.Redis.from_url(other_url) as admin:
        admin.execute_command(
            "ACL", "SETUSER", "narrow", "reset", "on", "nopass", "~*", "-@all", "+@read", "+ping",
            "+info", "+time", "+@connection", "-client|list",
        )  # fmt: skip
    make_jobs(other_url).send("mail", 1)
    url = other_url.replace("redis://", "redis://narrow:any@")
    async with open_client("redis", env={"REDIS_URL": url}) as client:
        health = await client.call("check_health")
        channels = await client.call("list_channels")
        queues = await client.call("list_queues")
    assert not health.is_error
    assert "Not looked at: The Redis user of this server may not do this" in health.text
    assert channels.is_error
    assert "ACL line" in channels.text
    assert "mail" in queues.text


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("string", "hello"),
        ("json", '{"user":1,"password":"***"}'),
        ("pickle", "<unexecuted datetime.datetime("),
        ("list", "first"),
        ("set", "member"),
        ("zset", "gold: 3"),
        ("hash", "token: ***"),
        ("stream", "{event: login}"),
        ("bytes", "not UTF-8: ff fe"),
    ],
)
async def test_a_key_of_each_type(client: ServerClient, store: Any, kind: str, shown: str) -> None:
    store.set("string", "hello")
    store.set("json", '{"user": 1, "password": "x"}')
    store.set("pickle", pickle.dumps([datetime(2026, 1, 1, tzinfo=UTC)]))
    store.set("bytes", b"\xff\xfe")
    store.rpush("list", "first")
    store.sadd("set", "member")
    store.zadd("zset", {"gold": 3})
    store.hset("hash", "token", "x")
    store.xadd("stream", {"event": "login"})
    answer = await client.call("inspect_keys", key=kind)
    assert shown in answer.text


async def test_large_values_are_bounded(client: ServerClient, store: Any) -> None:
    store.set("text", "x" * 50_000_000)
    store.hset("map", mapping={"big": "y" * 50_000_000, "small": "z"})
    store.rpush("list", *["w" * 1_000_000] * 3)
    for key in ("text", "map", "list"):
        answer = await client.call("inspect_keys", key=key)
        assert not answer.is_error
        assert len(answer.text) < 3_000
    store.delete("text", "map", "list")


async def test_keys_are_summarised_by_prefix(client: ServerClient, store: Any) -> None:
    for number in range(300):
        store.set(f"session:{number}:data", "x" * 100, ex=100)
    for number in range(20):
        store.hset(f"user:{number}", "name", "ada")
    answer = await client.call("inspect_keys")
    assert re.search(r"^session:\*:data \| 300 \| string \| .* \| 0$", answer.text, re.M)
    assert re.search(r"^user:\* \| 20 \| hash \| .* \| 20$", answer.text, re.M)


async def test_many_keys_are_paged(client: ServerClient, store: Any) -> None:
    with store.pipeline() as pipe:
        for number in range(5_000):
            pipe.set(f"k:{number}", 1)
        pipe.execute()
    seen = 0
    page: dict[str, str] = {}
    while True:
        answer = await client.call("inspect_keys", match="k:*", **page)
        seen += int(answer.text.split(" ", 1)[0].replace(",", ""))
        match = re.search(r'cursor="([^"]+)"', answer.text)
        if match is None:
            break
        page = {"cursor": match[1]}
    assert seen == 5_000


async def test_a_missing_key_names_the_near_ones(
    client: ServerClient, store: Any, jobs: Jobs
) -> None:
    store.set("profile:ada", 1)
    answer = await client.call("inspect_keys", key="profil:ada")
    assert answer.is_error
    assert "Did you mean `profile:ada`?" in answer.text


async def test_nothing_that_the_acl_forbids_is_tried(
    redis_server: RedisServer, other_url: str
) -> None:
    jobs = make_jobs(other_url)
    message = jobs.send("mail", 1)
    jobs.schedule("mail", 1, delay_ms=60_000)
    with redis.Redis.from_url(other_url) as admin:
        words = READ_ONLY_ACL.replace(">PASSWORD", ">secret-word").split()
        admin.execute_command(*words)
        admin.acl_log_reset()
        url = other_url.replace("redis://", "redis://stacksight:secret-word@")
        async with open_client("redis", env={"REDIS_URL": url}) as client:
            for tool, arguments in (
                ("list_queues", {}),
                ("inspect_queue", {"queue": "mail"}),
                ("diagnose_queue", {"queue": "mail"}),
                ("inspect_message", {"message_id": message}),
                ("list_workers", {}),
                ("list_channels", {}),
                ("capture_messages", {"action": "start", "queues": ["mail"]}),
                ("capture_messages", {"action": "start", "channels": ["a"], "sharded": True}),
                ("inspect_keys", {}),
                ("inspect_keys", {"key": "dramatiq:mail"}),
                ("check_health", {}),
            ):
                answer = await client.call(tool, **arguments)
                assert not answer.is_error, f"{tool}: {answer.text}"
        refused = [
            entry["object"] for entry in admin.acl_log() if entry["username"] == "stacksight"
        ]
    assert refused == []
