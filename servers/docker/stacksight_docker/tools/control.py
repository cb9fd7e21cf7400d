"""The tools that change something: offered only with --allow-writes, and each asks the user."""

import shlex
from typing import Annotated

from mcp.server.mcpserver import Context, Resolve
from pydantic import Field

from stacksight_core.consent import Question, UserAnswer, ask_user, require_yes
from stacksight_core.tools import source_of, tool
from stacksight_docker.analysis.changes import Action, Controlled, Ran, describe_effect
from stacksight_docker.changing import control, run
from stacksight_docker.parameters import Name
from stacksight_docker.render.changes import render_controlled, render_ran
from stacksight_docker.resolve import find_container
from stacksight_docker.source.source import Source

Words = Annotated[
    list[Annotated[str, Field(max_length=2_000)]],
    Field(
        description='The program and its arguments; for a shell ["sh", "-c", "..."].',
        min_length=1,
        max_length=30,
    ),
]
As = Annotated[
    str | None,
    Field(description="User to run it as; left out: the container's.", max_length=60),
]


async def ask_to_control(ctx: Context[Source], container: str, action: Action) -> Question:
    """Ask whether a container may be started, stopped, or the like."""
    listed = find_container(container, await source_of(ctx).containers())
    effect = describe_effect(action)
    # Not its status, which says for how long: the question is asked anew when its words change.
    return ask_user(
        ctx, f"{action.capitalize()} the container {listed.label} (now: {listed.state})? {effect}"
    )


@tool(
    title="Control a container",
    render=render_controlled,
    read_only=False,
    destructive=True,
    idempotent=False,
)
async def control_container(
    ctx: Context[Source],
    *,
    container: Name,
    action: Annotated[Action, Field(description="What to do.")],
    seconds: Annotated[
        int, Field(description="stop, restart: time to end in before it is killed.", ge=0, le=120)
    ] = 10,
    answer: Annotated[UserAnswer, Resolve(ask_to_control)],
) -> Controlled:
    """Start, stop, restart, pause or unpause a container, after asking the user; tells its state.

    Example: control_container(container="shop/api", action="restart")
    """
    require_yes(answer)
    return await control(source_of(ctx), container, action, seconds)


async def ask_to_run(
    ctx: Context[Source], container: str, command: list[str], user: str | None = None
) -> Question:
    """Ask whether a command may be run, showing all of it."""
    listed = find_container(container, await source_of(ctx).containers())
    whom = f" as {user}" if user else ""
    return ask_user(
        ctx, f"Run this in the running container {listed.label}{whom}?\n{shlex.join(command)}"
    )


@tool(
    title="Run in a container",
    render=render_ran,
    read_only=False,
    destructive=True,
    idempotent=False,
    open_world=True,
)
async def run_in_container(
    ctx: Context[Source],
    *,
    container: Name,
    command: Words,
    user: As = None,
    seconds: Annotated[int, Field(description="How long to wait for its end.", ge=1, le=120)] = 20,
    answer: Annotated[UserAnswer, Resolve(ask_to_run)],
) -> Ran:
    """Run a command in a running container, after asking the user: its exit code and output.

    Example: run_in_container(container="shop/db", command=["df", "-h", "/var/lib"])
    """
    require_yes(answer)
    return await run(source_of(ctx), container, command, user, seconds)
