"""The tools as an agent sees them."""

from typing import Annotated, Literal

from mcp.server.mcpserver import Context
from pydantic import Field

from stacksight_core.cursors import decode_cursor, encode_cursor
from stacksight_core.errors import ToolFailure
from stacksight_core.server import ServerSpec
from stacksight_core.tools import source_of, tool
from stacksight_docker.about import ABOUT
from stacksight_docker.analysis.activity import Activity
from stacksight_docker.analysis.compose import Comparison
from stacksight_docker.analysis.drift import find_drift
from stacksight_docker.analysis.history import History
from stacksight_docker.analysis.overview import ContainerList, StatusFilter, is_running
from stacksight_docker.analysis.resources import Kind, Resources
from stacksight_docker.analysis.usage import SortKey, UsageAnswer
from stacksight_docker.analysis.view import ContainerView, view_container
from stacksight_docker.capturing import CAPTURES, ERROR_NO_CAPTURE
from stacksight_docker.comparing import compare_file
from stacksight_docker.diagnosis.model import Diagnosis
from stacksight_docker.happenings import read_history
from stacksight_docker.inventory import list_kind
from stacksight_docker.investigate import diagnose_target
from stacksight_docker.listing import list_overview
from stacksight_docker.logs.answer import LogAnswer
from stacksight_docker.logs.levels import Level
from stacksight_docker.metering import measure_containers
from stacksight_docker.parameters import Name, Names
from stacksight_docker.prompts import PROMPTS
from stacksight_docker.reading import LogRequest, read_containers
from stacksight_docker.render.activity import render_activity
from stacksight_docker.render.compose import render_comparison
from stacksight_docker.render.container import render_container
from stacksight_docker.render.diagnosis import render_diagnosis
from stacksight_docker.render.history import render_history
from stacksight_docker.render.logs import render_logs
from stacksight_docker.render.overview import render_containers
from stacksight_docker.render.resources import render_resources
from stacksight_docker.render.usage import render_usage
from stacksight_docker.resolve import find_container, find_containers
from stacksight_docker.resources import RESOURCES
from stacksight_docker.settings import Settings
from stacksight_docker.source.source import Source, connect, translate
from stacksight_docker.writing import control_container, run_in_container


@tool(title="List containers", render=render_containers)
async def list_containers(
    ctx: Context[Source],
    *,
    project: Annotated[
        str | None, Field(description="Only this compose project.", max_length=200)
    ] = None,
    match: Annotated[
        str | None, Field(description="Only names and images with this text.", max_length=200)
    ] = None,
    status: Annotated[StatusFilter, Field(description="Only these.")] = "all",
    cursor: Annotated[
        str | None, Field(description="From the previous page.", max_length=300)
    ] = None,
) -> ContainerList:
    """Which containers are there, and which are not well and why? Begin here.

    Problems come first, each with its reason (crash loop, out of memory, failing health check,
    could not start); the rest is counted by compose project and service, or listed when few.

    Example: list_containers(project="shop", status="problems")
    """
    scope = {"tool": "list_containers", "project": project, "match": match, "status": status}
    skip = decode_cursor(cursor, **scope) if cursor else 0
    listing, following = await list_overview(source_of(ctx), project, match, status, skip)
    listing.next_cursor = encode_cursor(following, **scope) if following else None
    return listing


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


@tool(title="Inspect a container", render=render_container)
async def inspect_container(ctx: Context[Source], container: Name) -> ContainerView:
    """How is one container set up, and how did it end last?

    State and last exit, image and whether its tag has moved on, command, health checks with their
    last outputs, restart policy, limits, ports, networks, mounts, and environment variables by name
    (set or empty; values are never shown).

    Example: inspect_container("shop/api")
    """
    source = source_of(ctx)
    listed = find_container(container, await source.containers())
    inspected = await source.container(listed.id)
    drift = find_drift(inspected, await source.image_tags())
    return view_container(inspected, listed, await source.now(), drift)


@tool(title="Read logs", render=render_logs)
async def read_logs(
    ctx: Context[Source],
    *,
    containers: Names,
    mode: Annotated[
        Literal["auto", "lines", "patterns"],
        Field(
            description="lines: the lines. patterns: counted shapes, errors first, what was said "
            "before each end. auto: lines with a filter or limit or for a short log that does not "
            "repeat itself, else patterns."
        ),
    ] = "auto",
    match: Annotated[
        str | None,
        Field(description="Only records with this regular expression.", max_length=300),
    ] = None,
    level: Annotated[Level | None, Field(description="Only this level and worse.")] = None,
    since: Annotated[
        str | None,
        Field(description="How long ago (90s, 10m, 2h, 1d) or a UTC time.", max_length=40),
    ] = None,
    until: Annotated[str | None, Field(description="As since.", max_length=40)] = None,
    around: Annotated[
        str | None, Field(description="30 s before and after; as since.", max_length=40)
    ] = None,
    limit: Annotated[
        int | None, Field(description="Records in lines mode; left out: 60.", ge=1, le=500)
    ] = None,
    context: Annotated[
        int, Field(description="Records around each that matches.", ge=0, le=20)
    ] = 0,
    cursor: Annotated[
        str | None, Field(description="Only what is new since that answer.", max_length=300)
    ] = None,
) -> LogAnswer:
    """What do the logs of these containers say? Merged in time order, filtered before you see them.

    Tracebacks stay together, JSON logs are understood, secrets masked. Reads from the end of the
    log and says how far back it got.

    Example: read_logs(containers=["shop/api", "shop/db"], level="error", since="15m")
    """
    source = source_of(ctx)
    chosen = find_containers(containers, await source.containers())
    request = LogRequest(mode, match, level, since, until, around, limit, context, cursor)
    return await read_containers(source, chosen, request)


