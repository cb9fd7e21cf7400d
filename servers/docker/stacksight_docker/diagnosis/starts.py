"""Containers that could not start: what the engine said about it."""

import re

from stacksight_core.redact import redact_assignments
from stacksight_core.untrusted import inline
from stacksight_docker.analysis.view import command_text
from stacksight_docker.diagnosis.model import Case, Finding

ERROR_CHARS = 260
_PORT = re.compile(
    r"(?:Bind for |bind: |listen tcp4? )?(?P<address>[\d.]+|\[?::\]?)?:(?P<port>\d+)"
    r"(?: failed)?:? (?:port is already allocated|.*address already in use)"
    r"|exposing port \S+ (?P<other>\d+)"
)
_MISSING_COMMAND = re.compile(
    r'exec: "(?P<command>[^"]+)":.*?(?:no such file|executable file not found)', re.S
)
_NOT_EXECUTABLE = re.compile(
    r'exec: "(?P<command>[^"]+)":.*?(?:permission denied|is a directory)', re.S
)
_WRONG_KIND = re.compile(r"not a directory|trying to mount a directory|is a directory")
_BIND_SOURCE = re.compile(r"bind source path does not exist: (?P<path>\S+)|mkdir (?P<made>\S+):")
_MOUNTED = re.compile(r'mounting "(?P<source>[^"]+)" to rootfs at "(?P<target>[^"]+)"')
_NETWORK = re.compile(r"network (?P<name>\S+) not found|could not find.*network (?P<other>\S+)")
_ENDPOINT = re.compile(r"failed to create endpoint \S+ on network (?P<name>[^:\s]+): (?!.*port)")
_USER = re.compile(r"unable to find (?:user|group) (?P<user>[^:\s]+)")
_JOINED = re.compile(
    r"(?:cannot join network of a (?:non running|restarting) container"
    r"|[Nn]o such container|is restarting.*): ?(?P<id>[0-9a-f]{64})"
)
# What every failed start begins with.
_CHAIN = re.compile(
    r"^(?:failed to create (?:shim )?task(?: for container)?: |OCI runtime create failed: "
    r"|(?:runc|crun) create failed: |unable to start container process: "
    r"|error during container init: )+"
)
_DEVICE = re.compile(r"could not select device driver|unknown or invalid runtime|no such device")


def find_start_failure(case: Case) -> Finding | None:
    """Explain why the engine could not start a container; None when it could."""
    error = case.container.error
    if not error:
        return None
    said = f"State.Error: {inline(redact_assignments(_CHAIN.sub('', error)), ERROR_CHARS)}"
    code = f"State.ExitCode={case.container.exit_code}, State.Status={case.container.status}"
    rules = (_port_taken, _architecture, _user, _folder, _command, _joined, _mount, _network)
    for rule in rules:
        finding = rule(case, error, [said, code])
        if finding is not None:
            return finding
    problem = "the engine could not start it"
    if _DEVICE.search(error):
        problem = "it asks for a device or runtime that this engine does not have"
    return Finding(
        kind="start-failed",
        problem=problem,
        confidence="proved",
        evidence=[said, code],
        next="Correct what State.Error names in its definition and recreate it.",
    )


def _port_taken(case: Case, error: str, evidence: list[str]) -> Finding | None:
    if "already allocated" not in error and "address already in use" not in error:
        return None
    match = _PORT.search(error)
    port = int(match["port"] or match["other"]) if match else 0
    holder = _holder(case, port)
    by = f", by {holder}" if holder else ""
    shown = [*evidence, f"port {port} is held by {holder}"] if holder else evidence
    return Finding(
        kind="port-taken",
        problem=f"port {port} of the host is already in use{by}",
        confidence="proved",
        evidence=shown,
        next=f"Stop {holder}, or publish another host port; then start it."
        if holder
        else f"See who listens there (`ss -ltnp sport = :{port}`), stop it or publish another host "
        f"port; then start it.",
        ruled_out=["its image and command (they never ran)"],
    )


def _holder(case: Case, port: int) -> str | None:
    for other in case.scene.listed.values():
        if other.id != case.container.id and any(p.public == port for p in other.ports):
            return f"container {other.label}"
    process = case.scene.listeners.get(port)
    return f"host process {process}" if process else None


def _architecture(case: Case, error: str, evidence: list[str]) -> Finding | None:
    if "exec format error" not in error:
        return None
    return Finding(
        kind="wrong-architecture",
        problem="its program is for another processor architecture, or its script has no #! line",
        confidence="proved",
        evidence=[*evidence, f"engine Architecture={case.scene.info.architecture}"],
        next="Build or pull the image for the engine's platform, or add the script's #! line.",
    )


