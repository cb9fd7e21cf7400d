"""A capture as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, format_duration, plural
from stacksight_core.untrusted import fence
from stacksight_docker.analysis.activity import Activity, ContainerActivity
from stacksight_docker.facts import label
from stacksight_docker.logs.patterns import Group
from stacksight_docker.render.history import happening_row
from stacksight_docker.render.logs import when

COLUMNS = ("container", "state", "restarts", "peak CPU %", "peak memory", "records", "errors")


def render_activity(activity: Activity) -> str:
    """Write the handle when a capture begins, else what the containers did."""
    if activity.state == "started":
        return (
            f"Capture {activity.capture} watches {plural(activity.watched, 'container')}. Do what "
            f'is to be observed, then capture_activity(action="stop", '
            f'capture="{activity.capture}"); action="read" tells so far.'
        )
    parts = [_headline(activity)]
    if activity.containers:
        parts.append(render_table(COLUMNS, [_row(row) for row in activity.containers]))
    if activity.new_patterns:
        lines = "\n".join(_group(group) for group in activity.new_patterns)
        parts.append(fence(lines, "log records never seen before the capture"))
    known = [g for g in activity.errors if g.shape not in {n.shape for n in activity.new_patterns}]
    if known:
        parts.append(fence("\n".join(_group(g) for g in known), "errors known from before"))
    if activity.happenings:
        rows = [happening_row(happening) for happening in activity.happenings]
        parts.append(render_table(("time (UTC)", "what", "happened", "details"), rows))
    if activity.happenings_left_out:
        parts.append(f"{plural(activity.happenings_left_out, 'older event')} not shown.")
    if activity.not_examined:
        parts.append(f"Not examined: {'; '.join(activity.not_examined)}.")
    return "\n\n".join(parts)


def _headline(activity: Activity) -> str:
    restarted = sum(row.restarts > 0 for row in activity.containers)
    errors = sum(row.errors for row in activity.containers)
    quiet = f"; {activity.quiet} did and said nothing" if activity.quiet else ""
    end = "The capture is over." if activity.state == "stopped" else "The capture goes on."
    return (
        f"In {format_duration(activity.seconds)}, of {plural(activity.watched, 'container')}: "
        f"{restarted} restarted, {plural(errors, 'error record')}, "
        f"{plural(len(activity.new_patterns), 'new log pattern')}{quiet}. {end}"
    )


def _row(row: ContainerActivity) -> tuple[object, ...]:
    memory = None if row.peak_memory_bytes is None else format_bytes(row.peak_memory_bytes)
    state = row.changed or row.state
    return (
        label(row.container, row.service),
        state,
        row.restarts,
        row.peak_cpu_percent,
        memory,
        row.records,
        row.errors,
    )


def _group(group: Group) -> str:
    names = ", ".join(group.containers[:3])
    level = f" {group.level}" if group.level else ""
    sample = group.sample.replace("\n", "\n    ") if group.sample else group.shape
    return f"{group.count}x{level} {when(group)} [{names}] {sample}"