@tool(title="Measure usage", render=render_usage)
async def measure_usage(
    ctx: Context[Source],
    containers: Annotated[
        list[Name] | None,
        Field(description="As for read_logs; left out: all that run.", max_length=20),
    ] = None,
    seconds: Annotated[
        float, Field(description="How long to measure CPU use.", ge=0.2, le=30)
    ] = 0.2,
    sort: Annotated[SortKey, Field(description="Largest first by this.")] = "cpu",
) -> UsageAnswer:
    """What is eating the machine? CPU, memory against the limit, network, disk, processes now.

    The figures of `docker stats`, largest first, with who is near a limit or throttled.

    Example: measure_usage(sort="memory")
    """
    source = source_of(ctx)
    listed = await source.containers()
    running = [c for c in listed if is_running(c)]
    chosen = find_containers(containers, listed) if containers else running
    return await measure_containers(source, chosen, seconds, sort)


@tool(title="List events", render=render_history)
async def list_events(
    ctx: Context[Source],
    *,
    containers: Annotated[
        list[Name] | None, Field(description="As for read_logs; left out: all.", max_length=20)
    ] = None,
    since: Annotated[str, Field(description="How long ago, or a UTC time.", max_length=40)] = "1h",
    until: Annotated[str | None, Field(description="As since.", max_length=40)] = None,
    limit: Annotated[int, Field(description="The newest so many.", ge=1, le=200)] = 40,
) -> History:
    """What happened: starts, ends with exit codes, kills, out-of-memory, health changes, networks?

    Runs of health checks are left out, repeated cycles folded. The engine remembers its last 256
    events only; from the first call on this server keeps more (5,000, while it runs).

    Example: list_events(containers=["shop/db"], since="30m")
    """
    return await read_history(source_of(ctx), containers, since, until, limit)


@tool(title="List resources", render=render_resources)
async def list_resources(
    ctx: Context[Source],
    kind: Annotated[
        Kind, Field(description="disk: what takes space, by kind of data, with large logs.")
    ] = "disk",
) -> Resources:
    """What images, volumes and networks are there, what is unused, and what fills the disk?

    The unused come first, with how much removing them frees. Adding up disk use has a time limit.

    Example: list_resources(kind="volumes")
    """
    return await list_kind(source_of(ctx), kind)


@tool(title="Capture activity", render=render_activity, idempotent=False)
async def capture_activity(
    ctx: Context[Source],
    *,
    action: Annotated[
        Literal["start", "read", "stop"],
        Field(description="start returns a handle; read tells so far; stop tells and ends."),
    ],
    capture: Annotated[
        str | None, Field(description="The handle, for read and stop.", max_length=60)
    ] = None,
    containers: Annotated[
        list[Name] | None, Field(description="What to watch; left out: all.", max_length=20)
    ] = None,
) -> Activity:
    """What did the containers do while I did something? Start, do it, stop.

    Restarts and state changes, events, log records never seen before, errors, peak CPU and memory.
    A capture lives as long as this server process, or until a fifth is started; usage is sampled
    for 30 min.

    Example: capture_activity(action="start", containers=["shop"])
    """
    source = source_of(ctx)
    if action == "start":
        listed = await source.containers()
        chosen = find_containers(containers, listed) if containers else listed
        return await CAPTURES.start(source, chosen)
    if capture is None:
        raise ToolFailure(ERROR_NO_CAPTURE.format(action=action))
    return await CAPTURES.read(source, capture, stop=action == "stop")


@tool(title="Compare with compose file", render=render_comparison)
async def compare_compose(
    ctx: Context[Source],
    file: Annotated[
        str, Field(description="Compose file, or its folder.", min_length=1, max_length=500)
    ],
    project: Annotated[
        str | None,
        Field(description="Left out: the file's `name`, else its folder's.", max_length=200),
    ] = None,
) -> Comparison:
    """Does what runs match the compose file? What is missing, extra, stale or configured otherwise?

    Also ports in conflict, dependencies that cannot be met, variables without a value.

    Example: compare_compose(file="compose.yml")
    """
    return await compare_file(source_of(ctx), file, project)


TOOLS = (
    list_containers,
    diagnose,
    inspect_container,
    read_logs,
    measure_usage,
    list_events,
    list_resources,
    capture_activity,
    compare_compose,
    control_container,
    run_in_container,
)
SERVER = ServerSpec(ABOUT, Settings, TOOLS, connect, translate, PROMPTS, RESOURCES)
