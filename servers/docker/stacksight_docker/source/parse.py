"""From the engine's JSON to facts. Absent and null fields are taken as empty."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from stacksight_docker.clock import parse_time
from stacksight_docker.facts import (
    Attachment,
    Compose,
    Container,
    EngineInfo,
    Health,
    HealthCheck,
    Listed,
    Mount,
    Port,
)
from stacksight_docker.source.targets import find_targets

Json = Mapping[str, Any]

_LABEL = "com.docker.compose."
_EXIT_CODE = re.compile(r"^(?:Exited|Restarting) \((-?\d+)\)")
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_NANO = 1_000_000_000


def parse_listed(raw: Json) -> Listed:
    """Parse one entry of ``/containers/json``."""
    status = str(raw.get("Status") or "")
    exit_code = _EXIT_CODE.match(status)
    health = _HEALTH.search(status)
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return Listed(
        id=str(raw["Id"]),
        name=_first_name(raw.get("Names") or []) or str(raw["Id"])[:12],
        image=str(raw.get("Image") or ""),
        image_id=str(raw.get("ImageID") or ""),
        created=float(raw.get("Created") or 0),
        state=str(raw.get("State") or ""),
        status=status,
        exit_code=int(exit_code[1]) if exit_code else None,
        health=health[1] if health else None,
        ports=_unique(_listed_port(port) for port in raw.get("Ports") or []),
        networks={name: str((net or {}).get("IPAddress") or "") for name, net in networks.items()},
        volumes=tuple(str(m["Name"]) for m in raw.get("Mounts") or [] if m.get("Name")),
        compose=parse_compose(raw.get("Labels") or {}),
    )


def _first_name(names: list[str]) -> str:
    # A container that another one links to has a second name with that one's name in front.
    own = [name.removeprefix("/") for name in names if "/" not in name.removeprefix("/")]
    return own[0] if own else (names[0].removeprefix("/") if names else "")


def _listed_port(raw: Json) -> Port:
    public = raw.get("PublicPort")
    return Port(
        private=int(raw.get("PrivatePort") or 0),
        protocol=str(raw.get("Type") or "tcp"),
        public=int(public) if public else None,
        address=str(raw.get("IP") or ""),
    )


def _unique(ports: Iterable[Port]) -> tuple[Port, ...]:
    """Keep one of the ports that are written the same, as those of IPv4 and IPv6 are."""
    return tuple({str(port): port for port in ports}.values())


def parse_compose(labels: Json) -> Compose | None:
    """Parse compose's labels; None on a container that compose did not make."""
    project = labels.get(f"{_LABEL}project")
    if not project:
        return None
    files = str(labels.get(f"{_LABEL}project.config_files") or "")
    depends = str(labels.get(f"{_LABEL}depends_on") or "")
    return Compose(
        project=str(project),
        service=str(labels.get(f"{_LABEL}service") or ""),
        number=str(labels.get(f"{_LABEL}container-number") or ""),
        one_off=str(labels.get(f"{_LABEL}oneoff")).lower() == "true",
        config_hash=str(labels.get(f"{_LABEL}config-hash") or ""),
        config_files=tuple(file for file in files.split(",") if file),
        working_dir=str(labels.get(f"{_LABEL}project.working_dir") or ""),
        depends_on=dict(_dependency(entry) for entry in depends.split(",") if entry),
    )


def _dependency(entry: str) -> tuple[str, str]:
    service, _, rest = entry.partition(":")
    return service, rest.partition(":")[0] or "service_started"


