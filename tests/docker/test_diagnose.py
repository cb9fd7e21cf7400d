"""Each pattern of failure, staged with real containers, gets its verdict with its proof."""

import contextlib
import io
import re
import socket
import tarfile
from collections.abc import Callable, Iterator

import pytest
from docker.errors import APIError
from docker.models.containers import Container
from docker.types import Mount

from tests.docker.conftest import Laboratory, until
from tests.support.stdio import ServerClient

FAST_CHECK = {"interval": 10**8, "timeout": 5 * 10**8, "retries": 1}
ELF_FOR_ARM = bytes.fromhex("7f454c4601010100" + "00" * 8 + "0200280001000000") + b"\0" * 64


def looping(lab: Laboratory, service: str, script: str, **options: object) -> Container:
    """Start a container and wait until its policy has restarted it."""
    container = lab.start(service, script, restart_policy={"Name": "always"}, **options)
    until(lambda: lab.state(container)["RestartCount"] >= 1)
    return container


def unhealthy(lab: Laboratory, service: str, test: list[str], **options: object) -> Container:
    """Start a container whose health check fails, and wait until it has."""
    script = str(options.pop("script", "sleep 1000"))
    container = lab.start(service, script, healthcheck={"test": test, **FAST_CHECK}, **options)
    until(lambda: lab.state(container)["State"]["Health"]["Status"] == "unhealthy")
    return container


def out_of_memory(lab: Laboratory) -> None:
    lab.end("app", "tail /dev/zero", mem_limit="16m", memswap_limit="16m")


def stopped(lab: Laboratory) -> None:
    lab.start("app", "sleep 1000").stop(timeout=1)


def terminated(lab: Laboratory) -> None:
    container = lab.start("app", "sleep 1000", init=True)
    container.kill("SIGTERM")
    container.wait()


def missing_variable(lab: Laboratory) -> None:
    looping(lab, "app", ': "${API_KEY:?environment variable is not set}"')


def python_key_error(lab: Laboratory) -> None:
    trace = (
        "Traceback (most recent call last):\\n"
        '  File "/app/settings.py", line 3, in load\\n'
        '    key = os.environ["STRIPE_KEY"]\\n'
        "KeyError: 'STRIPE_KEY'\\n"
    )
    lab.end("app", 'printf "$TRACE" >&2; exit 1', environment={"TRACE": trace})


def set_but_bad_variable(lab: Laboratory) -> None:
    lab.end("app", "echo 'Error: PORT must be set to a number'; exit 1", environment={"PORT": "x"})


def used_up(lab: Laboratory) -> None:
    container = lab.start(
        "app", "exit 3", restart_policy={"Name": "on-failure", "MaximumRetryCount": 1}
    )
    until(lambda: lab.state(container)["State"]["Status"] == "exited")


def ends_at_once(lab: Laboratory) -> None:
    looping(lab, "app", "true")


def command_missing(lab: Laboratory) -> None:
    lab.start("app", ["/nope", "--serve"])


def not_executable(lab: Laboratory) -> None:
    lab.start("app", ["/etc"])


