"""What can go wrong between this server and an engine, in sentences for the agent."""

from collections.abc import Sequence

from stacksight_core.errors import ToolFailure
from stacksight_core.redact import redact_text

ERROR_NO_ENGINE = """\
No Docker engine answers. Tried:
{tried}
{start}
Or set DOCKER_HOST (unix:///path, tcp://host:port, ssh://user@host) or DOCKER_CONTEXT where this \
server is started. The next call tries again."""
START_LINUX = (
    "Start one: `sudo systemctl start docker`, without systemd `sudo dockerd`, rootless "
    "`systemctl --user start docker`, Podman `systemctl --user start podman.socket`."
)
START_DESKTOP = "Start one: open Docker Desktop, or `colima start`, `orb start`."
ERROR_UNKNOWN_CONTEXT = (
    "There is no docker context `{name}`. `docker context ls` lists them; DOCKER_CONTEXT or "
    "currentContext in ~/.docker/config.json names this one."
)
ERROR_BROKEN_CONTEXT = "The docker context `{name}` cannot be read: {reason}"
ERROR_TLS = (
    "TLS for {url} cannot be set up: {reason}. DOCKER_CERT_PATH needs ca.pem, cert.pem, key.pem."
)
ERROR_GONE = (
    "The engine at {url} ended the connection ({reason}). The engine may be restarting; call again."
)
ERROR_TIMEOUT = (
    "The engine at {url} did not answer {path} within {seconds:.0f} s. It may be overloaded "
    "or hang: check `docker info` and the engine's log."
)
ERROR_REFUSED = "The engine refused {path}: {reason} (HTTP {status})."
ERROR_ADDING_UP = (
    "The engine is adding up its disk use for somebody else, and does it for one at a time. Wait, "
    "and call again."
)
ERROR_NONSENSE = (
    "What answers at {url} is not a Docker engine, or a broken one: {path} gave {reason}."
)
ERROR_TOO_MUCH = "The engine's answer to {path} passes {limit}; it was not read. Ask for less."

REASON_MISSING = "no such socket"
REASON_DENIED = (
    "permission denied: add the user to the docker group (`sudo usermod -aG docker $USER`, then "
    "log in again)"
)
REASON_REFUSED = "connection refused: the socket is there, but no engine listens"
REASON_SILENT = "accepted the connection but did not answer in time: the engine hangs"
REASON_STRANGER = "something answers there, but it is not a Docker engine"


class EngineGone(Exception):
    """The engine cannot be used; the message is the reason."""


class EngineTimeout(Exception):
    """The engine did not answer in time; the message names the request."""


class ForbiddenRequest(Exception):
    """A request that is not on the list of those this server may send."""


def no_engine(tried: Sequence[tuple[str, str, str]], *, desktop: bool) -> ToolFailure:
    """Say that no endpoint answered.

    Args:
        tried: endpoint, where it comes from, and why it failed.
        desktop: the machine runs engines in a virtual machine, as macOS and Windows do.
    """
    lines = "\n".join(f"- {redact_text(url)} ({origin}): {reason}" for url, origin, reason in tried)
    start = START_DESKTOP if desktop else START_LINUX
    return ToolFailure(ERROR_NO_ENGINE.format(tried=lines or "- nothing", start=start))
