"""What an engine knows about containers, parsed once into plain types.

Times are seconds since the epoch; None where the engine has none. Names come without the leading
slash. Values of environment variables are never kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

LATE_START_SECONDS = 0.5
PODMAN = "Libpod"
"""What Podman's engine calls itself in its answers."""


@dataclass(frozen=True)
class Port:
    """A port of a container, and where the host publishes it."""

    private: int
    protocol: str = "tcp"
    public: int | None = None
    address: str = ""

    def __str__(self) -> str:
        private = f"{self.private}" if self.protocol == "tcp" else f"{self.private}/{self.protocol}"
        if self.public is None:
            return private
        host = "" if self.address in ("", "0.0.0.0", "::") else f"{self.address}:"  # noqa: S104
        return f"{host}{self.public}->{private}"


@dataclass(frozen=True)
class Compose:
    """Where a container comes from, as its compose labels say."""

    project: str
    service: str
    number: str = ""
    one_off: bool = False
    config_hash: str = ""
    config_files: tuple[str, ...] = ()
    working_dir: str = ""
    depends_on: Mapping[str, str] = field(default_factory=dict)
    """Service to condition: ``service_started``, ``service_healthy``, …"""


def label(name: str, service: str | None) -> str:
    """Return what texts call a container: its name, with project/service where it has them."""
    return f"{name} ({service})" if service else name


@dataclass(frozen=True)
class Listed:
    """A container as the list shows it."""

    id: str
    name: str
    image: str
    image_id: str
    created: float
    state: str
    """created, running, paused, restarting, removing, exited or dead."""
    status: str
    """The engine's sentence: ``Up 3 minutes (healthy)``, ``Exited (1) 2 hours ago``."""
    exit_code: int | None = None
    health: str | None = None
    """healthy, unhealthy or starting; None without a health check."""
    ports: tuple[Port, ...] = ()
    networks: Mapping[str, str] = field(default_factory=dict)
    """Network name to the container's address in it."""
    volumes: tuple[str, ...] = ()
    """Names of the volumes mounted into it."""
    compose: Compose | None = None

    @property
    def service(self) -> str | None:
        """Compose's name for what it is one container of: ``project/service``."""
        return f"{self.compose.project}/{self.compose.service}" if self.compose else None

    @property
    def label(self) -> str:
        """What texts call it."""
        return label(self.name, self.service)


@dataclass(frozen=True)
class HealthCheck:
    """One run of a container's health check."""

    started: float | None
    seconds: float | None
    exit_code: int
    output: str


@dataclass(frozen=True)
class Health:
    """What the health check says, and its last runs, oldest first."""

    status: str
    failing_streak: int
    checks: tuple[HealthCheck, ...] = ()


@dataclass(frozen=True)
class Mount:
    """A volume or a folder of the host in a container."""

    kind: str
    source: str
    target: str
    writable: bool


@dataclass(frozen=True)
class Attachment:
    """A container's place in a network."""

    network: str
    address: str
    aliases: tuple[str, ...]


class Target(NamedTuple):
    """The host that a variable's value names, and its port where the value says it."""

    host: str
    port: int | None


@dataclass(frozen=True)
class Container:
    """A container as inspecting it shows it."""

    id: str
    name: str
    image: str
    image_id: str
    platform: str
    created: float | None
    status: str
    exit_code: int
    oom_killed: bool
    error: str
    pid: int
    started: float | None
    finished: float | None
    restart_count: int
    restart_policy: str
    restart_limit: int
    health: Health | None
    health_test: tuple[str, ...]
    health_interval: float
    health_timeout: float
    health_retries: int
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    path: str
    args: tuple[str, ...]
    user: str
    working_dir: str
    tty: bool
    open_stdin: bool
    env: Mapping[str, bool]
    """Variable to whether it has a value."""
    env_targets: Mapping[str, Target]
    """Variable to the host that its address names; nothing else of a value is kept."""
    log_driver: str
    log_options: Mapping[str, str]
    log_path: str
    """The newest file of its log on the engine's machine; empty where the driver has none."""
    memory_limit: int
    cpus: float
    pids_limit: int
    open_files_limit: int
    read_only: bool
    tmpfs: Mapping[str, str]
    """Folder in memory to its options, such as ``size=64k``."""
    cap_add: tuple[str, ...]
    cap_drop: tuple[str, ...]
    security_options: tuple[str, ...]
    privileged: bool
    auto_remove: bool
    init: bool
    network_mode: str
    mounts: tuple[Mount, ...]
    attachments: tuple[Attachment, ...]
    ports: tuple[Port, ...]
    requested_ports: tuple[Port, ...]
    compose: Compose | None

    @property
    def run_seconds(self) -> float | None:
        """How long the last finished run took, at least 0; None when it never finished.

        The engine sometimes notes the end of a very short run before its start.
        """
        if self.started is None or self.finished is None or self.status in ("running", "paused"):
            return None
        return max(0.0, self.finished - self.started)

    @property
    def speaks_since(self) -> float | None:
        """From when on log lines are of the last run; None when it never started.

        The engine notes the start a little late: a quick container has written lines before it.
        """
        return None if self.started is None else self.started - LATE_START_SECONDS


