"""One container: the parts of its inspection that matter, without secrets."""

from pydantic import BaseModel

from stacksight_core.redact import redact_assignments, redact_value
from stacksight_core.units import format_bytes
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.exits import describe_trouble, explain_exit
from stacksight_docker.clock import short_time
from stacksight_docker.facts import Container, HealthCheck, Listed, Mount

MAX_ENV = 80
MAX_MOUNTS = 20
MAX_CHECKS = 3
MAX_LOG_OPTIONS = 8
COMMAND_CHARS = 400
OUTPUT_CHARS = 300
NO_TROUBLE = "nothing in the engine's data points to a problem"


class Check(BaseModel):
    """One run of the health check."""

    at: str | None = None
    exit_code: int
    seconds: float | None = None
    output: str


class HealthView(BaseModel):
    """What the health check is and says."""

    status: str
    failing_streak: int
    test: str
    every_seconds: float
    timeout_seconds: float
    retries: int
    last_checks: list[Check] = []


class NetworkView(BaseModel):
    """A network the container is in, and the names it has there."""

    network: str
    address: str | None = None
    aliases: list[str] = []


class MountView(BaseModel):
    """A volume or folder of the host in the container."""

    kind: str
    source: str
    target: str
    writable: bool


class ComposeView(BaseModel):
    """Where compose says the container comes from."""

    project: str
    service: str
    depends_on: dict[str, str] = {}
    config_files: list[str] = []


class ContainerView(BaseModel):
    """What inspect_container answers."""

    container: str
    id: str
    status: str
    trouble: str
    image: str
    image_id: str
    created: str | None = None
    started: str | None = None
    last_end: str | None = None
    last_exit: str | None = None
    restarts: int
    restart_policy: str
    error: str | None = None
    oom_killed: bool
    health: HealthView | None = None
    entrypoint: str | None = None
    command: str | None = None
    user: str | None = None
    working_dir: str | None = None
    terminal: bool
    limits: list[str] = []
    flags: list[str] = []
    ports: list[str] = []
    requested_ports: list[str] = []
    network_mode: str
    networks: list[NetworkView] = []
    mounts: list[MountView] = []
    mounts_left_out: int = 0
    env_set: list[str] = []
    env_empty: list[str] = []
    env_left_out: int = 0
    log_driver: str
    log_options: dict[str, str] = {}
    compose: ComposeView | None = None
    drift: list[str] = []


def view_container(
    container: Container, listed: Listed, now: float, drift: list[str]
) -> ContainerView:
    """Choose what matters of a container, bounded, with secrets masked.

    Args:
        container: as inspected.
        listed: the same container in the list.
        now: the engine's clock.
        drift: how it differs from what would be started now.
    """
    ended = container.status in ("exited", "dead", "restarting")
    names = sorted(container.env)
    shown = names[:MAX_ENV]
    return ContainerView(
        container=listed.name,
        id=container.id[:12],
        status=listed.status or container.status,
        trouble=describe_trouble(container, now) or NO_TROUBLE,
        image=container.image,
        image_id=container.image_id.removeprefix("sha256:")[:12],
        created=_time(container.created),
        started=_time(container.started),
        last_end=_time(container.finished),
        last_exit=explain_exit(container.exit_code) if ended else None,
        restarts=container.restart_count,
        restart_policy=_policy(container),
        error=redact_assignments(container.error) or None,
        oom_killed=container.oom_killed,
        health=_health(container),
        entrypoint=command_text(container.entrypoint) or None,
        command=command_text(container.command) or None,
        user=container.user or None,
        working_dir=container.working_dir or None,
        terminal=container.tty,
        limits=_limits(container),
        flags=_flags(container),
        ports=[str(port) for port in container.ports],
        requested_ports=[str(port) for port in container.requested_ports],
        network_mode=container.network_mode,
        networks=[
            NetworkView(network=a.network, address=a.address or None, aliases=list(a.aliases)[:8])
            for a in container.attachments
        ],
        mounts=[_mount(mount) for mount in container.mounts[:MAX_MOUNTS]],
        mounts_left_out=max(0, len(container.mounts) - MAX_MOUNTS),
        env_set=[name for name in shown if container.env[name]],
        env_empty=[name for name in shown if not container.env[name]],
        env_left_out=len(names) - len(shown),
        log_driver=container.log_driver,
        log_options=_log_options(container),
        compose=_compose(container),
        drift=drift,
    )


def command_text(words: tuple[str, ...]) -> str:
    """Write a command on one line, secrets masked, cut at a length that still tells it."""
    return inline(redact_assignments(" ".join(words)), COMMAND_CHARS)


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else short_time(seconds)


def _policy(container: Container) -> str:
    limit = f", at most {container.restart_limit} times" if container.restart_limit else ""
    return f"{container.restart_policy}{limit}"


def _health(container: Container) -> HealthView | None:
    if container.health is None:
        return None
    return HealthView(
        status=container.health.status,
        failing_streak=container.health.failing_streak,
        test=command_text(container.health_test),
        every_seconds=container.health_interval,
        timeout_seconds=container.health_timeout,
        retries=container.health_retries,
        last_checks=[_check(check) for check in container.health.checks[-MAX_CHECKS:]],
    )


def _check(check: HealthCheck) -> Check:
    return Check(
        at=_time(check.started),
        exit_code=check.exit_code,
        seconds=None if check.seconds is None else round(check.seconds, 2),
        output=inline(redact_assignments(check.output.strip()), OUTPUT_CHARS),
    )


def _log_options(container: Container) -> dict[str, str]:
    options = list(container.log_options.items())[:MAX_LOG_OPTIONS]
    masked: dict[str, str] = redact_value({k: redact_assignments(v) for k, v in options})
    return masked


def _limits(container: Container) -> list[str]:
    limits = []
    if container.memory_limit:
        limits.append(f"memory {format_bytes(container.memory_limit)}")
    if container.cpus:
        limits.append(f"{container.cpus:g} CPUs")
    if container.pids_limit > 0:
        limits.append(f"{container.pids_limit} processes")
    return limits


def _flags(container: Container) -> list[str]:
    flags = {
        "privileged": container.privileged,
        "read-only root filesystem": container.read_only,
        "removed when it ends": container.auto_remove,
        "init as process 1": container.init,
        "stdin kept open": container.open_stdin,
    }
    return [flag for flag, is_set in flags.items() if is_set]


def _mount(mount: Mount) -> MountView:
    return MountView(
        kind=mount.kind, source=mount.source, target=mount.target, writable=mount.writable
    )


def _compose(container: Container) -> ComposeView | None:
    if container.compose is None:
        return None
    return ComposeView(
        project=container.compose.project,
        service=container.compose.service,
        depends_on=dict(container.compose.depends_on),
        config_files=list(container.compose.config_files),
    )
