"""Lists the containers and inspects those that are not well."""

from collections.abc import Sequence

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.overview import (
    MAX_PROJECTS,
    MAX_UNFOLDED,
    PAGE_PROBLEMS,
    PAGE_ROWS,
    ContainerList,
    StatusFilter,
    fold,
    is_running,
    order_suspects,
    select,
    to_problem,
    to_rows,
)
from stacksight_docker.facts import Listed
from stacksight_docker.source.source import Source

ERROR_NO_PROJECT = "There is no compose project `{project}`.{near} {known}"
KNOWN_NONE = "No container belongs to one."
KNOWN = "There are: {names}."


async def list_overview(
    source: Source, project: str | None, match: str | None, status: StatusFilter, skip: int
) -> tuple[ContainerList, int]:
    """List containers with one request, and one more for each problem on the page.

    Args:
        source: the engine.
        project: only this compose project.
        match: only names and images with this text.
        status: only these.
        skip: problems and rows of the pages before.

    Returns:
        The page, and how much to skip for the next one; 0 when this is the last.

    Raises:
        ToolFailure: the project does not exist.
    """
    await source.keep_events()
    listed = await source.containers()
    now = await source.now()
    if project is not None:
        _require_project(project, listed)
    chosen = select(listed, project, match, status)
    suspects = order_suspects(chosen, now)
    page = suspects[skip : skip + PAGE_PROBLEMS]
    inspected = await source.inspect_all([c.id for c in page])
    found = [(c, to_problem(c, inspected[c.id], now)) for c in page if c.id in inspected]
    well = {c.id for c, problem in found if problem is None}
    suspect_ids = {c.id for c in suspects} - well
    rest = [c for c in chosen if c.id not in suspect_ids]
    running = sum(is_running(c) for c in chosen)
    listing = ContainerList(
        engine=await source.engine_name(),
        total=len(chosen),
        running=running,
        stopped=len(chosen) - running,
        in_trouble=len(suspect_ids),
        filters=_filters(project, match, status),
        problems=[problem for _, problem in found if problem is not None],
        problems_from=skip,
    )
    if skip + len(page) < len(suspects):
        return listing, skip + len(page)
    if status == "problems":
        return listing, 0
    one_by_one = project is not None or match is not None or len(rest) <= MAX_UNFOLDED
    if not one_by_one:
        groups = fold(rest)
        listing.projects = groups[:MAX_PROJECTS]
        listing.projects_left_out = max(0, len(groups) - MAX_PROJECTS)
        return listing, 0
    done = max(0, skip - len(suspects))
    listing.containers = to_rows(rest[done : done + PAGE_ROWS])
    left = len(rest) - done - PAGE_ROWS
    return listing, len(suspects) + done + PAGE_ROWS if left > 0 else 0


def _require_project(project: str, listed: Sequence[Listed]) -> None:
    projects = sorted({c.compose.project for c in listed if c.compose})
    if project in projects:
        return
    known = KNOWN.format(names=", ".join(projects[:12])) if projects else KNOWN_NONE
    near = did_you_mean(project, projects)
    raise ToolFailure(ERROR_NO_PROJECT.format(project=inline(project, 60), near=near, known=known))


def _filters(project: str | None, match: str | None, status: StatusFilter) -> str | None:
    given = {"project": project, "match": match, "status": None if status == "all" else status}
    return ", ".join(f"{name} {value}" for name, value in given.items() if value) or None
