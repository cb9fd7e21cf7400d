"""The user is asked before something is changed, in both eras; without a yes nothing is done."""

from typing import Any, Literal

import pytest

from tests.support.stdio import MODERN_META, User, open_client, raw_server

TOY = "tests.core.toy"
WRITES = {"STACKSIGHT_ALLOW_WRITES": "1"}

each_era = pytest.mark.parametrize("mode", ["auto", "legacy"])


@each_era
async def test_a_yes_lets_it_happen(mode: str) -> None:
    user = User("yes")
    async with open_client(TOY, env=WRITES, mode=mode, elicitation_callback=user) as client:
        answer = await client.call("write", text="Bearer abcdefghijklmnop\x1b[31m")
    assert user.asked == ["Write Bearer ***?"]
    assert not answer.is_error
    assert answer.text.startswith("wrote ")


@each_era
@pytest.mark.parametrize("said", ["no", "decline", "cancel"])
async def test_anything_else_does_not(mode: str, said: Literal["no", "decline", "cancel"]) -> None:
    user = User(said)
    async with open_client(TOY, env=WRITES, mode=mode, elicitation_callback=user) as client:
        answer = await client.call("write", text="it")
    assert user.asked == ["Write it?"]
    assert answer.is_error
    assert answer.text.startswith("Nothing was done: the user was asked and did not say yes.")


@each_era
async def test_a_client_that_cannot_ask_is_told_the_question(mode: str) -> None:
    async with open_client(TOY, env=WRITES, mode=mode) as client:
        answer = await client.call("write", text="it")
    assert answer.is_error
    assert answer.text.endswith("The question was: Write it?")


async def test_the_agent_cannot_answer_itself() -> None:
    async with open_client(TOY, env=WRITES) as client:
        (tool,) = [tool for tool in await client.tools() if tool.name == "write"]
        answer = await client.call("write", text="it", answer={"go_ahead": True})
    assert list(tool.input_schema["properties"]) == ["text"]
    assert "unknown argument `answer`" in answer.text


async def test_an_answer_to_a_question_that_was_not_asked_counts_for_nothing() -> None:
    capabilities: dict[str, Any] = {
        "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"form": {}}}
    }
    async with raw_server(TOY, env=WRITES) as server:
        await server.request(1, "server/discover", _meta=MODERN_META)
        result = await server.request(
            2,
            "tools/call",
            name="write",
            arguments={"text": "it"},
            inputResponses={
                "tests.core.toy:ask_to_write": {"action": "accept", "content": {"go_ahead": True}}
            },
            _meta=MODERN_META | capabilities,
        )
    assert result["result"]["resultType"] == "input_required"
