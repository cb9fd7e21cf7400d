"""Where an engine may listen, in the order in which the docker command would look, and further."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from docker.context import ContextAPI
from docker.errors import TLSParameterError
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text
from stacksight_docker.errors import ERROR_BROKEN_CONTEXT, ERROR_TLS, ERROR_UNKNOWN_CONTEXT
from stacksight_docker.settings import Settings

DEFAULT_SOCKET = "/var/run/docker.sock"
DEFAULT_CONTEXT = "default"


@dataclass(frozen=True)
class Endpoint:
    """A place where an engine may listen.

    Attributes:
        url: as in DOCKER_HOST.
        origin: who named it, in words for the user.
        tls: certificates, where the connection needs them.
    """

    url: str
    origin: str
    tls: TLSConfig | None = None

    @property
    def socket(self) -> Path | None:
        """The path of a Unix socket; None for tcp and ssh."""
        return Path(self.url.removeprefix("unix://")) if self.url.startswith("unix://") else None


def find_endpoints(settings: Settings, environ: Mapping[str, str] = os.environ) -> list[Endpoint]:
    """List the endpoints to try, best first.

    DOCKER_HOST wins over the context, and what is named is the only one tried. With neither, the
    default socket comes first, then every other socket that exists: rootless Docker, Docker
    Desktop, colima, OrbStack, Rancher Desktop and Podman put theirs where the SDK does not look.

    Raises:
        ToolFailure: the context does not exist, or its certificates or DOCKER_CERT_PATH's are
            unusable.
    """
    if settings.docker_host:
        return [_named_host(settings)]
    context = _context(settings.docker_context or None)
    if context is not None:
        return [context]
    default = Endpoint(f"unix://{DEFAULT_SOCKET}", "the default socket")
    others = [Endpoint(f"unix://{path}", origin) for path, origin in _other_sockets(environ)]
    return [default, *(other for other in others if other.socket and other.socket.exists())]


def _named_host(settings: Settings) -> Endpoint:
    environment = {"DOCKER_HOST": settings.docker_host, "DOCKER_CERT_PATH": settings.cert_path}
    if settings.tls_verify:
        environment["DOCKER_TLS_VERIFY"] = settings.tls_verify
    try:
        tls = kwargs_from_env(environment).get("tls")
    except TLSParameterError as error:
        url = redact_text(settings.docker_host)
        raise ToolFailure(ERROR_TLS.format(url=url, reason=error.msg)) from error
    return Endpoint(settings.docker_host, "DOCKER_HOST", tls)


def _context(name: str | None) -> Endpoint | None:
    """Return the endpoint of a context, by default the current one; None for the default one."""
    shown = name or "the current one"
    try:
        context = ContextAPI.get_context(name)
    except Exception as error:
        # The SDK raises plain Exception for a context file that it cannot read.
        raise ToolFailure(ERROR_BROKEN_CONTEXT.format(name=shown, reason=error)) from error
    if context is None:
        raise ToolFailure(ERROR_UNKNOWN_CONTEXT.format(name=shown))
    if context.Name == DEFAULT_CONTEXT or not context.Host:
        return None
    host = str(context.Host).removeprefix("http+")
    return Endpoint(host, f"docker context {context.Name}", context.TLSConfig)


def _other_sockets(environ: Mapping[str, str]) -> list[tuple[Path, str]]:
    home = Path(environ.get("HOME", "/"))
    runtime = environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    return [
        (Path(runtime, "docker.sock"), "rootless Docker"),
        (home / ".docker/run/docker.sock", "Docker Desktop"),
        (home / ".docker/desktop/docker.sock", "Docker Desktop for Linux"),
        (home / ".colima/default/docker.sock", "colima"),
        (home / ".config/colima/default/docker.sock", "colima"),
        (home / ".orbstack/run/docker.sock", "OrbStack"),
        (home / ".rd/docker.sock", "Rancher Desktop"),
        (Path(runtime, "podman/podman.sock"), "rootless Podman"),
        (Path("/run/podman/podman.sock"), "Podman"),
    ]
