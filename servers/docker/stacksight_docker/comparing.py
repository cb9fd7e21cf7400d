"""Compares a compose file with what runs."""

from stacksight_core.threads import in_thread
from stacksight_docker.analysis.compose import MAX_FINDINGS, Comparison, compare, states
from stacksight_docker.composefile import project_name
from stacksight_docker.source import host
from stacksight_docker.source.composing import compose_hashes, read_compose_file
from stacksight_docker.source.source import Source

WITH_COMMAND = "Configuration compared by compose's own hash, and field by field."
WITHOUT_COMMAND = (
    "Configuration compared field by field (image, environment names, ports, mounts, restart, "
    "command)."
)
NOT_WITHOUT = "other fields of a service (there is no usable `docker compose` command here)"
NOT_VALUES = "values of environment variables (the engine's are not read)"


async def compare_file(source: Source, file: str, project: str | None) -> Comparison:
    """Compare a compose file, or the one in a folder, with the containers of its project.

    Raises:
        ToolFailure: there is no such file, or it is no compose file.
    """
    path, compose = await in_thread(read_compose_file, file)
    name = project or compose.name or project_name(path.resolve().parent.name)
    hashes = await compose_hashes(path)
    listed = await source.containers()
    own = [c.id for c in listed if c.compose and c.compose.project == name]
    inspected = await source.inspect_all(own)
    info = await source.info()
    ports = {port for service in compose.services.values() for port in service.ports}
    listeners: dict[int, str] = {}
    if host.is_here(info):
        listeners = await in_thread(host.find_listeners, ports)
    findings = compare(
        compose,
        name,
        listed=listed,
        inspected=inspected,
        tags=await source.image_tags(),
        hashes=hashes or {},
        listeners=listeners,
    )
    return Comparison(
        file=str(path),
        project=name,
        method=WITHOUT_COMMAND if hashes is None else WITH_COMMAND,
        findings=findings[:MAX_FINDINGS],
        findings_left_out=max(0, len(findings) - MAX_FINDINGS),
        services=states(compose, name, listed),
        not_examined=[NOT_VALUES, NOT_WITHOUT] if hashes is None else [],
    )
