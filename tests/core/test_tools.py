"""Tools as an agent meets them: schemas, strict arguments, errors, the two output modes."""

import pytest

from stacksight_core.variables import expand
from tests.support.stdio import open_client

TOY = "tests.core.toy"


async def test_definitions_are_complete_and_slim() -> None:
    async with open_client(TOY) as client:
        tools = {tool.name: tool for tool in await client.tools()}
    echo = tools["echo"]
    assert echo.title == "Echo"
    assert echo.description == 'Say it back.\n\nExample: echo(text="hi")'
    assert echo.output_schema is None
    assert echo.annotations is not None
    assert echo.annotations.model_dump(exclude_none=True) == {
        "read_only_hint": True,
        "destructive_hint": False,
        "idempotent_hint": True,
        "open_world_hint": False,
    }
    assert echo.input_schema == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "text": {"description": "What to say.", "maxLength": 100_000, "type": "string"},
            "title": {"description": "A title.", "maxLength": 20, "type": "string"},
            "times": {
                "default": 1,
                "description": "How often.",
                "maximum": 50_000,
                "minimum": 1,
                "type": "integer",
            },
        },
        "required": ["text"],
    }


async def test_writing_tools_exist_only_when_allowed() -> None:
    async with open_client(TOY, env={"STACKSIGHT_ALLOW_WRITES": "1"}) as client:
        assert "write" in [tool.name for tool in await client.tools()]
    async with open_client(TOY) as client:
        answer = await client.call("write")
    assert answer.is_error
    assert answer.text == "Unknown tool: write"


async def test_arguments_are_strict_and_their_errors_teach() -> None:
    async with open_client(TOY) as client:
        unknown = await client.call("echo", text="a", titel="b")
        absent = await client.call("echo")
        wrong = await client.call("echo", text="a", times=0)
    assert unknown.is_error
    assert unknown.text == (
        "echo was not run: unknown argument `titel`. Did you mean `title` or `times`? "
        "It takes: text, title, times."
    )
    assert "argument `text` is required" in absent.text
    assert "argument `times`: Input should be greater than or equal to 1 (got 0)" in wrong.text


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("known", "There is no `ordres`. Did you mean `orders`? postgresql://a:***@h/d"),
        ("driver", "Start it."),
    ],
)
async def test_a_failure_reaches_the_agent_as_its_sentence(how: str, text: str) -> None:
    async with open_client(TOY) as client:
        answer = await client.call("fail", how=how)
    assert answer.is_error
    assert answer.text == text


async def test_a_bug_is_said_to_be_one_and_leaks_nothing() -> None:
    async with open_client(TOY) as client:
        answer = await client.call("fail", how="bug")
    assert answer.is_error
    assert "unexpected KeyError" in answer.text
    assert "hunter2" not in answer.text


async def test_structured_mode_sends_the_model_as_well() -> None:
    async with open_client(TOY, args=["--output", "structured"]) as client:
        (tool, *_) = await client.tools()
        answer = await client.call("echo", text="hi \x1b[31mred\u202e", title="t")
    assert tool.output_schema is not None
    assert "title" in tool.output_schema["properties"]
    assert answer.structured == {"text": "hello hi red", "title": "t", "api_key": "***"}
    assert answer.text.startswith("hello hi red\n")


async def test_no_answer_passes_the_budget_and_a_cut_closes_its_fence() -> None:
    async with open_client(TOY) as client:
        answer = await client.call("echo", text="line\n", times=2_500)
    assert len(answer.text) <= 20_000
    assert "[cut here: the answer had" in answer.text
    opened = answer.text.count("<untrusted-")
    assert opened == answer.text.count("</untrusted-") == 1


@pytest.mark.parametrize(
    ("env", "args", "says"),
    [
        ({"TOY_SECONDS": "soon"}, [], "TOY_SECONDS (--seconds) is not valid"),
        ({"TOY_SECONDS": "-1"}, [], "greater than 0"),
        ({"TOY_GREETING": "${TOY_GREETING}"}, [], "literally `${TOY_GREETING}`"),
        ({}, ["--secnds", "3"], "Unknown command-line arguments: --secnds 3"),
    ],
)
async def test_bad_settings_are_told_at_the_first_call(
    env: dict[str, str], args: list[str], says: str
) -> None:
    async with open_client(TOY, env=env, args=args) as client:
        assert await client.tools()
        answer = await client.call("echo", text="a")
    assert answer.is_error
    assert says in answer.text


async def test_a_flag_wins_over_the_environment() -> None:
    env = {"TOY_GREETING": "from env"}
    async with open_client(TOY, env=env, args=["--greeting", "from flag"]) as client:
        assert (await client.call("echo", text="x")).text.startswith("from flag x")
    async with open_client(TOY, env=env) as client:
        assert (await client.call("echo", text="x")).text.startswith("from env x")


async def test_a_default_that_the_client_left_unexpanded_is_taken() -> None:
    env = {"TOY_GREETING": "${TOY_GREETING:-from the default}", "TOY_SECONDS": "${TOY_SECONDS:-}"}
    async with open_client(TOY, env=env) as client:
        assert (await client.call("echo", text="x")).text.startswith("from the default x")


def test_variables_are_expanded_as_claude_code_does() -> None:
    environment = {"SET": "value", "EMPTY": ""}
    text = "${SET} ${SET:-x} ${EMPTY:-x} ${UNSET:-x} ${UNSET:-} ${UNSET}"
    assert expand(text, environment) == "value value x x  ${UNSET}"
