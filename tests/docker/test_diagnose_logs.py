"""What programs say before they end, in their own words, gets its verdict."""

import pytest

from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient

# What was said, the exit code, then the kind of the verdict, how sure it is, and what it shows.
SAYINGS: list[tuple[str, int, str, str, tuple[str, ...]]] = [
    (
        "Traceback (most recent call last):\n"
        '  File "/app/main.py", line 5, in <module>\n'
        "    settings = Settings()\n"
        "pydantic_core._pydantic_core.ValidationError: 2 validation errors for Settings\n"
        "redis_url\n  Field required [type=missing, input_value={}, input_type=dict]\n"
        "secret_key\n  Field required [type=missing, input_value={}, input_type=dict]\n",
        1,
        "missing-variable",
        "proved",
        ("REDIS_URL is not in Config.Env", "also required: SECRET_KEY"),
    ),
    (
        "panic: runtime error: invalid memory address or nil pointer dereference\n"
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x45]\n\n"
        "goroutine 1 [running]:\nmain.main()\n\t/src/main.go:14 +0x1d\n",
        2,
        "exception",
        "likely",
        ("nil pointer dereference", "/src/main.go:14 in main.main"),
    ),
    (
        "Web server failed to start. Port 8080 was already in use.",
        1,
        "port-in-use-inside",
        "likely",
        ("Port 8080",),
    ),
    (
        'psycopg2.OperationalError: connection to server at "db" (10.0.0.5), port 5432 failed: '
        "Connection timed out",
        1,
        "connection-refused",
        "likely",
        ("db:5432 does not answer",),
    ),
    (
        "Error: connect ETIMEDOUT 172.31.99.9:5432",
        1,
        "connection-refused",
        "likely",
        ("172.31.99.9:5432 does not answer",),
    ),
    (
        "cat: can't open '/run/secrets/db_password': No such file or directory",
        1,
        "secret-missing",
        "proved",
        ("/run/secrets/db_password", "Mounts: none"),
    ),
    (
        "fatal: mmap failed: Cannot allocate memory",
        1,
        "allocation-failed",
        "likely",
        ("HostConfig.Memory=none",),
    ),
    (
        "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
        134,
        "out-of-memory-inside",
        "likely",
        ("heap size",),
    ),
    (
        "Unhandled exception. System.InvalidOperationException: No connection string\n"
        "   at App.Program.Main(String[] args) in /src/Program.cs:line 22\n",
        134,
        "exception",
        "likely",
        ("System.InvalidOperationException", "/src/Program.cs:22"),
    ),
    (
        "ImportError: cannot import name 'create_app' from 'app' (/app/app.py)",
        1,
        "name-missing",
        "likely",
        ("create_app",),
    ),
    (
        'ERROR:    Error loading ASGI app. Could not import module "main".',
        1,
        "module-missing",
        "likely",
        ("not in the image: main",),
    ),
    (
        "2026/11/27 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while "
        'connecting to upstream, client: 10.0.0.1, upstream: "http://172.31.99.9:8000/"',
        1,
        "connection-refused",
        "likely",
        ("172.31.99.9:8000",),
    ),
]


@pytest.mark.parametrize("saying", SAYINGS, ids=lambda saying: f"{saying[2]}-{saying[1]}")
async def test_each_saying_gets_its_verdict(
    server: ServerClient, lab: Laboratory, saying: tuple[str, int, str, str, tuple[str, ...]]
) -> None:
    said, code, kind, confidence, shown = saying
    script = f'printf %s "$1" >&2; exit {code}'
    lab.end("app", ["sh", "-c", script, "sh", said])
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert f"[{kind}, {confidence}]" in text, text
    for part in shown:
        assert part in text, text


async def test_a_running_container_whose_peer_refuses_the_work_is_named(
    server: ServerClient, lab: Laboratory
) -> None:
    script = "while :; do echo 'sqlite3.OperationalError: database is locked' >&2; sleep 0.1; done"
    container = lab.start("app", script)
    until(lambda: container.logs().count(b"\n") > 20)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "[peer-refuses-work, likely]" in text, text


async def test_a_file_of_memory_without_room_is_named(
    server: ServerClient, lab: Laboratory
) -> None:
    lab.end("app", "for i in 1 2 3 4 5 6 7 8 9; do echo > /cache/f$i || exit 1; done",
            tmpfs={"/cache": "size=1m,nr_inodes=5"})  # fmt: skip
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "[disk-full, proved]" in text, text
    assert "HostConfig.Tmpfs: /cache (size=1m,nr_inodes=5)" in text


async def test_an_address_on_another_network_is_traced_to_its_container(
    server: ServerClient, lab: Laboratory
) -> None:
    one, two = lab.network("one"), lab.network("two")
    db = lab.start("db", "sleep 1000", network=one)
    address = lab.state(db)["NetworkSettings"]["Networks"][one]["IPAddress"]
    script = f"echo 'Error: connect ETIMEDOUT {address}:5432' >&2; exit 1"
    lab.end("app", script, network=two)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "[no-shared-network, proved]" in text, text
    assert f"{lab.project}-db" in text