def parse_container(raw: Json) -> Container:
    """Parse the answer of ``/containers/{id}/json``."""
    state = raw.get("State") or {}
    config = raw.get("Config") or {}
    host = raw.get("HostConfig") or {}
    network = raw.get("NetworkSettings") or {}
    check = config.get("Healthcheck") or {}
    policy = host.get("RestartPolicy") or {}
    log = host.get("LogConfig") or {}
    return Container(
        id=str(raw["Id"]),
        name=str(raw.get("Name") or raw["Id"][:12]).removeprefix("/"),
        image=str(config.get("Image") or ""),
        image_id=str(raw.get("Image") or ""),
        platform=str(raw.get("Platform") or ""),
        created=parse_time(raw.get("Created")),
        status=str(state.get("Status") or ""),
        exit_code=int(state.get("ExitCode") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        pid=int(state.get("Pid") or 0),
        started=parse_time(state.get("StartedAt")),
        finished=parse_time(state.get("FinishedAt")),
        restart_count=int(raw.get("RestartCount") or 0),
        restart_policy=str(policy.get("Name") or "no"),
        restart_limit=int(policy.get("MaximumRetryCount") or 0),
        health=_health(state.get("Health") or state.get("Healthcheck")),
        health_test=_texts(check.get("Test")),
        health_interval=(check.get("Interval") or 30 * _NANO) / _NANO,
        health_timeout=(check.get("Timeout") or 30 * _NANO) / _NANO,
        health_retries=int(check.get("Retries") or 3),
        entrypoint=_texts(config.get("Entrypoint")),
        command=_texts(config.get("Cmd")),
        path=str(raw.get("Path") or ""),
        args=_texts(raw.get("Args")),
        user=str(config.get("User") or ""),
        working_dir=str(config.get("WorkingDir") or ""),
        tty=bool(config.get("Tty")),
        open_stdin=bool(config.get("OpenStdin")),
        env=dict(_variable(entry) for entry in config.get("Env") or []),
        env_targets=find_targets(config.get("Env") or []),
        log_driver=str(log.get("Type") or ""),
        log_options={str(k): str(v) for k, v in (log.get("Config") or {}).items()},
        log_path=str(raw.get("LogPath") or ""),
        memory_limit=int(host.get("Memory") or 0),
        cpus=_cpus(host),
        pids_limit=int(host.get("PidsLimit") or 0),
        open_files_limit=_open_files(host.get("Ulimits") or []),
        read_only=bool(host.get("ReadonlyRootfs")),
        tmpfs={str(path): str(options) for path, options in (host.get("Tmpfs") or {}).items()},
        cap_add=_texts(host.get("CapAdd")),
        cap_drop=_texts(host.get("CapDrop")),
        security_options=_texts(host.get("SecurityOpt")),
        privileged=bool(host.get("Privileged")),
        auto_remove=bool(host.get("AutoRemove")),
        init=bool(host.get("Init")),
        network_mode=str(host.get("NetworkMode") or ""),
        mounts=tuple(_mount(mount) for mount in raw.get("Mounts") or []),
        attachments=tuple(_attachments(network.get("Networks") or {})),
        ports=_unique(_port_map(network.get("Ports") or {})),
        requested_ports=_unique(_port_map(host.get("PortBindings") or {})),
        compose=parse_compose(config.get("Labels") or {}),
    )


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(item) for item in value)


def _variable(entry: str) -> tuple[str, bool]:
    name, _, value = entry.partition("=")
    return name, bool(value)


def _open_files(limits: Iterable[Json]) -> int:
    """Return how many files a process may open; 0 without a limit of its own."""
    return next((int(x.get("Soft") or 0) for x in limits if x.get("Name") == "nofile"), 0)


def _cpus(host: Json) -> float:
    """Return the limit in CPUs; 0 without one."""
    if host.get("NanoCpus"):
        return float(host["NanoCpus"]) / _NANO
    quota, period = int(host.get("CpuQuota") or 0), int(host.get("CpuPeriod") or 0)
    return quota / (period or 100_000) if quota > 0 else 0.0


def _health(raw: Json | None) -> Health | None:
    if not raw or raw.get("Status") in (None, "", "none"):
        return None
    return Health(
        status=str(raw["Status"]),
        failing_streak=int(raw.get("FailingStreak") or 0),
        checks=tuple(_check(check) for check in raw.get("Log") or []),
    )


def _check(raw: Json) -> HealthCheck:
    started, ended = parse_time(raw.get("Start")), parse_time(raw.get("End"))
    seconds = None if started is None or ended is None else max(0.0, ended - started)
    return HealthCheck(
        started=started,
        seconds=seconds,
        exit_code=int(raw.get("ExitCode") or 0),
        output=str(raw.get("Output") or ""),
    )


def _mount(raw: Json) -> Mount:
    named = raw.get("Type") == "volume" and raw.get("Name")
    return Mount(
        kind=str(raw.get("Type") or ""),
        source=str(raw.get("Name") if named else raw.get("Source") or ""),
        target=str(raw.get("Destination") or ""),
        writable=bool(raw.get("RW")),
    )


def _attachments(networks: Json) -> Iterable[Attachment]:
    for name, raw in networks.items():
        network = raw or {}
        aliases = (*(network.get("Aliases") or ()), *(network.get("DNSNames") or ()))
        yield Attachment(name, str(network.get("IPAddress") or ""), tuple(dict.fromkeys(aliases)))


def _port_map(ports: Json) -> Iterable[Port]:
    for name, bindings in ports.items():
        number, _, protocol = str(name).partition("/")
        if not number.isdigit():
            continue
        for binding in bindings or [{}]:
            public = str(binding.get("HostPort") or "")
            yield Port(
                private=int(number),
                protocol=protocol or "tcp",
                public=int(public) if public.isdigit() else None,
                address=str(binding.get("HostIp") or ""),
            )


def parse_info(url: str, origin: str, software: str, api_version: str, raw: Json) -> EngineInfo:
    """Parse the answer of ``/info``."""
    return EngineInfo(
        url=url,
        origin=origin,
        software=software,
        name=str(raw.get("Name") or ""),
        version=str(raw.get("ServerVersion") or ""),
        api_version=api_version,
        architecture=str(raw.get("Architecture") or ""),
        cpus=int(raw.get("NCPU") or 0),
        memory=int(raw.get("MemTotal") or 0),
        root_dir=str(raw.get("DockerRootDir") or ""),
        log_driver=str(raw.get("LoggingDriver") or ""),
    )
