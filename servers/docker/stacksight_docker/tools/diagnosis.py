"""Why something is down."""

from typing import Annotated

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_docker.diagnosis.model import Diagnosis
from stacksight_docker.investigate import diagnose_target
from stacksight_docker.render.diagnosis import render_diagnosis
from stacksight_docker.source.source import Source


@tool(title="Diagnose", render=render_diagnosis)
async def diagnose(
    ctx: Context[Source],
    target: Annotated[
        str | None,
        Field(
            description="Container, service, project/service or compose project. Left out: "
            "everything.",
            max_length=200,
        ),
    ] = None,
) -> Diagnosis:
    """Why is it down, unhealthy or failing? One verdict per problem, with its proof and next step.

    Looks at state, exits, events, health checks, logs, images, networks, ports and dependencies,
    and follows the chain to the root: the API is unhealthy because its database ran out of memory.

    Example: diagnose(target="shop/api")
    """
    return await diagnose_target(source_of(ctx), target)
