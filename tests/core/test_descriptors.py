"""Descriptors in unusual states: shared, unread, used up."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stdio import MODERN_META, ROOT, command, raw_server

TOY = "tests.core.toy"
SMALL_PIPE_BYTES = 4096


def leave_no_descriptor(pid: int) -> None:
    """Forbid a process to open any above those that it has."""
    limit = max(int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()) + 1
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (limit, limit))


def test_pipes_that_do_not_wait_are_waited_for() -> None:
    read_by_server, to_server = os.pipe()
    from_server, written_by_server = os.pipe()
    for descriptor in (read_by_server, written_by_server):
        os.set_blocking(descriptor, False)
    argv = [sys.executable, "-m", TOY]
    with subprocess.Popen(argv, stdin=read_by_server, stdout=written_by_server, cwd=ROOT) as server:
        os.close(read_by_server)
        os.close(written_by_server)
        with open(from_server) as answers, open(to_server, "w") as requests:  # noqa: PTH123
            for number in range(3):
                request = {"jsonrpc": "2.0", "id": number, "method": "ping"}
                requests.write(json.dumps(request) + "\n")
                requests.flush()
                assert json.loads(answers.readline())["id"] == number
    assert server.returncode == 0


async def test_a_log_that_nobody_reads_holds_nothing_up() -> None:
    unread, stderr = os.pipe()
    spoilt = {"method": "notifications/cancelled", "params": {"requestId": [1]}}
    try:
        async with raw_server(TOY, stderr=stderr) as server:
            await server.request(0, "tools/list", _meta=MODERN_META)
            for _ in range(2000):  # each makes the SDK log a line
                await server.send({"jsonrpc": "2.0", **spoilt})
            answer = await server.request(1, "tools/list", _meta=MODERN_META)
    finally:
        os.close(stderr)
        logged = os.read(unread, SMALL_PIPE_BYTES)
        os.close(unread)
    assert answer["result"]["tools"]
    assert b"malformed" in logged


async def test_a_process_without_descriptors_left_ends() -> None:
    async with raw_server(TOY) as server:
        params = {"name": "fail", "arguments": {"how": "known"}, "_meta": MODERN_META}
        await server.request(1, "tools/call", **params)
        leave_no_descriptor(server.process.pid)
        assert await server.close() == b""
    assert server.process.returncode == 0


@pytest.mark.parametrize(("closed", "answers"), [("<&-", 0), (">&-", 0), ("2>&-", 1)])
def test_a_standard_descriptor_that_is_missing_is_no_fault(closed: str, answers: int) -> None:
    params = {"name": "list_audits", "arguments": {}, "_meta": MODERN_META}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    argv = ["sh", "-c", f'exec "$@" {closed}', "sh", *command("lighthouse")]
    ended = subprocess.run(
        argv, input=json.dumps(call).encode(), capture_output=True, cwd=ROOT, check=True
    )
    assert ended.stderr == b""
    assert len(ended.stdout.splitlines()) == answers
