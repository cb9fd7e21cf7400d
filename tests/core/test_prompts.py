"""Prompts and the completion of their arguments, in both eras."""

from typing import Any

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS, PromptReference, TextContent

from tests.support.stdio import open_client

TOY = "tests.core.toy"
GREET = PromptReference(type="ref/prompt", name="greet")

each_era = pytest.mark.parametrize("mode", ["auto", "legacy"])


@each_era
async def test_a_prompt_is_listed_and_filled_in(mode: str) -> None:
    async with open_client(TOY, mode=mode) as client:
        (listed,) = (await client.sdk.list_prompts()).prompts
        filled = await client.sdk.get_prompt("greet", {"name": "\x1b[31m{Bob}", "greeting": ""})
    assert (listed.name, listed.title, listed.description) == (
        "greet",
        "Greet somebody",
        "Say hello.",
    )
    assert [(a.name, a.description, bool(a.required)) for a in listed.arguments or ()] == [
        ("name", "Whom.", True),
        ("greeting", "How.", False),
        ("place", "Where.", False),
    ]
    (message,) = filled.messages
    assert message.role == "user"
    assert isinstance(message.content, TextContent)
    assert message.content.text == "Say hello to {Bob}, here."


@each_era
@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("great", {}, "Did you mean `greet`?"),
        ("greet", {}, "needs the argument `name`: Whom."),
        ("greet", {"name": "x", "greting": "y"}, "Did you mean `greeting`?"),
        ("greet", {"name": "x" * 20_001}, "longer than 20,000 characters"),
    ],
)
async def test_a_wrong_request_is_explained(
    mode: str, name: str, arguments: dict[str, str], says: str
) -> None:
    async with open_client(TOY, mode=mode) as client:
        with pytest.raises(MCPError) as refused:
            await client.sdk.get_prompt(name, arguments)
    assert refused.value.error.code == INVALID_PARAMS
    assert says in refused.value.error.message


async def complete(typed: str, argument: str = "greeting", **options: Any) -> list[str]:
    async with open_client(TOY, **options) as client:
        result = await client.sdk.complete(GREET, {"name": argument, "value": typed})
    return list(result.completion.values)


@each_era
async def test_names_that_begin_with_what_was_typed_come_first(mode: str) -> None:
    assert await complete("he", mode=mode, env={"TOY_GREETING": "oh hey"}) == [
        "HeLp",  # without its colour
        "oh hey",
        *(f"oh hey {number}" for number in range(98)),
    ]


async def test_more_than_a_hundred_names_are_counted() -> None:
    async with open_client(TOY) as client:
        result = await client.sdk.complete(GREET, {"name": "greeting", "value": ""})
    assert len(result.completion.values) == 100
    assert (result.completion.total, result.completion.has_more) == (153, True)


@each_era
@pytest.mark.parametrize("argument", ["name", "place", "no_such_argument"])
async def test_what_cannot_be_known_completes_to_nothing(argument: str, mode: str) -> None:
    assert await complete("he", argument, mode=mode) == []


async def test_a_server_with_bad_settings_still_offers_them() -> None:
    async with open_client(TOY, env={"TOY_SECONDS": "-1"}) as client:
        assert [p.name for p in (await client.sdk.list_prompts()).prompts] == ["greet"]
        result = await client.sdk.complete(GREET, {"name": "greeting", "value": "he"})
    assert result.completion.values == []
