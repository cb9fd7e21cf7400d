"""Usage as text."""

from stacksight_core.layout import render_table
from stacksight_core.units import format_bytes, plural
from stacksight_docker.analysis.usage import Usage, UsageAnswer
from stacksight_docker.facts import label

COLUMNS = ("container", "CPU %", "memory", "of limit", "received/sent", "read/written", "processes")


def render_usage(answer: UsageAnswer) -> str:
    """Write the totals, what is at a limit, then the containers."""
    head = (
        f"{plural(answer.containers, 'running container')}: {answer.total_cpu_percent:g} % CPU "
        f"(the host has {answer.cpus * 100} %), {format_bytes(answer.total_memory_bytes)} of "
        f"{format_bytes(answer.host_memory_bytes)} memory. Measured {answer.measured}."
    )
    parts = [head]
    if answer.findings:
        parts.append("\n".join(f"- {finding}" for finding in answer.findings))
    elif answer.rows:
        parts.append("None is at its memory limit or held back by its CPU limit.")
    if answer.rows:
        parts.append(render_table(COLUMNS, [_row(row) for row in answer.rows]))
        parts.append("Network and disk count since each container's start.")
    if answer.rows_left_out:
        parts.append(
            f"{plural(answer.rows_left_out, 'more container')}, each with less: name containers or "
            "a project to see them."
        )
    if answer.not_measured:
        parts.append(f"Not measured: {', '.join(answer.not_measured)}.")
    return "\n\n".join(parts)


def _row(usage: Usage) -> tuple[object, ...]:
    throttled = ""
    if usage.throttled_percent:
        throttled = f" (throttled {usage.throttled_percent:g} %)"
    limit = usage.memory_limit_bytes
    of_limit = f"{usage.memory_percent:g} % of {format_bytes(limit)}" if limit else "no limit"
    network = None
    if usage.received_bytes is not None and usage.sent_bytes is not None:
        network = f"{format_bytes(usage.received_bytes)}/{format_bytes(usage.sent_bytes)}"
    disk = f"{format_bytes(usage.read_bytes)}/{format_bytes(usage.written_bytes)}"
    memory = format_bytes(usage.memory_bytes)
    cpu = f"{usage.cpu_percent:g}{throttled}"
    name = label(usage.container, usage.service)
    return name, cpu, memory, of_limit, network, disk, usage.processes
