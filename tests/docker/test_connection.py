"""Finding the engine, losing it, and what may be sent to it."""

import asyncio
import hashlib
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
import requests
from docker.constants import DEFAULT_DOCKER_API_VERSION

from devstack.engine import Engine
from stacksight_core.errors import ToolFailure
from stacksight_docker.errors import ForbiddenRequest
from stacksight_docker.settings import Settings
from stacksight_docker.source.client import EngineClient
from stacksight_docker.source.endpoints import Endpoint, find_endpoints
from tests.docker.conftest import until
from tests.docker.fake_engine import Gate, breaking_off, listening, replying, silent
from tests.support.stdio import ServerClient, open_client

GOOD_LIST = json.dumps([{"Id": "a" * 64, "Names": ["/web"], "State": "running", "Status": "Up"}])


def open_at(host: str) -> AbstractAsyncContextManager[ServerClient]:
    """Start the server for an engine at this DOCKER_HOST."""
    return open_client("docker", env={"DOCKER_HOST": host})


async def test_without_an_engine_the_server_says_where_it_looked() -> None:
    async with open_at("unix:///nonexistent/docker.sock") as client:
        for _ in range(2):
            answer = await client.call("list_containers")
            assert answer.is_error
            assert "unix:///nonexistent/docker.sock (DOCKER_HOST): no such socket" in answer.text
            assert "systemctl start docker" in answer.text


async def test_tcp_passwords_are_not_repeated() -> None:
    async with open_at("tcp://u:hunter2@127.0.0.1:9") as client:
        answer = await client.call("list_containers")
    assert answer.is_error
    assert "tcp://u:***@127.0.0.1:9" in answer.text
    assert "hunter2" not in answer.text


async def test_an_engine_that_hangs_is_named_as_such(tmp_path: Path) -> None:
    async with listening(tmp_path / "s", silent) as host, open_at(host) as client:
        answer = await client.call("list_containers")
    assert answer.is_error
    assert "the engine hangs" in answer.text


@pytest.mark.parametrize(
    "body",
    [b"this is not JSON", b'{"message": "odd"}', b'[{"Names": null}]', b"[1, 2]", b"", b"\xff\xfe"],
)
async def test_nonsense_is_an_error_and_the_server_lives(tmp_path: Path, body: bytes) -> None:
    bodies = {"containers/json": body}
    async with listening(tmp_path / "s", replying(bodies)) as host, open_at(host) as client:
        answer = await client.call("list_containers")
        assert answer.is_error
        assert "/containers/json gave" in answer.text
        bodies["containers/json"] = GOOD_LIST.encode()
        assert "1 container: 1 running" in (await client.call("list_containers")).text


async def test_an_engine_that_ends_in_the_middle_of_an_answer(tmp_path: Path) -> None:
    async with listening(tmp_path / "s", breaking_off(b"[{")) as host, open_at(host) as client:
        for _ in range(2):
            answer = await client.call("list_containers")
            assert answer.is_error
            assert "ended the connection" in answer.text


async def test_nonsense_about_one_container_is_an_error_too(tmp_path: Path) -> None:
    listed = [{"Id": "b" * 64, "Names": ["/api"], "State": "restarting", "Status": "Restarting"}]
    bodies = {"containers/json": json.dumps(listed).encode(), f"containers/{'b' * 64}/json": b"[]"}
    async with listening(tmp_path / "s", replying(bodies)) as host, open_at(host) as client:
        for tool, arguments in (
            ("list_containers", {}),
            ("diagnose", {}),
            ("inspect_container", {"container": "api"}),
            ("read_logs", {"containers": ["api"]}),
        ):
            answer = await client.call(tool, **arguments)
            assert answer.is_error
            assert "/json gave an answer of another form" in answer.text, answer.text


async def test_an_engine_that_comes_back_is_found_again(tmp_path: Path) -> None:
    handler = replying({"containers/json": GOOD_LIST.encode()})
    async with open_at(f"unix://{tmp_path / 's'}") as client:
        async with listening(tmp_path / "s", handler):
            assert not (await client.call("list_containers")).is_error
        gone = await client.call("list_containers")
        assert gone.is_error
        assert "No Docker engine answers" in gone.text
        (tmp_path / "s").unlink(missing_ok=True)
        async with listening(tmp_path / "s", handler):
            assert not (await client.call("list_containers")).is_error


