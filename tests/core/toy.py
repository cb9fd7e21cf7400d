"""A server with nothing behind it: what the core does is tested through it."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal

import anyio
import anyio.to_thread
from mcp.server.mcpserver import Context, Resolve
from pydantic import BaseModel, Field

from stacksight_core.about import About
from stacksight_core.consent import Question, UserAnswer, ask_user, require_yes
from stacksight_core.errors import ToolFailure
from stacksight_core.prompts import prompt
from stacksight_core.server import ServerSpec
from stacksight_core.settings import ServerSettings
from stacksight_core.start import start
from stacksight_core.tools import source_of, tool
from stacksight_core.untrusted import fence

ABOUT = About("toy", "Toy", "1.2.3", "A toy for the tests", "Begin with echo.")

CHANGING = "toy://changing"


class Settings(ServerSettings):
    greeting: str = Field("hello", validation_alias="TOY_GREETING", description="What it says.")
    seconds: float = Field(5, gt=0, validation_alias="TOY_SECONDS", description="How long.")


class Echo(BaseModel):
    text: str
    title: str | None = None
    api_key: str | None = None


def render_echo(echo: Echo) -> str:
    return f"{echo.text}\n{fence(echo.text, 'echo')}"


@tool(title="Echo", render=render_echo)
async def echo(
    ctx: Context[str],
    text: Annotated[str, Field(description="What to say.", max_length=100_000)],
    title: Annotated[str | None, Field(description="A title.", max_length=20)] = None,
    times: Annotated[int, Field(description="How often.", ge=1, le=50_000)] = 1,
) -> Echo:
    """Say it back.

    Example: echo(text="hi")
    """
    print("a stray print")  # noqa: T201
    return Echo(text=f"{source_of(ctx)} {text * times}", title=title, api_key="s3cret")


@tool(title="Fail", render=str)
async def fail(
    how: Annotated[Literal["known", "driver", "bug"], Field(description="In which way.")],
) -> Echo:
    """Fail."""
    if how == "known":
        raise ToolFailure("There is no `ordres`. Did you mean `orders`? postgresql://a:pw@h/d")
    if how == "driver":
        raise ConnectionRefusedError("refused")
    raise KeyError("password=hunter2")


@tool(title="Wait", render=str)
async def wait(
    ctx: Context[str],
    path: Annotated[str, Field(description="Where a cancelled call leaves a word.")],
) -> Echo:
    """Wait for ever."""
    await ctx.report_progress(0, 1, "waiting")
    try:
        await anyio.sleep_forever()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.Path(path).write_text("cancelled")
    raise AssertionError


@tool(title="Hold", render=render_echo)
async def hold(path: Annotated[str, Field(description="A FIFO to wait for.")]) -> Echo:
    """Wait until somebody writes."""
    return Echo(text=await anyio.to_thread.run_sync(Path(path).read_text))


@tool(title="Announce", render=str)
async def announce(ctx: Context[str]) -> Echo:
    """Tell who listens that a resource has changed."""
    await ctx.notify_resource_updated(CHANGING)
    return Echo(text="announced")


async def ask_to_write(ctx: Context[str], text: str) -> Question:
    return ask_user(ctx, f"Write {text}?")


@tool(title="Write", render=render_echo, read_only=False, destructive=True)
async def write(
    text: Annotated[str, Field(description="What to write.", max_length=100)],
    answer: Annotated[UserAnswer, Resolve(ask_to_write)],
) -> Echo:
    """Change something.

    Example: write(text="hi")
    """
    require_yes(answer)
    return Echo(text=f"wrote {text}")


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[str]:
    yield settings.greeting


def translate(error: Exception) -> ToolFailure | None:
    return ToolFailure("Start it.") if isinstance(error, ConnectionError) else None


async def greetings(source: str, _: str) -> list[str]:
    return [source, *(f"{source} {number}" for number in range(150)), "\x1b[31mHeLp", "bye"]


async def nothing_there(source: str, typed: str) -> list[str]:
    raise ConnectionError(f"{source} {typed}")


async def never(source: str, typed: str) -> list[str]:
    await anyio.sleep_forever()
    return []


@prompt(title="Greet somebody", greeting=greetings, name=nothing_there, place=never)
def greet(
    name: Annotated[str, Field(description="Whom.")],
    greeting: Annotated[str, Field(description="How.")] = "hello",
    place: Annotated[str, Field(description="Where.")] = "here",
) -> str:
    """Say hello."""
    return f"Say {greeting} to {name}, {place}."


TOOLS = dict.fromkeys(("echo", "fail", "wait", "hold", "announce", "write"), __name__)
PROMPTS = [greet]
SERVER = ServerSpec(ABOUT, Settings, TOOLS, connect, translate, __name__)

if __name__ == "__main__":
    print("printed before the start", file=sys.stderr)  # noqa: T201
    start(ABOUT, "tests.core.toy", os.environ.get("TOY_MANIFEST", "/nonexistent"))
