"""The check of the wire catches what it is there for: else it would pass everything."""

from typing import Any

import pytest

from tests.support.stdio import INITIALIZE, MODERN_META
from tests.support.wire import WireCheck

LISTED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": []}


def answer(result: dict[str, Any], request_id: int = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def notification(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}


@pytest.fixture
def modern() -> WireCheck:
    """A connection of the 2026 era with one request under way."""
    check = WireCheck()
    check.sent(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": MODERN_META}}
    )
    return check


def test_what_conforms_passes(modern: WireCheck) -> None:
    modern.received(notification("notifications/progress", progressToken=1, progress=0.5))
    modern.received(answer(LISTED))
    modern.assert_conformant()
    assert modern.lines == 2


@pytest.mark.parametrize(
    "message",
    [
        answer(LISTED, request_id=2),  # nobody asked
        answer({key: value for key, value in LISTED.items() if key != "ttlMs"}),
        answer({**LISTED, "tools": [{"name": "x"}]}),
        notification("notifications/progress", progress=0.5),
        notification("notifications/elicitation/complete", elicitationId="1"),  # of the old era
        {"jsonrpc": "2.0", "id": 9, "method": "elicitation/create", "params": {}},  # the same
        {"jsonrpc": "2.0", "id": 1, "error": {"code": "x", "message": "y"}},
        {"id": 1, "result": LISTED},
    ],
)
def test_what_does_not_is_caught(modern: WireCheck, message: dict[str, Any]) -> None:
    modern.received(message)
    with pytest.raises(AssertionError):
        modern.assert_conformant()


def test_a_second_answer_is_caught(modern: WireCheck) -> None:
    modern.received(answer(LISTED))
    modern.received(answer(LISTED))
    assert len(modern.violations) == 1


def test_the_handshake_settles_the_revision() -> None:
    check = WireCheck()
    check.sent({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE})
    check.received(
        answer(
            {
                "protocolVersion": "2024-11-05",
                "capabilities": {},
                "serverInfo": {"name": "s", "version": "1"},
            }
        )
    )
    check.assert_conformant()
    check.received({"jsonrpc": "2.0", "id": 1, "method": "elicitation/create", "params": {}})
    assert check.violations  # it came with 2025-06-18