def _user(case: Case, error: str, evidence: list[str]) -> Finding | None:
    match = _USER.search(error)
    if match is None:
        return None
    return Finding(
        kind="user-missing",
        problem=f"its user or group {inline(match['user'], 60)} does not exist in the image",
        confidence="proved",
        evidence=[*evidence, f"Config.User={case.container.user}"],
        next="Create the user in the image (`RUN adduser`), or give a numeric id (`user: 1000`).",
        ruled_out=["a fault of the program (it never ran)"],
    )


def _folder(case: Case, error: str, evidence: list[str]) -> Finding | None:
    if "chdir to cwd" not in error:
        return None
    denied = "permission denied" in error
    what = "may not be entered by its user" if denied else "is not a folder in the image"
    return Finding(
        kind="working-folder",
        problem=f"its working directory {inline(case.container.working_dir, 80)} {what}",
        confidence="proved",
        evidence=[*evidence, f"Config.WorkingDir={case.container.working_dir}"],
        next="Correct the working directory, or its owner in the image; then recreate it.",
        ruled_out=["a fault of the program (it never ran)"],
    )


def _command(case: Case, error: str, evidence: list[str]) -> Finding | None:
    words = case.container.entrypoint + case.container.command
    missing, denied = _MISSING_COMMAND.search(error), _NOT_EXECUTABLE.search(error)
    match = missing or denied
    if match is None:
        return None
    what = "does not exist in the image" if missing else "is not an executable file"
    fix = "Correct the command or entrypoint, or the PATH of the image"
    if missing and " " in match["command"]:
        fix = "Its whole command line is taken for one program's name: write it as a list of words"
    if denied:
        fix = "Make it executable in the image (`RUN chmod +x`), or correct the command"
    return Finding(
        kind="command-not-found" if missing else "command-not-executable",
        problem=f"its command `{inline(match['command'], 80)}` {what}",
        confidence="proved",
        evidence=[*evidence, f"Config.Entrypoint + Config.Cmd: {command_text(words)}"],
        next=f"{fix}; then recreate it. Image: {case.container.image}.",
        ruled_out=["a fault of the program (it never ran)"],
    )


def _joined(case: Case, error: str, evidence: list[str]) -> Finding | None:
    """Explain a container that shares the network of one that is not up, or not there."""
    match = _JOINED.search(error)
    if match is None or not case.container.network_mode.startswith("container:"):
        return None
    other = case.scene.listed.get(match["id"])
    what = f"{other.label} does not run" if other else "that container does not exist any more"
    return Finding(
        kind="network-owner-down",
        problem=f"it shares the network of another container, and {what}",
        confidence="proved",
        evidence=[*evidence, f"HostConfig.NetworkMode=container:{match['id'][:12]}"],
        next=f"Start {other.name} first, then this one."
        if other
        else "Recreate it, so that it joins the network of the container there is now.",
        ruled_out=["its image and command (they never ran)"],
        needs=[other.id] if other else [],
    )


def _mount(case: Case, error: str, evidence: list[str]) -> Finding | None:
    mounted, source = _MOUNTED.search(error), _BIND_SOURCE.search(error)
    if mounted is None and source is None and "mount" not in error:
        return None
    mounts = [
        f"Mounts: {mount.source} at {mount.target}"
        for mount in case.container.mounts
        if mounted is None or mount.target in mounted["target"]
    ]
    kind, what = "mount-failed", "a mount cannot be made"
    if _WRONG_KIND.search(error):
        kind = "mount-wrong-kind"
        what = "a folder is mounted where the image has a file, or the other way round"
        if mounted:
            source_path = inline(mounted["source"], 100)
            what = f"{source_path} on the host is not of the same kind as its target"
    elif source is not None:
        kind = "mount-source-missing"
        what = f"{inline(source['path'] or source['made'], 100)} on the host does not exist"
    return Finding(
        kind=kind,
        problem=f"{what} (file against directory)" if kind == "mount-wrong-kind" else what,
        confidence="proved",
        evidence=[*evidence, *mounts[:2]],
        next="Check the path on the host: the engine makes an empty folder where a bind mount's "
        "source is missing. Correct it and recreate the container.",
    )


def _network(case: Case, error: str, evidence: list[str]) -> Finding | None:
    broken = _ENDPOINT.search(error)
    if broken is not None:
        return Finding(
            kind="network-broken",
            problem=f"the engine could not attach it to the network {inline(broken['name'], 80)}",
            confidence="proved",
            evidence=evidence,
            next="Recreate that network; for `bridge`, restart the engine, which makes it anew.",
            ruled_out=["its image and command (they never ran)"],
        )
    match = _NETWORK.search(error)
    if match is None:
        return None
    name = inline(match["name"] or match["other"], 80)
    return Finding(
        kind="network-missing",
        problem=f"its network {name} does not exist",
        confidence="proved",
        evidence=[*evidence, f"HostConfig.NetworkMode={case.container.network_mode}"],
        next="Create the network, or recreate the container (compose: `docker compose up -d`).",
    )
