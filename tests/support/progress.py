"""Calls whose progress is looked at."""

from typing import Any

import pytest

from tests.support.stdio import RawServer

each_era = pytest.mark.parametrize("era", ["modern", "legacy"])


async def call_with_progress(
    server: RawServer, era: str, tool: str, **arguments: Any
) -> tuple[list[str], str]:
    """Call a tool of a server that has just been started.

    Returns:
        The messages of the progress that was reported before the answer, and the answer's text.
        It has been checked that the progress grew.
    """
    await server.open(era)
    await server.start_call(1, tool, **arguments)
    told = []
    while (message := await server.receive()).get("method") == "notifications/progress":
        told.append(message["params"])
    assert message["id"] == 1
    assert len({one["progressToken"] for one in told}) <= 1
    reached = [one["progress"] for one in told]
    assert reached == sorted(set(reached))
    text = str(message["result"]["content"][0]["text"])
    return [str(one["message"]) for one in told], text
