"""Images, volumes, networks and disk use as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, plural
from stacksight_docker.analysis.resources import Resource, Resources


def render_resources(resources: Resources) -> str:
    """Write how much there is and can be freed, then the rows."""
    parts = [_headline(resources)]
    parts += [f"- {finding}" for finding in resources.findings]
    if resources.rows:
        columns, cells = _table(resources)
        parts.append(render_table(columns, cells))
    if resources.rows_left_out:
        parts.append(f"and {resources.rows_left_out} more")
    if resources.not_examined:
        parts.append(f"Not examined: {'; '.join(resources.not_examined)}.")
    return "\n".join(parts)


def _headline(resources: Resources) -> str:
    freed = ""
    if resources.reclaimable_bytes is not None:
        freed = f"; removing what is unused frees {format_bytes(resources.reclaimable_bytes)}"
    if resources.kind == "disk":
        size = sum(row.size_bytes or 0 for row in resources.rows)
        return f"The engine's data take {format_bytes(size)}{freed}."
    noun = resources.kind.removesuffix("s")
    return f"{plural(resources.total, noun)}, {resources.unused} unused{freed}."


def _table(resources: Resources) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    if resources.kind == "disk":
        return ("what", "size", "can be freed", "details"), [
            (r.name, _size(r.size_bytes), _size(r.reclaimable_bytes), r.details)
            for r in resources.rows
        ]
    if resources.kind == "networks":
        return ("network", "used by", "details"), [
            (r.name, _users(r), r.details) for r in resources.rows
        ]
    return ("name", "size", "used by", "details"), [
        (r.name, _size(r.size_bytes), _users(r), r.details) for r in resources.rows
    ]


def _size(count: int | None) -> str | None:
    return None if count is None else format_bytes(count)


def _users(resource: Resource) -> str:
    if not resource.used_by:
        return "-" if resource.users else "nothing"
    more = resource.users - len(resource.used_by)
    return ", ".join(resource.used_by) + (f" and {more} more" if more > 0 else "")