@pytest.mark.parametrize(
    ("offered", "spoken"), [("1.40", "1.40"), ("1.99", DEFAULT_DOCKER_API_VERSION)]
)
async def test_old_and_new_engines_are_spoken_to_in_a_version_of_theirs(
    tmp_path: Path, offered: str, spoken: str
) -> None:
    seen: list[str] = []
    handler = replying({"containers/json": GOOD_LIST.encode()}, version=offered, seen=seen)
    async with listening(tmp_path / "s", handler) as host, open_at(host) as client:
        assert "1 container: 1 running" in (await client.call("list_containers")).text
    assert f"/v{spoken}/containers/json" in seen


async def test_a_cancelled_call_ends_its_request_and_nothing_leaks(
    docker_engine: Engine, tmp_path: Path
) -> None:
    gate = Gate(docker_engine.host.removeprefix("unix://"))
    async with listening(tmp_path / "s", gate.handle) as host, open_at(host) as client:
        assert not (await client.call("list_containers")).is_error
        for _ in range(20):
            gate.flowing.clear()
            gate.stalled.clear()
            call = asyncio.create_task(client.call("list_containers"))
            await gate.stalled.wait()
            before = gate.open_connections
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            gate.flowing.set()
            assert before >= 1
        calls = (client.call("list_containers") for _ in range(100))
        assert not any(answer.is_error for answer in await asyncio.gather(*calls))
        # At most eight idle ones stay, and the one that follows the events.
        await asyncio.to_thread(until, lambda: gate.open_connections <= 9)


def test_only_the_listed_reads_can_be_sent(docker_engine: Engine) -> None:
    client = EngineClient(Endpoint(docker_engine.host, "test"), "1.41")
    container = "a" * 64
    for method, path in (
        ("POST", "/containers/create"),
        ("POST", f"/containers/{container}/start"),
        ("DELETE", f"/containers/{container}"),
        ("GET", f"/containers/{container}/archive"),
        ("GET", f"/containers/{container}/export"),
        ("GET", f"/containers/{container}/attach/ws"),
        ("GET", "/images/get"),
        ("GET", "/secrets"),
        ("GET", f"/containers/{container}/../../secrets"),
        ("HEAD", "/containers/json"),
    ):
        request = requests.Request(method, f"http+docker://localhost/v1.41{path}").prepare()
        with pytest.raises(ForbiddenRequest):
            client.send(request)
    with pytest.raises(ForbiddenRequest):
        client.create_container("busybox")
    assert isinstance(client.read("/containers/json"), list)
    client.close()


def _settings(**given: str) -> Settings:
    return Settings.model_validate(given)


def test_a_named_endpoint_is_the_only_one_tried() -> None:
    settings = _settings(docker_host="tcp://10.0.0.1:2375")
    assert [e.url for e in find_endpoints(settings)] == ["tcp://10.0.0.1:2375"]


def test_sockets_that_the_sdk_does_not_know_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-config"))
    for name in (".colima/default/docker.sock", ".orbstack/run/docker.sock"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "podman").mkdir()
    (tmp_path / "podman/podman.sock").touch()
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}
    found = find_endpoints(_settings(docker_context="default"), environ)
    assert [endpoint.origin for endpoint in found][:4] == [
        "the default socket",
        "colima",
        "OrbStack",
        "rootless Podman",
    ]


def test_contexts_are_honoured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "staging"
    folder = tmp_path / "contexts/meta" / hashlib.sha256(name.encode()).hexdigest()
    folder.mkdir(parents=True)
    endpoints = {"docker": {"Host": "unix:///run/staging.sock", "SkipTLSVerify": False}}
    meta = {"Name": name, "Metadata": {}, "Endpoints": endpoints}
    (folder / "meta.json").write_text(json.dumps(meta))
    (tmp_path / "config.json").write_text(json.dumps({"currentContext": name}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    current = find_endpoints(_settings())
    assert [(e.url, e.origin) for e in current] == [
        ("unix:///run/staging.sock", "docker context staging")
    ]
    with pytest.raises(ToolFailure, match="no docker context `nope`"):
        find_endpoints(_settings(docker_context="nope"))
