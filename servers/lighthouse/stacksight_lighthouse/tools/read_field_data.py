"""read_field_data."""

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.models.field_data import FieldData
from stacksight_lighthouse.render.field_data import render_field
from stacksight_lighthouse.source.field_data import ask
from stacksight_lighthouse.source.lighthouse import Lighthouse


@tool(title="Read real users' figures", render=render_field, open_world=True)
async def read_field_data(
    ctx: Context[Lighthouse],
    url: Annotated[str, Field(description="A public page.", max_length=2000)],
    form_factor: Annotated[
        Literal["all", "phone", "desktop", "tablet"], Field(description="Whose visits.")
    ] = "all",
) -> FieldData:
    """Read what real visitors of a public page met: LCP, INP, CLS, FCP and TTFB.

    From the Chrome UX Report; needs STACKSIGHT_CRUX_KEY and says so without it.

    Example: read_field_data(url="https://example.org/", form_factor="phone")
    """
    return await ask(source_of(ctx).settings, url, form_factor)
