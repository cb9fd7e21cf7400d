"""Which hosts a container's environment names. Of a value only the host and port are taken."""

import re
from collections.abc import Iterable, Mapping

from stacksight_core.redact import is_secret_name
from stacksight_docker.facts import Target

_URL = re.compile(
    r"(?:[a-z][a-z0-9+.-]*:)*?(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/?#]*@)?"
    r"(?P<host>\[[0-9a-f:]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?(?:[/?#,]|$)",
    re.I,
)
_ADDRESS = re.compile(r"(?P<host>[A-Za-z0-9][\w.-]*)(?::(?P<port>\d{1,5}))?")
_NAMES_HOST = re.compile(r"(?:^|_)(?:HOST|HOSTNAME|SERVER|SERVERS|ADDR|ADDRESS|ENDPOINT|URL|URI)$")
# These say where the program itself listens, or what it is called.
_OWN = re.compile(r"^(?:HOST|HOSTNAME|SERVER|ADDR|ADDRESS)$|BIND|LISTEN|PUBLIC|ALLOWED|ORIGIN")
_ANYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104
_PORTS = {
    "postgres": 5432, "postgresql": 5432, "mysql": 3306, "mariadb": 3306, "redis": 6379,
    "rediss": 6379, "amqp": 5672, "mongodb": 27017, "nats": 4222, "http": 80, "https": 443,
}  # fmt: skip


def find_targets(environment: Iterable[str]) -> dict[str, Target]:
    """Return, by variable, the host that its address names, e.g. of ``redis://cache:6379/0``."""
    values = dict(entry.partition("=")[::2] for entry in environment)
    found = {name: _target(name, value, values) for name, value in values.items()}
    return {name: target for name, target in found.items() if target is not None}


def _target(name: str, value: str, values: Mapping[str, str]) -> Target | None:
    match = _URL.match(value)
    if match is None and _NAMES_HOST.search(name) and not _OWN.search(name):
        match = _ADDRESS.fullmatch(value)
    if match is None or "@" in value[match.end() :] or is_secret_name(name):
        return None  # what looks like a host may be a part of a password
    host = match["host"].strip("[]")
    if _OWN.search(name) or host in _ANYWHERE:
        return None
    port = match["port"] or values.get(re.sub(r"HOST(?:NAME)?$", "PORT", name), "")
    if port.isdigit():
        return Target(host, int(port))
    return Target(host, _PORTS.get(match.groupdict().get("scheme", "").split("+")[0].lower()))
