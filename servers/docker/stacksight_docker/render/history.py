"""Events as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_count, plural
from stacksight_docker.analysis.history import Happening, History


def render_history(history: History) -> str:
    """Write how far back this reaches, the counts, then what happened, newest last."""
    checks = ""
    if history.health_checks:
        checks = f", and {format_count(history.health_checks)} of health checks (left out)"
    head = f"{plural(history.events, 'event')} {history.window}{checks}. {_reach(history)}"
    if not history.happenings:
        return head
    counts = ", ".join(f"{name} {count}" for name, count in history.counts.items())
    rows = [happening_row(happening) for happening in history.happenings]
    parts = [head, f"By kind: {counts}"]
    if history.left_out:
        parts.append(f"{plural(history.left_out, 'older one')} not shown: name a container.")
    parts.append(render_table(("time (UTC)", "what", "happened", "details"), rows))
    return "\n\n".join(parts)


def _reach(history: History) -> str:
    kept = ""
    if history.kept_from:
        kept = f" This server keeps events itself since {history.kept_from}."
    if history.remembered_from is None:
        return f"The engine remembers none of that time (it keeps the last 256 of all).{kept}"
    return (
        f"The oldest known is of {history.remembered_from}; the engine forgets all but its last "
        f"256, and each health check takes three.{kept}"
    )


def happening_row(happening: Happening) -> tuple[object, ...]:
    """Write an event as cells: when, what, what happened, details."""
    details = ", ".join(f"{name} {value}" for name, value in happening.details.items())
    again = f" x{happening.repeated}, until {(happening.until or '')[11:]}"
    repeated = again if happening.repeated > 1 else ""
    what = happening.name if happening.kind == "container" else f"{happening.kind} {happening.name}"
    return happening.at, what, f"{happening.action}{repeated}", details or None
