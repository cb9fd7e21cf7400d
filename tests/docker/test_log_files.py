"""Logs read from the engine's files are those that the engine sends."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devstack.engine import Engine
from stacksight_docker.clock import parse_time
from stacksight_docker.source.logs import LogQuery
from stacksight_docker.source.logsearch import read_log_files
from tests.docker.conftest import Laboratory
from tests.docker.fake_engine import Gate, listening_on_tcp
from tests.support.stdio import ServerClient, open_client

# Long lines, lines without an end, colours, escapes, JSON, tracebacks, two streams, odd letters.
SCRIPT = r"""
i=0
while [ $i -lt 400 ]; do
  i=$((i+1)); echo "INFO request $i for /videos/$i <b>\"quoted\"</b> & more"
  case $i in
    40|300) printf 'Traceback (most recent call last):\n  File "app.py", line 3, in go\n    go()\n';
        printf 'ValueError: bad row %s\n' $i;;
    90) printf '\033[31mERR\033[0mOR coloured failure 90\n';;
    150) head -c 40000 /dev/zero | tr '\0' x; echo " needle at the end";;
    200) echo '{"level":50,"msg":"job \u0062roken","stack":"Error: x\n  at f (a.js:1)"}';;
    260) echo "ERROR on stderr 260 äöü ✓ a\\b" >&2; usleep 2000;;
  esac
done
printf 'no end'
"""
ROTATED = {"max-size": "30k", "max-file": "6", "labels": "com.docker.compose.service"}


@pytest.fixture
async def remote(docker_engine: Engine) -> AsyncIterator[str]:
    """The same engine as if it were on another machine."""
    gate = Gate(docker_engine.host.removeprefix("unix://"))
    async with listening_on_tcp(gate.handle) as host:
        yield host


def _shown(text: str) -> list[str]:
    """Return what an answer shows of a log."""
    text = re.sub(r"untrusted-[0-9a-f]{6}", "untrusted", text)
    return re.findall(r"<untrusted (?!first error).*?</untrusted>", text, re.S)


async def _compare(
    here: ServerClient, remote: str, lab: Laboratory, questions: list[dict[str, Any]]
) -> None:
    names = [f"{lab.project}/app"]
    async with open_client("docker", env={"DOCKER_HOST": remote}) as there:
        for question in questions:
            mine = await here.call("read_logs", containers=names, **question)
            engines = await there.call("read_logs", containers=names, **question)
            assert not mine.is_error, mine.text
            assert _shown(mine.text) == _shown(engines.text), question


SEARCHES: list[dict[str, Any]] = [
    {"match": "request 39[0-9]"},
    {"match": "ValueError: bad row", "context": 2},
    {"match": "error coloured"},
    {"match": "needle at"},
    {"match": "job broken|stderr 260"},
    {"match": r"a\\b"},
    {"match": "<b>.quoted"},
    {"match": r"last\):\s+File", "limit": 500},
    {"match": "row 300", "level": "error", "since": "10m"},
    {"match": "no end|nothing like it"},
]


@pytest.mark.parametrize("options", [{}, ROTATED])
async def test_both_ways_show_the_same(
    server: ServerClient, remote: str, lab: Laboratory, options: dict[str, str]
) -> None:
    lab.end("app", SCRIPT, log_config={"Type": "json-file", "Config": options})
    plain: list[dict[str, Any]] = [
        {"mode": "patterns"},
        {"level": "error", "mode": "lines"},
        {"mode": "lines", "since": "10m", "limit": 500},
    ]
    await _compare(server, remote, lab, [*plain, *SEARCHES])


async def test_both_ways_find_the_same_in_a_long_log(
    server: ServerClient, remote: str, lab: Laboratory
) -> None:
    # More than what is read as a whole, in few lines, so that the engine sends it in time too.
    container = lab.end("app", f"seq 9000 | sed 's/^/INFO filler {'x' * 250} /'; {SCRIPT}")
    stamps = [line.split()[0].decode() for line in container.logs(timestamps=True).splitlines()]
    early, middle, late = stamps[9_005], stamps[9_200], stamps[-5]
    windows: list[dict[str, Any]] = [
        {"mode": "lines", "since": early, "until": middle, "limit": 500},
        {"mode": "lines", "around": middle, "limit": 20},
        {"mode": "lines", "until": middle, "limit": 30},
        {"mode": "lines", "since": late, "limit": 30},
        {"match": "ValueError", "until": middle},
    ]
    await _compare(server, remote, lab, [*SEARCHES, *windows])


async def test_a_long_log_is_searched_to_its_beginning(
    server: ServerClient, lab: Laboratory
) -> None:
    lab.end("app", "echo the needle; seq 60000 | sed 's/^/INFO filler /'; echo ready")
    answer = await server.call("read_logs", containers=[f"{lab.project}/app"], match="the needle")
    assert ": the needle" in answer.text
    assert "Read all 60,002 lines" in answer.text


async def test_cursors_lead_through_a_long_log(server: ServerClient, lab: Laboratory) -> None:
    lab.end("app", "echo begin; sleep 0.1; seq 6000 | sed 's/^/INFO line /'")
    names = [f"{lab.project}/app"]
    answer = await server.call("read_logs", containers=names, match="^begin$")
    seen: list[int] = []
    while found := re.findall(r'cursor="([^"]+)"', answer.text):
        answer = await server.call(
            "read_logs", containers=names, mode="lines", limit=500, cursor=found[-1]
        )
        lines = [int(number) for number in re.findall(r": INFO line (\d+)$", answer.text, re.M)]
        if not lines:
            break
        seen += lines
        if len(seen) > 1_500:
            break
    assert seen == list(range(1, len(seen) + 1))


def test_compressed_files_belong_to_the_log(tmp_path: Path) -> None:
    def stored(number: int) -> str:
        time = f"2026-11-22T10:00:{number:02}.5Z"
        entry = {"log": f"line {number}\n", "stream": "stdout", "time": time}
        return json.dumps(entry, separators=(",", ":")) + "\n"

    path = tmp_path / "a-json.log"
    path.write_text(stored(3) + '{"log":"being writ')
    path.with_name("a-json.log.1").write_text(stored(2))
    with gzip.open(path.with_name("a-json.log.2.gz"), "wt") as packed:
        packed.write(stored(1))
    query = LogQuery(10, 10, seconds=5.0)
    read = read_log_files(path, query)
    assert [line.text for line in read.lines] == ["line 1", "line 2", "line 3"]
    assert read.complete
    assert read.back_to == "2026-11-22T10:00:01.500000000Z"
    since = parse_time("2026-11-22T10:00:02Z")
    later = read_log_files(path, replace(query, since=since))
    assert [line.text for line in later.lines] == ["line 2", "line 3"]
    few = read_log_files(path, LogQuery(1, 1, seconds=5.0))
    assert [line.text for line in few.lines] == ["line 3"]
    assert not few.complete