@dataclass(frozen=True)
class EngineInfo:
    """Which engine answers, and its machine."""

    url: str
    origin: str
    software: str
    name: str
    version: str
    api_version: str
    architecture: str
    cpus: int
    memory: int
    root_dir: str
    log_driver: str

    @property
    def is_podman(self) -> bool:
        """Podman answers less: not why a start failed, nor who is unhealthy in its list."""
        return self.software.startswith(PODMAN)


class LogLine(NamedTuple):
    """A line as the container wrote it.

    Attributes:
        time: RFC 3339 with nanoseconds in UTC, as the engine noted it; sorts as text.
        stream: ``out`` or ``err``; a terminal has only ``out``.
        text: without the line's end.
    """

    time: str
    stream: str
    text: str


@dataclass(frozen=True)
class Event:
    """Something that happened on the engine."""

    time: float
    kind: str
    """container, image, network, volume or daemon."""
    action: str
    """die, oom, start, ``health_status: unhealthy``, …"""
    actor_id: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sample:
    """What a container has used at one moment. Counters count since its start.

    Attributes:
        at: a clock that only runs forward, in seconds.
        cpu_seconds: CPU time.
        memory: bytes in use without the file cache that can be dropped, as ``docker stats`` counts.
        memory_limit: bytes; None without a limit.
        processes: processes and threads.
        received: bytes over the network; None where it has none of its own.
        sent: bytes over the network.
        read: bytes from disk.
        written: bytes to disk.
        periods: scheduling periods in which it wanted to run, where it has a CPU limit.
        throttled: how many of these it had to wait in.
    """

    at: float
    cpu_seconds: float
    memory: int
    memory_limit: int | None
    processes: int
    received: int | None
    sent: int | None
    read: int
    written: int
    periods: int
    throttled: int


class OomKill(NamedTuple):
    """A process that the kernel killed for lack of memory.

    Attributes:
        time: seconds since the epoch.
        task: the name of the process.
        by_host: the whole host had none left; else the container's limit was reached.
    """

    time: float
    task: str
    by_host: bool


class Listener(NamedTuple):
    """A TCP port that a container listens on, and whether only itself can reach it."""

    port: int
    loopback: bool


@dataclass(frozen=True)
class Inside:
    """What the host sees inside a running container.

    Attributes:
        listeners: TCP ports it listens on.
        zombies: processes that ended and that their parent has not collected.
    """

    listeners: frozenset[Listener] = frozenset()
    zombies: int = 0


@dataclass(frozen=True)
class Image:
    """An image on the engine."""

    id: str
    tags: tuple[str, ...]
    size: int
    created: float
    shared: int | None = None
    """Bytes that other images have too; None when the engine was not asked to add them up."""


@dataclass(frozen=True)
class Volume:
    """A volume; its size is None when the engine was not asked to add it up, or could not."""

    name: str
    driver: str
    project: str
    anonymous: bool
    size: int | None = None


@dataclass(frozen=True)
class Network:
    """A network, and its address range."""

    id: str
    name: str
    driver: str
    internal: bool
    subnets: tuple[str, ...]
    project: str


@dataclass(frozen=True)
class DiskUse:
    """What the engine's data take, as it adds it up itself."""

    layers: int
    images: tuple[Image, ...]
    volumes: tuple[Volume, ...]
    writable: Mapping[str, int]
    """Bytes that containers wrote into themselves, by container id."""
    build_cache: int
    build_cache_unused: int
