"""One container as text."""

from stacksight_core.units import format_duration, plural
from stacksight_core.untrusted import fence, inline
from stacksight_docker.analysis.view import Check, ContainerView, HealthView
from stacksight_docker.facts import label


def render_container(view: ContainerView) -> str:
    """Write what is wrong, then the state, then how the container is set up."""
    facts = [
        ("state", f"{view.status}; {view.trouble}"),
        ("last exit", _last_exit(view)),
        ("error", view.error and inline(view.error, 500)),
        ("restarts", f"{view.restarts} (policy {view.restart_policy})"),
        ("image", f"{view.image} ({view.image_id})"),
        ("created", _created(view)),
        ("drift", "; ".join(view.drift)),
        ("entrypoint", view.entrypoint),
        ("command", view.command),
        ("runs as", _runs_as(view)),
        ("limits", ", ".join(view.limits) or "none"),
        ("flags", ", ".join(view.flags)),
        ("ports", _ports(view)),
        ("networks", _networks(view)),
        ("mounts", _mounts(view)),
        ("environment", _environment(view)),
        ("logs", _logs(view)),
        ("compose", _compose(view)),
    ]
    lines = [f"{_name(view)} {view.id}"]
    lines += [f"{name}: {value}" for name, value in facts if value]
    if view.health is not None:
        lines.append(_health(view.health))
    return "\n".join(lines)


def _name(view: ContainerView) -> str:
    compose = view.compose
    return label(view.container, f"{compose.project}/{compose.service}" if compose else None)


def _last_exit(view: ContainerView) -> str | None:
    if view.last_end is None:
        return None
    code = f"exit code {view.last_exit}, " if view.last_exit is not None else ""
    oom = ", killed for lack of memory" if view.oom_killed else ""
    return f"{code}ended {view.last_end}{oom}"


def _created(view: ContainerView) -> str:
    started = f"; started {view.started}" if view.started else "; never started"
    return f"{view.created or 'unknown'}{started}"


def _runs_as(view: ContainerView) -> str:
    terminal = ", with a terminal" if view.terminal else ""
    return f"user {view.user or 'root'} in {view.working_dir or '/'}{terminal}"


def _ports(view: ContainerView) -> str:
    open_ports = ", ".join(view.ports) or "none published"
    missing = [port for port in view.requested_ports if port not in view.ports]
    return f"{open_ports}; asked for but not open: {', '.join(missing)}" if missing else open_ports


def _networks(view: ContainerView) -> str:
    described = []
    for network in view.networks:
        address = f" {network.address}" if network.address else " (not connected)"
        names = f" as {', '.join(network.aliases)}" if network.aliases else ""
        described.append(f"{network.network}{address}{names}")
    return "; ".join(described) or f"mode {view.network_mode}"


def _mounts(view: ContainerView) -> str:
    shown = [
        f"{m.kind} {inline(m.source, 120)} at {inline(m.target, 120)}"
        f"{'' if m.writable else ' (read-only)'}"
        for m in view.mounts
    ]
    if view.mounts_left_out:
        shown.append(f"{view.mounts_left_out} more")
    return "; ".join(shown) or "none"


def _environment(view: ContainerView) -> str:
    parts = []
    if view.env_set:
        parts.append(f"set (values not shown): {', '.join(view.env_set)}")
    if view.env_empty:
        parts.append(f"empty: {', '.join(view.env_empty)}")
    if view.env_left_out:
        parts.append(f"{view.env_left_out} more")
    return "; ".join(parts) or "no variables"


def _logs(view: ContainerView) -> str:
    options = ", ".join(f"{name}={value}" for name, value in view.log_options.items())
    return f"driver {view.log_driver}{f' ({options})' if options else ''}"


def _compose(view: ContainerView) -> str | None:
    if view.compose is None:
        return None
    needs = ", ".join(f"{name} ({how})" for name, how in view.compose.depends_on.items())
    files = ", ".join(view.compose.config_files)
    parts = [f"service {view.compose.service} of project {view.compose.project}"]
    parts += [f"depends on {needs}"] if needs else []
    parts += [f"from {files}"] if files else []
    return "; ".join(parts)


def _health(health: HealthView) -> str:
    streak = f", failed {plural(health.failing_streak, 'time')} in a row"
    head = (
        f"health: {health.status}{streak if health.failing_streak else ''}; "
        f"`{health.test}` every {format_duration(health.every_seconds)}, "
        f"timeout {format_duration(health.timeout_seconds)}, {health.retries} retries"
    )
    if not health.last_checks:
        return head
    checks = "\n".join(
        f"{check.at or '-'} exit {check.exit_code}{_after(check)}: {check.output or '(no output)'}"
        for check in health.last_checks
    )
    return f"{head}\n{fence(checks, 'last health checks')}"


def _after(check: Check) -> str:
    return "" if check.seconds is None else f" after {format_duration(check.seconds)}"
