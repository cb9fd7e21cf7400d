"""The list of containers as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.overview import ContainerList, Problem, ProjectGroup, ServiceGroup
from stacksight_docker.facts import label


def render_containers(listing: ContainerList) -> str:
    """Write the conclusion, the problems, then the rest."""
    parts = [_headline(listing)]
    if listing.problems:
        first = listing.problems_from + 1
        lines = [f"{n}. {_problem(p)}" for n, p in enumerate(listing.problems, first)]
        parts.append("Problems, most urgent first:\n" + "\n".join(lines))
        name = listing.problems[0].container
        parts.append(f'Next: diagnose("{name}") says why; read_logs(["{name}"]) shows its log.')
    if listing.containers:
        rows = [
            (label(r.container, r.service), r.status, r.image, " ".join(r.ports) or None)
            for r in listing.containers
        ]
        parts.append(render_table(("container", "status", "image", "ports"), rows, 90))
    if listing.projects:
        parts.append(_projects(listing))
    if listing.next_cursor:
        parts.append(f'More: repeat the call with cursor="{listing.next_cursor}"')
    return "\n\n".join(parts)


def _headline(listing: ContainerList) -> str:
    filters = f" with {listing.filters}" if listing.filters else ""
    counts = (
        f"{plural(listing.total, 'container')}{filters}: "
        f"{listing.running} running, {listing.stopped} not"
    )
    trouble = "none has a problem that the engine knows of"
    if listing.in_trouble:
        trouble = f"{listing.in_trouble} not well"
    return f"{counts}; {trouble}. Engine: {listing.engine}."


def _problem(problem: Problem) -> str:
    name = label(problem.container, problem.service)
    since = problem.seconds_in_state
    ago = "" if since is None else f"; {problem.state} for {format_duration(since)}"
    return f"{name} {problem.id}: {inline(problem.reason, 400)}{ago}"


def _projects(listing: ContainerList) -> str:
    lines = [_project(group) for group in listing.projects]
    if listing.projects_left_out:
        lines.append(f"and {plural(listing.projects_left_out, 'more project')}")
    hint = 'list_containers(project="...") lists a project\'s containers one by one.'
    return "The others, by compose project and service:\n" + "\n".join(lines) + f"\n{hint}"


def _project(group: ProjectGroup) -> str:
    services = ", ".join(_service(service) for service in group.services)
    more = f", and {group.services_left_out} more" if group.services_left_out else ""
    stopped = f", {group.stopped} stopped" if group.stopped else ""
    return f"{inline(group.project, 60)}: {group.running} running{stopped}: {services}{more}"


def _service(group: ServiceGroup) -> str:
    count = group.running + group.stopped
    times = f" x{count}" if count > 1 else ""
    state = f" ({group.stopped} stopped)" if group.stopped else ""
    ports = f" {' '.join(group.ports)}" if group.ports else ""
    return f"{inline(group.service, 40)}{times}{state}{ports}"
