"""Whatever a client sends, the front and the SDK alone answer the same."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.forks import Forks, running_forks
from tests.support.stdio import INITIALIZE, MODERN_META, ROOT

EXAMPLES = 60
MODULE = "tests.core.toy"
VERSION, CAPABILITIES, CLIENT = MODERN_META
LISTS = ["tools/list", "prompts/list", "resources/list", "resources/templates/list"]


@dataclass(frozen=True)
class Line:
    """A line of a client.

    Attributes:
        text: what is written.
        answers: how many messages the SDK writes for it at least, acknowledgements included.
        refused: the SDK drops it without a word; the front says what is wrong.
    """

    text: bytes
    answers: int = 0
    refused: bool = False


@pytest.fixture(scope="module")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    folder = tmp_path_factory.mktemp("manifest")
    argv = [sys.executable, "-m", "scripts.manifest", MODULE, "--into", str(folder)]
    subprocess.run(argv, check=True, cwd=ROOT)
    with running_forks(str(folder / MODULE)) as running:
        yield running


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
objects = st.dictionaries(
    st.sampled_from(["roots", "sampling", "elicitation", "experimental", "form", "x"]),
    json_values,
    max_size=3,
)
capabilities = st.sampled_from(
    [{}, {"roots": {"listChanged": True}, "elicitation": {"form": {}, "url": {}}}]
)
clients = st.sampled_from(
    [INITIALIZE["clientInfo"], {"name": "é\u2028", "version": "1", "title": "T"}]
)
odd_metas = st.dictionaries(
    st.sampled_from([*MODERN_META, "progressToken", "io.modelcontextprotocol/logLevel", "a/b"]),
    json_values | objects | st.just("2026-07-28"),
    max_size=4,
)
modern_metas = st.builds(
    lambda c, i, more: {VERSION: "2026-07-28", CAPABILITIES: c, CLIENT: i, **more},
    capabilities,
    clients,
    st.sampled_from([{}, {"progressToken": 3}, {"claudecode/toolUseId": "toolu_1"}]),
)
filters = st.dictionaries(
    st.sampled_from(["toolsListChanged", "promptsListChanged", "resourcesListChanged"]),
    st.booleans(),
) | st.just({"resourceSubscriptions": ["a://b"], "toolsListChanged": True})
handshakes = st.builds(
    lambda version, c, i: {"protocolVersion": version, "capabilities": c, "clientInfo": i},
    st.sampled_from(["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28", "x"]),
    capabilities | objects,
    clients,
)
OMITTED = object()


def request(method: Any, params: Any, count: int = 1) -> Any:
    """Make a request whose id is put in later."""
    message = {"jsonrpc": "2.0", "id": None, "method": method}
    return (message if params is OMITTED else message | {"params": params}), count


modern = st.one_of(
    st.builds(
        lambda method, meta: request(method, {"_meta": meta}),
        st.sampled_from(["server/discover", *LISTS]),
        modern_metas,
    ),
    st.builds(
        lambda meta, wanted: request(
            "subscriptions/listen", {"_meta": meta, "notifications": wanted}
        ),
        modern_metas,
        filters,
    ),
    st.builds(
        lambda meta: request(
            "tools/call", {"_meta": meta, "name": "fail", "arguments": {"how": "known"}}
        ),
        modern_metas,
    ),
)
legacy = st.one_of(
    st.builds(
        request,
        st.sampled_from(["ping", *LISTS]),
        st.just(OMITTED) | st.sampled_from([{}, None, {"_meta": {"progressToken": "t"}}]),
    ),
    st.just(request("tools/call", {"name": "fail", "arguments": {"how": "known"}})),
    st.builds(lambda params: request("initialize", params), handshakes),
)
odd = st.builds(
    lambda method, meta, more: request(method, {"_meta": meta, **more}),
    st.sampled_from(
        "server/discover ping initialize subscriptions/listen nonsense logging/setLevel "
        "completion/complete prompts/get resources/read".split()
        + LISTS
    ),
    odd_metas | modern_metas,
    st.sampled_from([{}, {"cursor": "no"}, {"cursor": None}, {"x": 1}, {"level": "info"}]),
)
notices = st.sampled_from(
    [
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "method": "nonsense", "params": {"a": 1}},
        {"jsonrpc": "2.0", "id": 999, "result": {}},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 998}},
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [1]}},
    ]
)
garbage = st.sampled_from(
    [b"{half", b"[]", b"42", b"\xff{}", b'{"jsonrpc": "2.0", "id": true, "method": "ping"}']
)
handshake = st.just(request("initialize", INITIALIZE))
conversations = st.one_of(
    st.lists(modern | notices | garbage, max_size=8),
    st.builds(lambda first, rest: [first, *rest], handshake, st.lists(legacy | notices | garbage)),
    st.lists(modern | legacy | odd | notices | garbage, max_size=8),
)


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    made: list[Line] = []
    for number, item in enumerate(draw(conversations)):
        if isinstance(item, bytes):
            made.append(Line(item, refused=True))
        elif isinstance(item, dict):
            made.append(Line(json.dumps(item).encode()))
        else:
            message, count = item
            request_id = draw(st.sampled_from([number, f"id-{number}", f"{number}", -number, 7]))
            text = json.dumps(message | {"id": request_id}, ensure_ascii=draw(st.booleans()))
            made.append(Line(text.encode(), answers=count))
    return made


def refusals(messages: list[Any]) -> int:
    """Count what only the front says: that a line is not a message."""
    return sum(m.get("id", 0) is None for m in messages)


def normal(messages: list[Any]) -> Counter[str]:
    """Return the messages that both have to write, in any order."""
    return Counter(json.dumps(m) for m in messages if m.get("id", 0) is not None)


@given(sent=lines(), cut=st.integers(1, 200))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_front_answers_as_the_sdk_alone(forks: Forks, sent: list[Line], cut: int) -> None:
    text = b"".join(line.text + b"\n" for line in sent)
    expected = sum(line.answers for line in sent)
    refused = sum(line.refused for line in sent)
    chunks = [text[start : start + cut] for start in range(0, len(text), cut)]
    plain = forks.talk("plain", [text], lambda got: len(got) >= expected)
    front = forks.talk("front", chunks, lambda got: len(got) >= expected + refused)
    assert normal(front) == normal(plain)
    assert refusals(front) == refused