def port_of_a_container(lab: Laboratory) -> None:
    holder = lab.start("holder", "sleep 1000", ports={"80/tcp": ("127.0.0.1", None)})
    port = lab.state(holder)["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]
    lab.start("app", "sleep 1000", ports={"80/tcp": ("127.0.0.1", int(port))})


def bind_of_the_wrong_kind(lab: Laboratory) -> None:
    mount = Mount("/bin/busybox", "/etc", type="bind", read_only=True)
    lab.start("app", "sleep 1000", mounts=[mount])


def check_without_its_tool(lab: Laboratory) -> None:
    unhealthy(lab, "app", ["CMD-SHELL", "curl -f http://localhost/"])


def check_refused(lab: Laboratory) -> None:
    unhealthy(lab, "app", ["CMD", "wget", "-q", "-O-", "http://127.0.0.1:8000/"])


def check_too_slow(lab: Laboratory) -> None:
    unhealthy(lab, "app", ["CMD", "sleep", "30"])


def check_gets_an_error(lab: Laboratory) -> None:
    script = "mkdir /www; exec httpd -f -p 8000 -h /www"
    test = ["CMD", "wget", "-O-", "http://127.0.0.1:8000/health"]
    unhealthy(lab, "app", test, script=script)


def waits_for_another(lab: Laboratory) -> None:
    lab.end("db", "exit 1")
    depends = {"com.docker.compose.depends_on": "db:service_healthy:false"}
    lab.create("app", "sleep 1000", labels=depends)


def name_of_nobody(lab: Laboratory) -> None:
    network = lab.network("net")
    lab.end("app", "echo \"wget: bad address 'databse:5432'\" >&2; exit 1", network=network)


def no_shared_network(lab: Laboratory) -> None:
    lab.start("db", "sleep 1000", network=lab.network("back"))
    said = 'could not translate host name "db" to address: Name or service not known'
    lab.end("app", f"echo '{said}' >&2; exit 1", network=lab.network("front"))


def default_bridge(lab: Laboratory) -> None:
    lab.start("db", "sleep 1000")
    lab.end("app", 'echo "getaddrinfo ENOTFOUND db" >&2; exit 1')


def refused_by_a_running_one(lab: Laboratory) -> None:
    network = lab.network("net")
    database = lab.start("db", "sleep 1000", network=network)
    address = lab.state(database)["NetworkSettings"]["Networks"][network]["IPAddress"]
    lab.end("app", f"nc -w 2 {address} 5432; exit 1", network=network)


def connects_to_itself(lab: Laboratory) -> None:
    lab.end("app", "nc -w 1 127.0.0.1 5432; exit 1")


def wrong_architecture(lab: Laboratory) -> None:
    container = lab.create("app", ["/bin/for-arm"])
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        entry = tarfile.TarInfo("for-arm")
        entry.mode, entry.size = 0o755, len(ELF_FOR_ARM)
        tar.addfile(entry, io.BytesIO(ELF_FOR_ARM))
    container.put_archive("/bin", content.getvalue())
    with contextlib.suppress(APIError):  # newer engines notice before the start
        container.start()
        container.wait()


def permission_denied(lab: Laboratory) -> None:
    lab.end("app", "echo x > /bin/busybox || exit 1", user="1000:1000")


def not_permitted(lab: Laboratory) -> None:
    lab.end("app", "chown 1 /tmp || exit 1", cap_drop=["ALL"])


def read_only(lab: Laboratory) -> None:
    lab.end("app", "echo x > /data.txt", read_only=True)


def disk_full(lab: Laboratory) -> None:
    lab.end("app", "dd if=/dev/zero of=/scratch/x bs=64k count=9", tmpfs={"/scratch": "size=64k"})


def wrong_password(lab: Laboratory) -> None:
    lab.end("app", "echo 'FATAL: password authentication failed for user \"app\"' >&2; exit 1")


def module_missing(lab: Laboratory) -> None:
    lab.end("app", "echo \"ModuleNotFoundError: No module named 'dramatiq'\" >&2; exit 1")


def exception(lab: Laboratory) -> None:
    trace = (
        "Traceback (most recent call last):\\n"
        '  File "/app/main.py", line 9, in boot\\n'
        "    config.load()\\n"
        '  File "/usr/lib/python3/site-packages/plans.py", line 1, in load\\n'
        "    raise PlanError(x)\\n"
        "plans.PlanError: no plan is called gold\\n"
    )
    lab.end("app", 'printf "$TRACE" >&2; exit 1', environment={"TRACE": trace})


def native_crash(lab: Laboratory) -> None:
    lab.end("app", "sleep 1000 & kill -SEGV $!; wait $!")


def paused(lab: Laboratory) -> None:
    lab.start("app", "sleep 1000").pause()


def silent_end(lab: Laboratory) -> None:
    lab.end("app", "exit 9", log_config={"Type": "none"})


Case = tuple[Callable[[Laboratory], None], str, str, tuple[str, ...]]
CASES: list[Case] = [
    (out_of_memory, "out-of-memory", "proved", ("State.OOMKilled=true", "HostConfig.Memory=16")),
    (stopped, "stopped", "proved", ("event kill", "on purpose")),
    (terminated, "stopped", "proved", ("143", "event kill (signal 15)")),
    (
        missing_variable,
        "missing-variable",
        "proved",
        ("API_KEY is not in Config.Env", "crash loop"),
    ),
    (python_key_error, "missing-variable", "proved", ("STRIPE_KEY",)),
    (set_but_bad_variable, "bad-variable", "likely", ("PORT is set (value not shown)",)),
    (used_up, "unknown", "unknown", ("its restarts are used up", "on-failure:1")),
    (ends_at_once, "ends-at-once", "likely", ("State.ExitCode=0", "RestartPolicy=always")),
    (command_missing, "command-not-found", "proved", ("/nope", "State.Error")),
    (not_executable, "command-not-executable", "proved", ("/etc", "126")),
    (port_of_a_container, "port-taken", "proved", ("-holder",)),
    (bind_of_the_wrong_kind, "mount-wrong-kind", "proved", ("/bin/busybox", "State.Error")),
    (check_without_its_tool, "check-tool-missing", "proved", ("curl", "Config.Healthcheck.Test")),
    (check_refused, "check-refused", "proved", ("127.0.0.1:8000", "refused")),
    (check_too_slow, "check-times-out", "proved", ("500 ms",)),
    (check_gets_an_error, "check-gets-error", "proved", ("HTTP 404",)),
    (waits_for_another, "waits-for-dependency", "proved", ("db (service_healthy)", "Exited (1)")),
    (name_of_nobody, "name-unknown", "likely", ("databse", "-net")),
    (no_shared_network, "no-shared-network", "proved", ("-front", "-back")),
    (default_bridge, "default-bridge", "proved", ("bridge",)),
    (refused_by_a_running_one, "connection-refused", "likely", ("refused", "-db")),
    (connects_to_itself, "connects-to-itself", "likely", ("127.0.0.1",)),
    (wrong_architecture, "wrong-architecture", "likely", ("exec format error",)),
    (
        permission_denied,
        "permission-denied",
        "likely",
        ("Config.User=1000:1000", "needs: /bin/busybox"),
    ),
    (not_permitted, "not-permitted", "likely", ("CapDrop=ALL",)),
    (read_only, "read-only", "likely", ("HostConfig.ReadonlyRootfs=true",)),
    (disk_full, "disk-full", "proved", ("No space left on device", "/scratch (size=64k)")),
    (wrong_password, "wrong-credentials", "likely", ('user "app"',)),
    (module_missing, "module-missing", "likely", ("dramatiq",)),
    (
        exception,
        "exception",
        "likely",
        ("plans.PlanError: no plan is called gold", "/app/main.py:9 in boot"),
    ),
    (native_crash, "native-crash", "proved", ("139",)),
    (paused, "paused", "proved", ("docker unpause",)),
    (silent_end, "unknown", "unknown", ("log cannot be read",)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0].__name__)
async def test_each_pattern_gets_its_verdict(
    server: ServerClient, lab: Laboratory, case: Case
) -> None:
    stage, kind, confidence, proofs = case
    stage(lab)
    answer = await server.call("diagnose", target=f"{lab.project}/app")
    assert not answer.is_error, answer.text
    assert f"[{kind}, {confidence}]" in answer.text, answer.text
    for proof in proofs:
        assert proof in answer.text
    assert "next: " in answer.text
    assert len(re.findall(r"^\d+\. ", answer.text, re.M)) <= 2
    assert len(answer.text) < 2_500


async def test_the_chain_is_followed_to_its_root(server: ServerClient, lab: Laboratory) -> None:
    network = lab.network("net")
    lab.end("db", "tail /dev/zero", mem_limit="16m", memswap_limit="16m", network=network)
    unhealthy(
        lab,
        "api",
        ["CMD-SHELL", "echo 'HTTP/1.1 503 Service Unavailable'; exit 1"],
        script="while :; do echo 'ERROR could not translate host name \"db\"'; sleep 1; done",
        network=network,
        labels={"com.docker.compose.depends_on": "db:service_started:false"},
    )
    depends = {"com.docker.compose.depends_on": "api:service_healthy:false"}
    lab.create("web", "sleep 1000", network=network, labels=depends)
    text = (await server.call("diagnose", target=f"{lab.project}/web")).text
    verdicts = re.findall(r"^\d+\. \S+ \(\w+/(\w+)\): .*\[([\w-]+),", text, re.M)
    assert verdicts[0] == ("db", "out-of-memory")
    assert {service for service, _ in verdicts} == {"db", "api", "web"}
    assert text.count("because of: ") == 2


async def test_healthy_systems_get_no_verdict(server: ServerClient, lab: Laboratory) -> None:
    lab.start("web", "echo INFO listening on 8000; echo 'ERROR one bad request'; sleep 1000")
    lab.end("migrate", "echo done")
    checked = lab.start(
        "api", "sleep 1000", healthcheck={"test": ["CMD", "true"], "interval": 10**8}
    )
    until(lambda: lab.state(checked)["State"]["Health"]["Status"] == "healthy")
    answer = await server.call("diagnose", target=lab.project)
    assert "no problem found" in answer.text
    assert "3 well" in answer.text


async def test_a_mixture_gets_a_verdict_for_each(server: ServerClient, lab: Laboratory) -> None:
    out = lab.end("cache", "tail /dev/zero", mem_limit="16m", memswap_limit="16m")
    assert out
    lab.start("proxy", ["/nope"])
    lab.end("worker", "echo 'redis.exceptions.AuthenticationError: WRONGPASS invalid'; exit 1")
    text = (await server.call("diagnose", target=lab.project)).text
    for kind in ("out-of-memory", "command-not-found", "wrong-credentials"):
        assert f"[{kind}," in text
    assert "3 problems" in text


@contextlib.contextmanager
def _listening() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


async def test_a_port_held_by_a_host_process_is_traced(
    server: ServerClient, lab: Laboratory
) -> None:
    with _listening() as port:
        lab.start("app", "sleep 1000", ports={"80/tcp": ("127.0.0.1", port)})
        text = (await server.call("diagnose", target=f"{lab.project}-app")).text
    assert "[port-taken, proved]" in text
    assert "held by host process" in text


async def test_a_stale_image_is_a_notice(server: ServerClient, lab: Laboratory) -> None:
    lab.client.images.get(lab.image).tag(lab.project, "latest")
    lab.start("api", "sleep 1000", image=lab.project)
    lab.create("other", "true").commit(lab.project, "latest")
    text = (await server.call("diagnose", target=f"{lab.project}/api")).text
    lab.clear()
    lab.client.images.remove(f"{lab.project}:latest")
    assert "[stale-image, proved]" in text


async def test_a_running_container_that_keeps_complaining_is_named(
    server: ServerClient, lab: Laboratory
) -> None:
    script = "while :; do echo 'ERROR connect ECONNREFUSED 127.0.0.1:6379' >&2; sleep 0.1; done"
    container = lab.start("worker", script)
    until(lambda: container.logs().count(b"\n") >= 3)
    text = (await server.call("diagnose", target=f"{lab.project}/worker")).text
    assert "it runs, but" in text
    assert "[connects-to-itself, likely]" in text


async def test_limits_that_hold_a_container_back_are_noticed(
    server: ServerClient, lab: Laboratory
) -> None:
    burner = lab.start("burner", "while :; do :; done", nano_cpus=50_000_000)
    hold = "head -c 31000000 /dev/zero | tail -c 31000000 | { sleep 1000; cat; }"
    holder = lab.start("holder", hold, mem_limit="32m", memswap_limit="32m")
    until(lambda: lab.stats(holder)["memory_stats"]["usage"] > 30_500_000)
    until(lambda: lab.stats(burner)["cpu_stats"]["throttling_data"]["periods"] >= 50)
    text = (await server.call("diagnose", target=lab.project)).text
    assert "[cpu-throttled, proved]" in text
    assert "[memory-near-limit, proved]" in text


async def test_an_unknown_target_is_an_error(server: ServerClient) -> None:
    answer = await server.call("diagnose", target="no-such-thing-anywhere")
    assert answer.is_error
    assert "There is no container" in answer.text
