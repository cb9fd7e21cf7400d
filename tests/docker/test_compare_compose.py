"""A compose file against what runs."""

import re
from pathlib import Path

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_docker.composefile import parse_compose_file, parse_env_file, project_name
from tests.docker.conftest import Laboratory
from tests.support.stdio import ServerClient


def _kinds(text: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^\d+\. ([\w, -]+): .*\[([\w-]+)\]; next", text, re.M))


async def test_every_difference_is_named(
    server: ServerClient, lab: Laboratory, tmp_path: Path
) -> None:
    lab.start(
        "web", ["sleep", "1000"], environment={"MODE": "x"}, restart_policy={"Name": "always"}
    )
    lab.start("worker", ["sleep", "1000"])
    lab.start("old", "sleep 1000")
    lab.end("db", "exit 1")
    holder = lab.start("holder", "sleep 1000", ports={"80/tcp": ("127.0.0.1", None)}, labels={
        "com.docker.compose.project": f"{lab.project}-other"
    })  # fmt: skip
    taken = lab.state(holder)["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"]
    (tmp_path / ".env").write_text("IMAGE=from-env\n")
    (tmp_path / "compose.yml").write_text(f"""
name: {lab.project}
services:
  web:
    image: {lab.image}
    command: ["sleep", "1000"]
    restart: always
    environment: {{MODE: x, API_KEY: "${{API_KEY_NOT_SET}}"}}
    depends_on: [db, nobody]
  worker:
    image: ${{IMAGE}}:1
    command: ["sleep", "1000"]
  db:
    image: {lab.image}
    restart: unless-stopped
  cache:
    image: redis
    ports: ["127.0.0.1:{taken}:6379"]
  debug:
    image: debug
    profiles: [debug]
""")
    answer = await server.call("compare_compose", file=str(tmp_path))
    assert not answer.is_error, answer.text
    assert _kinds(answer.text) == {
        ("web", "variable-unset"),
        ("web", "dependency-unknown"),
        ("web", "changed"),
        ("worker", "changed"),
        ("db", "not-running"),
        ("db", "changed"),
        ("cache", "missing"),
        ("cache", "port-conflict"),
        ("old", "extra"),
    }
    assert "environment lacks API_KEY" in answer.text
    assert "the file says from-env:1" in answer.text
    assert f"held by {lab.project}-holder" in answer.text
    assert "web | 1 of 1 | Up" in answer.text


async def test_what_matches_has_no_difference(
    server: ServerClient, lab: Laboratory, tmp_path: Path
) -> None:
    lab.start("web", ["sleep", "1000"])
    (tmp_path / "c.yml").write_text(
        f"services:\n  web:\n    image: {lab.image}\n    command: [sleep, '1000']\n"
    )
    file = str(tmp_path / "c.yml")
    answer = await server.call("compare_compose", file=file, project=lab.project)
    assert "no difference found" in answer.text


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("services: [\npassword: hunter2", "is not valid YAML: line"),
        ("password: hunter2", "is no compose file"),
        ("[]", "is no compose file"),
        ("&a [*a, *a]", "is no compose file"),
    ],
)
async def test_a_bad_file_is_an_error_without_its_contents(
    server: ServerClient, tmp_path: Path, content: str, said: str
) -> None:
    (tmp_path / "compose.yml").write_text(content)
    answer = await server.call("compare_compose", file=str(tmp_path / "compose.yml"))
    assert answer.is_error
    assert said in answer.text
    assert "hunter2" not in answer.text


async def test_no_file_is_an_error(server: ServerClient, tmp_path: Path) -> None:
    answer = await server.call("compare_compose", file=str(tmp_path))
    assert answer.is_error
    assert "There is no compose file" in answer.text


def test_variables_are_put_in_as_compose_does() -> None:
    text = """
services:
  a:
    image: "${TAG:-latest}-${EMPTY:-full}-${EMPTY-kept}-$PLAIN-$$HOME-${GIVEN:+yes}"
    ports: ["${PORT:?needed}:80", "9000-9002:9000-9002", {target: 1, published: "70"}]
    depends_on: {b: {condition: service_healthy}}
  b: {scale: 3}
"""
    compose = parse_compose_file(text, "f", {"EMPTY": "", "GIVEN": "1"})
    assert compose.services["a"].image == "latest-full---$HOME-yes"
    assert compose.services["a"].ports == (9000, 9002, 70)
    assert compose.services["a"].depends_on == {"b": "service_healthy"}
    assert compose.services["b"].replicas == 3
    assert compose.unset == {"PLAIN": ["a"]}
    assert compose.required == {"PORT": ["a"]}


def test_env_files_and_project_names() -> None:
    assert parse_env_file("# no\nexport A=1\nB='x y'\nnonsense\n") == {"A": "1", "B": "x y"}
    assert project_name("My App_2") == "myapp_2"


def test_aliases_that_multiply_are_bounded() -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))
    bomb = f"x0: &x0 [a]\n{levels}services:\n  a: {{image: ok, x-bomb: *x11}}\n"
    assert parse_compose_file(bomb, "f", {}).services["a"].image == "ok"


def test_deep_nesting_is_bounded() -> None:
    deep = "services:\n  a: " + "[" * 1_200
    with pytest.raises(ToolFailure, match="not valid YAML"):
        parse_compose_file(deep, "f", {})
