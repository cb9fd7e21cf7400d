"""show_activity, on sessions that really wait for each other."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from stacksight_postgres.activity.analysis import blocking_tree, find_problems
from stacksight_postgres.activity.model import SessionInfo
from tests.support.stdio import ServerClient, open_client

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = ANY($1)"


@pytest.fixture
async def sessions(evil_url: str) -> AsyncIterator[list[asyncpg.Connection]]:
    opened = [
        await asyncpg.connect(evil_url, server_settings={"application_name": f"app{n}"})
        for n in range(4)
    ]
    yield opened
    for connection in opened:
        await connection.close(timeout=5)


async def until_waiting(watcher: asyncpg.Connection, pids: list[int]) -> None:
    async with asyncio.timeout(20):
        while await watcher.fetchval(WAITING, pids) < len(pids):  # noqa: ASYNC110 - a wait for a lock has no event
            await asyncio.sleep(0.02)


async def test_blocking_tree_names_the_root_blocker(
    evil: ServerClient, sessions: list[asyncpg.Connection]
) -> None:
    root, second, third, watcher = sessions
    pids = [connection.get_server_pid() for connection in sessions]
    hold = root.transaction()
    await hold.start()
    await root.execute("UPDATE victims SET n = n WHERE id = 1")
    waiting: list[asyncio.Task[Any]] = [
        asyncio.create_task(second.execute("ALTER TABLE victims ADD COLUMN later integer")),
    ]
    await until_waiting(watcher, pids[1:2])
    waiting.append(asyncio.create_task(third.fetch("SELECT * FROM victims")))
    await until_waiting(watcher, pids[1:3])

    answer = await evil.call("show_activity")

    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await hold.rollback()
    assert f"{pids[0]}, idle in transaction, blocks 2 sessions" in answer.text
    lines = answer.text.splitlines()
    [first] = [n for n, line in enumerate(lines) if line.startswith(f"{pids[0]} (app0)")]
    assert lines[first + 1].startswith(f"  {pids[1]} (app1): waits ")
    assert "AccessExclusiveLock on victims" in lines[first + 1]
    assert lines[first + 2].startswith(f"    {pids[2]} (app2): waits ")


async def test_quiet_database_has_no_blockers(evil: ServerClient) -> None:
    answer = await evil.call("show_activity", include_idle=True)
    assert not answer.is_error
    assert "blocks 1 session" not in answer.text
    assert "connections in use" in answer.text


async def test_role_without_rights_is_told_so(evil: ServerClient, evil_url: str) -> None:
    connection = await asyncpg.connect(evil_url)
    await connection.execute("DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN PASSWORD 'plain'")
    url = evil_url.replace("stacksight:stacksight", "plain:plain")
    async with open_client("postgres", env={"DATABASE_URL": url}) as client:
        answer = await client.call("show_activity")
        denied = await client.call("run_query", sql="SELECT * FROM victims")
        listed = await client.call("list_objects")
        described = await client.call("describe_table", table="victims")
    await connection.execute("DROP ROLE plain")
    await connection.close()
    assert "GRANT pg_read_all_stats TO plain" in answer.text
    assert denied.is_error
    assert "permission denied" in denied.text
    assert "GRANT pg_read_all_data" in denied.text
    assert not listed.is_error, listed.text
    assert "superuser" not in listed.text
    assert not described.is_error


def session(pid: int, **facts: object) -> SessionInfo:
    return SessionInfo.model_validate({"pid": pid, "state": "active", "query": "q", **facts})


def test_problems() -> None:
    sessions = [
        session(1, state="idle in transaction", state_s=90.0, holds_back=5000),
        session(2, query_s=120.0, transaction_s=130.0),
        session(3, query_s=1.0, transaction_s=1.0),
    ]
    found = find_problems(sessions, used=85, most=100, prepared=1)
    assert [p.kind for p in found] == [
        "idle_in_transaction",
        "long_running",
        "connections",
        "prepared_transactions",
    ]
    assert "5,000 transactions" in found[0].title
    assert find_problems(sessions[2:], used=10, most=100, prepared=0) == []


def test_circle_of_waiting_sessions_is_drawn_once() -> None:
    circle = [session(1, blocked_by=[2]), session(2, blocked_by=[1])]
    assert len(blocking_tree(circle)) == 2
