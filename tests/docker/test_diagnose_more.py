"""Causes between containers and inside them, and what looks like a fault but is none."""

import io
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.models.containers import Container

from stacksight_docker.source.kernel_log import read_oom_kills
from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient

REFUSED = "echo 'ConnectionRefusedError: [Errno 111] Connection refused' >&2; exit 1"


def serving(lab: Laboratory, service: str, address: str, **options: object) -> Container:
    """Start a web server that listens on an address, and wait until it does."""
    script = f"mkdir -p /www; httpd -p {address} -h /www; echo up; sleep 1000"
    container = lab.start(service, script, **options)
    until(lambda: b"up" in container.logs())
    return container


def put(container: Container, name: str, content: bytes, mode: int = 0o755) -> None:
    """Write a file into a container's root."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(name)
        entry.mode, entry.size = mode, len(content)
        tar.addfile(entry, io.BytesIO(content))
    container.put_archive("/", archive.getvalue())


def windows_line_ends(lab: Laboratory) -> None:
    container = lab.create("app", ["/entry.sh"])
    put(container, "entry.sh", b"#!/bin/sh\r\necho up\r\n")
    container.start()
    container.wait()


def empty_variable(lab: Laboratory) -> None:
    said = "echo 'missing required configuration: STRIPE_KEY' >&2; exit 1"
    lab.end("app", said, environment={"STRIPE_KEY": ""})


def go_panic(lab: Laboratory) -> None:
    trace = (
        "panic: runtime error: index out of range [5] with length 3\\n\\n"
        "goroutine 1 [running]:\\nmain.process(...)\\n\\t/src/main.go:42 +0x1d\\n"
    )
    lab.end("app", 'printf "$TRACE" >&2; exit 2', environment={"TRACE": trace})


def variable_points_to_itself(lab: Laboratory) -> None:
    url = {"DATABASE_URL": "postgres://shop:hunter2@localhost:5432/shop"}
    lab.end("app", REFUSED, environment=url, network=lab.network("net"))


def peer_on_loopback(lab: Laboratory) -> None:
    network = lab.network("net")
    serving(lab, "db", "127.0.0.1:5432", network=network)
    lab.end("app", "echo 'cannot reach db:5432: Connection refused' >&2; exit 1", network=network)


def peer_on_another_port(lab: Laboratory) -> None:
    network = lab.network("net")
    serving(lab, "db", "5433", network=network)
    lab.end("app", REFUSED, environment={"DB_HOST": "db", "DB_PORT": "5432"}, network=network)


def published_elsewhere(lab: Laboratory) -> None:
    container = serving(lab, "app", "3000", ports={"8080/tcp": ("127.0.0.1", None)})
    until(lambda: _seconds_up(lab, container) > 2)


def published_on_loopback(lab: Laboratory) -> None:
    container = serving(lab, "app", "127.0.0.1:8080", ports={"8080/tcp": ("127.0.0.1", None)})
    until(lambda: _seconds_up(lab, container) > 2)


def _seconds_up(lab: Laboratory, container: Container) -> float:
    match = re.search(r"Up (\d+) seconds", str(_listed(lab, container)["Status"]))
    return float(match[1]) if match else 0.0


def _listed(lab: Laboratory, container: Container) -> dict[str, object]:
    (listed,) = lab.client.api.containers(filters={"id": container.id})
    assert isinstance(listed, dict)
    return listed


def check_of_another_port(lab: Laboratory) -> None:
    check = {"test": ["CMD-SHELL", "wget -q -O- http://127.0.0.1:8080/ 2>/dev/null || exit 1"]}
    options = {"interval": 10**8, "timeout": 5 * 10**8, "retries": 1}
    container = serving(lab, "app", "3000", healthcheck={**check, **options})
    until(lambda: lab.state(container)["State"]["Health"]["Status"] == "unhealthy")


def no_more_processes(lab: Laboratory) -> None:
    lab.end("app", "for i in 1 2 3 4 5 6; do sleep 9 & done; wait", pids_limit=4)


def circle(lab: Laboratory) -> None:
    label = "com.docker.compose.depends_on"
    lab.create("app", "sleep 1", labels={label: "db:service_started:false"})
    lab.create("db", "sleep 1", labels={label: "app:service_started:false"})


def no_such_user(lab: Laboratory) -> None:
    lab.start("app", "sleep 1000", user="nobody-like-this")


def network_gone(lab: Laboratory) -> None:
    network = lab.network("net")
    lab.create("app", "sleep 1000", network=network)
    lab.forget_network(network)
    lab.start_again("app")


def child_out_of_memory(lab: Laboratory) -> None:
    script = "tail /dev/zero; echo collected; sleep 1000"
    container = lab.start("app", script, mem_limit="16m", memswap_limit="16m")
    until(lambda: b"collected" in container.logs())


def last_error(lab: Laboratory) -> None:
    lab.end("app", "echo INFO begun; echo 'ERROR the licence for 5 seats is used up'; exit 4")


def unreadable_value(lab: Laboratory) -> None:
    trace = (
        "Traceback (most recent call last):\\n"
        '  File "/app/main.py", line 2, in <module>\\n'
        '    port = int(os.environ["PORT"])\\n'
        "ValueError: invalid literal for int() with base 10\\n"
    )
    lab.end("app", 'printf "$TRACE" >&2; exit 1', environment={"TRACE": trace, "PORT": "80a"})


def said_on_stdout(lab: Laboratory) -> None:
    lab.end("app", "echo booting; echo 'Failed to start: licence server unreachable'; exit 1")


def network_of_one_that_is_down(lab: Laboratory) -> None:
    owner = lab.create("vpn", "sleep 1000")
    lab.start("app", "sleep 1000", network_mode=f"container:{owner.id}")


def forbidden_call(lab: Laboratory) -> None:
    lab.end("app", "sh -c 'kill -SYS $$'; exit $?")


Case = tuple[Callable[[Laboratory], None], str, str, tuple[str, ...]]
CASES: list[Case] = [
    (windows_line_ends, "interpreter-missing", "likely", ("/entry.sh", "dos2unix")),
    (empty_variable, "missing-variable", "proved", ("STRIPE_KEY is empty",)),
    (go_panic, "exception", "likely", ("index out of range", "/src/main.go:42 in main.process")),
    (
        variable_points_to_itself,
        "connects-to-itself",
        "likely",
        ("Config.Env: DATABASE_URL points to localhost:5432",),
    ),
    (peer_on_loopback, "listens-on-loopback", "proved", ("-db listens on: 127.0.0.1:5432",)),
    (peer_on_another_port, "wrong-port", "proved", ("not listen on port 5432, but on 5433",)),
    (published_elsewhere, "wrong-port", "proved", ("8080 is published", "it listens on 3000")),
    (published_on_loopback, "listens-on-loopback", "proved", ("127.0.0.1 only",)),
    (check_of_another_port, "check-refused", "proved", ("port 8080", "0.0.0.0:3000")),
    (no_more_processes, "process-limit", "likely", ("HostConfig.PidsLimit=4",)),
    (circle, "dependency-cycle", "proved", ("app -> db -> app",)),
    (no_such_user, "user-missing", "proved", ("nobody-like-this", "State.Error")),
    (network_gone, "network-missing", "proved", ("-net", "State.Error")),
    (child_out_of_memory, "out-of-memory-child", "proved", ("oom", "16.0 MB")),
    (unreadable_value, "bad-variable", "likely", ("PORT is set (value not shown)",)),
    (said_on_stdout, "error-in-log", "likely", ("licence server unreachable",)),
    (network_of_one_that_is_down, "network-owner-down", "proved", ("-vpn", "State.Error")),
    (forbidden_call, "native-crash", "proved", ("SIGSYS", "159")),
    (last_error, "error-in-log", "likely", ("the licence for 5 seats is used up",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
async def test_each_cause_gets_its_verdict(
    server: ServerClient, lab: Laboratory, case: Case
) -> None:
    stage, kind, confidence, proofs = case
    stage(lab)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert f"[{kind}, {confidence}]" in text, text
    assert re.search(r": [12] problems?; ", text), text
    assert text.index(f"[{kind}, ") < 900
    for proof in proofs:
        assert proof in text, text
    assert "hunter2" not in text


async def test_a_folder_made_for_a_missing_file_is_recognised(
    server: ServerClient, lab: Laboratory, tmp_path: Path
) -> None:
    said = "echo \"IsADirectoryError: [Errno 21] Is a directory: '/etc/app.yml'\" >&2; exit 1"
    volumes = {str(tmp_path / "app.yml"): {"bind": "/etc/app.yml", "mode": "ro"}}
    lab.end("app", said, volumes=volumes)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "[mount-wrong-kind, proved]" in text
    assert f"Mounts: /etc/app.yml is {tmp_path}/app.yml (bind)" in text


async def test_the_root_is_found_in_another_project(server: ServerClient, lab: Laboratory) -> None:
    network = lab.network("shared")
    other = {"com.docker.compose.project": f"{lab.project}infra"}
    lab.end("cache", "echo 'Bad directive in line 3' >&2; exit 1", network=network, labels=other)
    said = "while :; do echo 'ERROR Error -2 connecting to cache:6379. Name or service not known.'"
    worker = lab.start("app", f"{said}; sleep 0.1; done", network=network)
    until(lambda: worker.logs().count(b"\n") >= 3)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    verdicts = re.findall(r"^\d+\. \S+ \(\w+/(\w+)\): .*\[([\w-]+), \w+\]", text, re.M)
    assert verdicts == [("cache", "bad-configuration"), ("app", "dependency-down")], text


async def test_a_namesake_on_another_network_is_not_blamed(
    server: ServerClient, lab: Laboratory
) -> None:
    other = {"com.docker.compose.project": f"{lab.project}other"}
    lab.end("cache", "exit 1", network=lab.network("theirs"), labels=other)
    said = "echo 'getaddrinfo ENOTFOUND cache' >&2; exit 1"
    lab.end("app", said, network=lab.network("ours"))
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "[no-shared-network, likely]" in text
    assert "because of" not in text


async def test_a_stop_on_purpose_is_a_notice(server: ServerClient, lab: Laboratory) -> None:
    container = lab.start("app", "trap '' TERM; echo up; sleep 1000", stop_signal="SIGTERM")
    until(lambda: b"up" in container.logs())
    container.stop(timeout=1)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "no problem found, 1 notice" in text
    assert "stopped it on purpose; it ignored the first signal" in text
    assert "[stopped, proved]" in text


async def test_what_others_need_is_no_mere_notice(server: ServerClient, lab: Laboratory) -> None:
    network = lab.network("net")
    lab.start("db", "sleep 1000", network=network).stop(timeout=1)
    said = 'could not translate host name "db" to address: Name or service not known'
    lab.end("app", f"echo '{said}' >&2; exit 1", network=network)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert ": 2 problems; " in text
    assert text.index("[stopped, proved]") < text.index("[dependency-down, proved]")


async def test_what_is_worth_knowing_is_a_notice(server: ServerClient, lab: Laboratory) -> None:
    network = lab.network("net")
    script = "for i in 1 2 3 4 5 6 7 8; do (sleep 0.1 &) ; done; echo up; exec sleep 1000"
    one = lab.start("one", script, network=network)
    other = lab.start("two", "sleep 1000")
    lab.client.networks.get(network).connect(other, aliases=[f"{lab.project}-one"])
    check = {"test": ["CMD", "false"], "interval": 10**8, "timeout": 10**9, "retries": 5_000}
    slow = lab.start("slow", "sleep 1000", healthcheck=check)
    until(lambda: lab.state(slow)["State"]["Health"]["FailingStreak"] >= 1)
    until(lambda: b"up" in one.logs() and lab.living(one) == 1)
    text = (await server.call("diagnose", target=lab.project)).text
    assert "no problem found, 3 notices" in text, text
    for kind in ("zombie-processes", "shared-name", "starting"):
        assert f"[{kind}, proved]" in text


async def test_errors_about_the_work_are_no_fault(server: ServerClient, lab: Laboratory) -> None:
    script = (
        "while :; do echo 'ERROR 404: no such file or directory /favicon.ico' >&2; "
        "echo 'WARN permission denied for user bob on /admin' >&2; "
        "echo 'ERROR payment gateway authentication failed for customer 12' >&2; sleep 0.1; done"
    )
    api = lab.start("api", script)
    hooks = (
        "while :; do echo INFO delivered; echo INFO delivered; echo INFO delivered; "
        "echo 'ERROR connect ECONNREFUSED 203.0.113.7:443' >&2; sleep 0.1; done"
    )
    worker = lab.start("worker", hooks)
    until(lambda: api.logs().count(b"\n") > 20 and worker.logs().count(b"\n") > 20)
    text = (await server.call("diagnose", target=lab.project)).text
    assert "no problem found; looked at 2 containers, 2 well" in text, text


async def test_one_restart_that_was_enough_is_a_notice(
    server: ServerClient, lab: Laboratory
) -> None:
    script = "[ -e /tmp/x ] && exec sleep 1000; touch /tmp/x; echo ERROR db is not ready; exit 1"
    container = lab.start("app", script, restart_policy={"Name": "always"})
    until(lambda: lab.state(container)["RestartCount"] == 1)
    until(lambda: _seconds_up(lab, container) > 10)
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "no problem found, 1 notice" in text, text
    assert "restarted 1 time" in text
    assert "ERROR db is not ready" in text


async def test_complaints_of_a_slow_start_are_forgotten(
    server: ServerClient, lab: Laboratory
) -> None:
    script = (
        "for i in 1 2 3 4 5; do echo 'ERROR connect ECONNREFUSED 127.0.0.1:5432' >&2; done; "
        "for i in 1 2 3 4 5 6; do sleep 0.05; echo INFO handled job $i; done; sleep 1000"
    )
    container = lab.start("app", script)
    until(lambda: b"job 6" in container.logs())
    text = (await server.call("diagnose", target=f"{lab.project}/app")).text
    assert "no problem found; looked at 1 container, 1 well" in text


async def test_a_job_that_is_done_is_said_to_be_done(server: ServerClient, lab: Laboratory) -> None:
    lab.end("migrate", "echo done")
    text = (await server.call("diagnose", target=f"{lab.project}/migrate")).text
    assert "no problem found; looked at 1 container, 1 well" in text
    assert "does not run: it ended by itself with exit code 0" in text


def test_the_kernels_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "kmsg"
    log.write_text(
        "6,1201,4750307096,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,"
        f"mems_allowed=0,oom_memcg=/docker/{'a' * 64},task_memcg=/docker/{'a' * 64},task=tail,"
        "pid=5134,uid=0\n"
    )
    kills = read_oom_kills(log)
    assert [(k.task, k.by_host) for k in kills["a" * 64]] == [("tail", False)]
    assert read_oom_kills(tmp_path / "none") == {}


async def test_a_chain_of_four_begins_with_its_root(server: ServerClient, lab: Laboratory) -> None:
    network = lab.network("net")
    depends = "com.docker.compose.depends_on"
    lab.end("db", "echo 'PANIC: no space left on device' >&2; exit 1", network=network)
    check = {"test": ["CMD", "false"], "interval": 10**8, "timeout": 10**9, "retries": 1}
    said = "while :; do echo 'ERROR db:5432 [Errno -2] Name or service not known'; sleep 0.1; done"
    api = lab.start(
        "api", said, network=network, healthcheck=check, labels={depends: "db:service_started:true"}
    )
    web = lab.start(
        "web",
        "while :; do echo 'ERROR upstream answered 503'; sleep 0.1; done",
        network=network,
        healthcheck=check,
        labels={depends: "api:service_healthy:true"},
    )
    lab.end("mailer", REFUSED.replace("exit 1", "exit 2"), network_mode="none")
    until(lambda: lab.state(api)["State"]["Health"]["Status"] == "unhealthy")
    until(lambda: lab.state(web)["State"]["Health"]["Status"] == "unhealthy")
    text = (await server.call("diagnose", target=lab.project)).text
    verdicts = re.findall(r"^\d+\. \S+ \(\w+/(\w+)\): .*\[([\w-]+), \w+\]", text, re.M)
    assert verdicts[0] == ("db", "disk-full"), text
    assert [name for name, _ in verdicts].index("api") < [name for name, _ in verdicts].index("web")
    assert text.count("because of: ") == 2
