"""Whatever a client sends, the front and the SDK alone answer the same."""

import contextlib
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

from stacksight_core.lines import same_id
from stacksight_core.usual import is_modern
from tests.support.forks import Forks, Piece, running_forks
from tests.support.stdio import INITIALIZE, MODERN_META, ROOT
from tests.support.wire import WireCheck

EXAMPLES = 60 if settings().derandomize else settings().max_examples
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
        waits: it is written when all before it has been answered.
    """

    text: bytes
    answers: int = 0
    refused: bool = False
    waits: bool = False


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
notices = st.builds(
    lambda method, params: {"jsonrpc": "2.0", "method": method} | params,
    st.sampled_from(
        "notifications/initialized notifications/roots/list_changed notifications/progress "
        "notifications/cancelled nonsense tools/list subscriptions/listen".split()
    ),
    st.sampled_from(
        [
            {},
            *(
                {"params": params}
                for params in (
                    None,
                    {},
                    {"a": 1},
                    {"requestId": 998},
                    {"requestId": [1]},
                    {"requestId": None},
                    {"requestId": 998, "_meta": MODERN_META},
                    {"_meta": None},
                    {"progressToken": 3, "progress": 1},
                )
            ),
        ]
    ),
) | st.just({"jsonrpc": "2.0", "id": 999, "result": {}})
CANCEL = object()
"""A notification that cancels one of the requests before it, all of which have been answered."""
LEAVE = object()
"""A call that would take for ever, and at once the notification that cancels it."""
garbage = st.sampled_from(
    [
        b"{half",
        b"[]",
        b"42",
        b"\xff{}",
        b'{"jsonrpc": "2.0", "id": true, "method": "ping"}',
        b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": [1]}',
    ]
)
handshake = st.just(request("initialize", INITIALIZE))
leave = st.sampled_from([CANCEL, LEAVE])
conversations = st.one_of(
    st.lists(modern | notices | garbage | leave, max_size=8),
    st.builds(
        lambda first, rest: [first, *rest],
        handshake,
        st.lists(legacy | notices | garbage | leave, max_size=8),
    ),
    st.lists(modern | legacy | odd | notices | garbage | st.just(CANCEL), max_size=8),
)


def cancel(request_id: Any) -> bytes:
    params = {"requestId": request_id, "_meta": MODERN_META}
    notice = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    return json.dumps(notice).encode()


def leaving(request_id: Any, is_modern: bool) -> list[Line]:
    """Return a call that would take for ever, and what cancels it."""
    params = {"name": "wait", "arguments": {"path": "/dev/null"}}
    if is_modern:
        params["_meta"] = MODERN_META
    call = {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}
    return [Line(json.dumps(call).encode()), Line(cancel(request_id))]


@st.composite
def lines(draw: st.DrawFn) -> list[Line]:
    made: list[Line] = []
    asked: list[Any] = []
    items = draw(conversations)
    opening = items[0][0] if items and isinstance(items[0], tuple) else {}
    is_modern = opening.get("method") != "initialize"
    for number, item in enumerate(items):
        if isinstance(item, bytes):
            made.append(Line(item, refused=True))
        elif isinstance(item, dict):
            made.append(Line(json.dumps(item).encode()))
        elif item is CANCEL:
            made.append(Line(cancel(draw(st.sampled_from(asked or [997]))), waits=True))
        elif item is LEAVE:
            made += leaving(f"left-{number}", is_modern)
        else:
            message, count = item
            waits = draw(st.booleans())
            ids = [number, f"id-{number}", f"{number}", -number, 7]
            request_id = draw(st.sampled_from(ids + (asked if waits else [])))
            asked.append(request_id)
            text = json.dumps(message | {"id": request_id}, ensure_ascii=draw(st.booleans()))
            made.append(Line(text.encode(), answers=count, waits=waits))
    return made


@st.composite
def piped_lines(draw: st.DrawFn) -> list[bytes]:
    """Requests of one era, each with an id of its own and all to be answered."""
    era = draw(st.sampled_from([modern, legacy]))
    items = draw(st.lists(era, min_size=1, max_size=8))
    if era is legacy:
        items.insert(0, draw(handshake))
    messages = [message | {"id": number} for number, (message, _) in enumerate(items)]
    return [json.dumps(message).encode() for message in messages]


def refusals(messages: list[Any]) -> int:
    """Count what only the front says: that a line is not a message."""
    return sum(m.get("id", 0) is None for m in messages)


def normal(messages: list[Any]) -> Counter[str]:
    """Return the messages that both have to write, in any order."""
    return Counter(json.dumps(m) for m in messages if m.get("id", 0) is not None)


def pieces(sent: list[Line], end: bytes, cut: int, *, refuses: bool) -> list[Piece]:
    """Return what is written, cut into short pieces.

    Args:
        sent: the lines.
        end: of each line.
        cut: how long the pieces are.
        refuses: what the SDK drops is answered as well.
    """
    made, answers = [], 0
    for line in sent:
        text = line.text + end
        first, *rest = [text[start : start + cut] for start in range(0, len(text), cut)]
        made += [Piece(first, answers if line.waits else 0), *map(Piece, rest)]
        answers += line.answers + (line.refused and refuses)
    return made


@given(sent=lines(), cut=st.integers(1, 200), end=st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_front_answers_as_the_sdk_alone(
    forks: Forks, sent: list[Line], cut: int, end: bytes
) -> None:
    expected = sum(line.answers for line in sent)
    refused = sum(line.refused for line in sent)
    plain = forks.talk("plain", pieces(sent, b"\n", 1 << 20, refuses=False), expected)
    front = forks.talk("front", pieces(sent, end, cut, refuses=True), expected + refused)
    assert normal(front) == normal(plain)
    assert refusals(front) == refused
    check(sent, front)


@given(sent=piped_lines(), end=st.sampled_from([b"", b"\n", b"\r\n", b'\n{"jsonrpc']))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_piped_in_whole_is_answered_as_by_the_sdk_that_is_waited_for(
    forks: Forks, sent: list[bytes], end: bytes
) -> None:
    text = b"\n".join(sent)
    plain = forks.talk("plain", [Piece(text + b"\n")], len(sent))
    front = forks.pipe("front", text + end)
    assert normal(front) == normal(plain)
    assert refusals(front) == end.count(b"{")


def check(sent: list[Line], received: list[Any]) -> None:
    """Hold what was written against the official schema.

    Where eras are mixed, or an id stands for several requests, that does not tell which applies.
    """
    wire = WireCheck()
    ids, eras = [], set()
    for line in sent:
        with contextlib.suppress(ValueError):
            message = json.loads(line.text)
            wire.sent(message)
            if isinstance(message, dict) and "id" in message and "method" in message:
                ids.append(same_id(message["id"]))
                eras.add(is_modern(message["method"], message.get("params")))
    if len(set(ids)) == len(ids) and len(eras) == 1:
        for message in received:
            wire.received(message)
        wire.assert_conformant()
