"""run_audit."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.errors import ToolFailure
from stacksight_core.tools import source_of, tool
from stacksight_lighthouse.access import access_of
from stacksight_lighthouse.analysis.report import summarize
from stacksight_lighthouse.models.audits import CATEGORIES, AuditReport, Category, Device
from stacksight_lighthouse.models.orders import Mode, Order, Step
from stacksight_lighthouse.render.report import fitted, render_report
from stacksight_lighthouse.source.lighthouse import Lighthouse
from stacksight_lighthouse.tools.arguments import SECONDS_PER_RUN, Address
from stacksight_lighthouse.tools.keeping import keep
from stacksight_lighthouse.tools.progress import Progress

ERROR_NO_STEPS = (
    'mode="timespan" measures what happens during `steps`; give some, or leave the mode out.'
)

# What Lighthouse can tell in each mode.
MODE_CATEGORIES: dict[Mode, tuple[Category, ...]] = {
    "navigation": CATEGORIES,
    "snapshot": ("accessibility", "best-practices", "seo"),
    "timespan": ("performance", "best-practices"),
}
ERROR_NOT_IN_MODE = (
    'mode="{mode}" has only {known}: a snapshot has no timings, a timespan no state to look at.'
)
LEAST_SIDE, MOST_SIDE = 200, 4000
ERROR_VIEWPORT = "`viewport`: each side has to be between 200 and 4000 pixels."


@tool(title="Audit a page", render=render_report, idempotent=False, open_world=True)
async def run_audit(
    ctx: Context[Lighthouse],
    url: Annotated[
        Address, Field(description="http or https address of the page.", max_length=2000)
    ],
    *,
    device: Annotated[
        Device, Field(description="Lighthouse's preset: phone on slow 4G, or desktop computer.")
    ] = "mobile",
    categories: Annotated[
        list[Category] | None,
        Field(description="Fewer are faster; all by default.", min_length=1, max_length=4),
    ] = None,
    runs: Annotated[
        int, Field(description="Repetitions, for the spread of the metrics.", ge=1, le=9)
    ] = 1,
    steps: Annotated[
        list[Step] | None,
        Field(
            description='Done first, each one of {"click": selector}, {"hover": selector}, '
            '{"fill": selector, "text": "…"}, {"press": "Enter"}, {"wait_for": selector}. '
            "Selectors: CSS, text/Save, aria/Save.",
            min_length=1,
            max_length=20,
        ),
    ] = None,
    mode: Annotated[
        Mode | None,
        Field(
            description="Lighthouse's. snapshot (default with steps): the page as the steps left "
            "it. timespan: what happens during the steps (INP, CLS, TBT). navigation: the load, "
            "after the steps, e.g. a login."
        ),
    ] = None,
    viewport: Annotated[
        str | None,
        Field(
            description="WIDTHxHEIGHT instead of the preset's.",
            pattern=r"^\d{3,4}x\d{3,4}$",
            max_length=9,
        ),
    ] = None,
    color_scheme: Annotated[
        Literal["light", "dark"] | None, Field(description="What the user prefers.")
    ] = None,
    reduced_motion: Annotated[bool, Field(description="Whether the user wants less motion.")] = (
        False
    ),
    headers: Annotated[
        dict[str, str] | None,
        Field(
            description="For pages behind a login; sent to the page's own origin only.",
            max_length=50,
        ),
    ] = None,
    cookies: Annotated[
        dict[str, str] | None,
        Field(description="By name; to the page's own origin only.", max_length=100),
    ] = None,
    storage_state: Annotated[
        Annotated[dict[str, Any], Field(max_length=10)]
        | Annotated[str, Field(max_length=4096)]
        | None,
        Field(description="Playwright's storageState, or the path of its file."),
    ] = None,
    deadline_s: Annotated[
        int | None,
        Field(description="Seconds for all runs; 60 per run by default.", ge=5, le=900),
    ] = None,
) -> AuditReport:
    """Audit a web page: scores, metrics, and every failing check with its elements, cause and fix.

    Takes 5 to 15 s a run; a page that is down is answered at once. The audit is kept under its
    audit_id (the last 100 per project, on disk) for inspect_audit. Secrets are not kept.

    Example: run_audit(url="http://localhost:3000/", device="mobile")
    """
    source = source_of(ctx)
    mode = mode or ("snapshot" if steps else "navigation")
    if steps is None and mode == "timespan":
        raise ToolFailure(ERROR_NO_STEPS)
    wanted = _wanted(categories, mode)
    if "performance" not in wanted or mode != "navigation":
        runs = 1  # the other categories give the same every time
    order = Order(
        url,
        device,
        wanted,
        runs,
        deadline_s or SECONDS_PER_RUN * runs,
        mode,
        steps or [],
        _size(viewport),
        _media(color_scheme, reduced=reduced_motion),
        access_of(headers, cookies, storage_state),
    )
    audit_id, audit = await keep(source, order, await source.audit(order, Progress(ctx)))
    return fitted(summarize(audit_id, audit))


def _wanted(categories: Sequence[Category] | None, mode: Mode) -> list[Category]:
    known = MODE_CATEGORIES[mode]
    wanted = [name for name in known if categories is None or name in categories]
    if not wanted:
        raise ToolFailure(ERROR_NOT_IN_MODE.format(mode=mode, known=", ".join(known)))
    return wanted


def _size(viewport: str | None) -> tuple[int, int] | None:
    if viewport is None:
        return None
    width, height = map(int, viewport.split("x"))
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in (width, height)):
        raise ToolFailure(ERROR_VIEWPORT)
    return width, height


def _media(color_scheme: str | None, *, reduced: bool) -> dict[str, str]:
    media = {"prefers-color-scheme": color_scheme} if color_scheme else {}
    return media | ({"prefers-reduced-motion": "reduce"} if reduced else {})
