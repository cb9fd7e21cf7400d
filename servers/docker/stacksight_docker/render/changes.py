"""What was changed, as text."""

from stacksight_core.redact import redact_assignments
from stacksight_core.units import format_bytes, format_duration
from stacksight_core.untrusted import fence
from stacksight_docker.analysis.changes import Controlled, Ran
from stacksight_docker.analysis.exits import explain_exit
from stacksight_docker.facts import label


def render_controlled(controlled: Controlled) -> str:
    """Write what was done and how the container is now."""
    done = (
        f"{controlled.action}: done" if controlled.changed else "Nothing changed: it was so already"
    )
    name = label(controlled.container, controlled.service)
    text = f"{name}: {done}. Before: {controlled.before}. Now: {controlled.after}."
    if controlled.trouble:
        text += f" Not well: {controlled.trouble}.\nNext: diagnose says why."
    return text


def render_ran(ran: Ran) -> str:
    """Write how a command ended and what it wrote."""
    name = label(ran.container, ran.service)
    took = format_duration(ran.seconds)
    if ran.exit_code is None:
        head = f"{name}: it has not ended within {took}, and goes on in the container."
    else:
        head = f"{name}: exit code {explain_exit(ran.exit_code)} after {took}."
    if not ran.output:
        return f"{head} It wrote nothing."
    left = f" ({format_bytes(ran.bytes_left_out)} left out)" if ran.bytes_left_out else ""
    return f"{head} Its output{left}:\n{fence(redact_assignments(ran.output), 'output')}"
