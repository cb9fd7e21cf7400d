"""Where Redis is, out of REDIS_URL: one server, a service that Sentinels know, or a cluster.

``redis://``, ``rediss://`` and ``unix://`` are redis-py's own.
``redis+sentinel://user:password@host:26379,host:26379/service/0`` and
``redis+cluster://host:6379,host:6379`` name several hosts; with ``rediss+…`` the servers are spoken
to with TLS.
"""

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from redis.asyncio.connection import parse_url

from stacksight_core.redact import redact_text

Kind = Literal["server", "sentinel", "cluster"]
Host = tuple[str, int]

SENTINEL_PORT, REDIS_PORT = 26379, 6379
SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")

ERROR_DATABASE = "the database after the host has to be a number, not `{database}`"
ERROR_NO_SERVICE = "a Sentinel URL ends in the name of the service: redis+sentinel://host/mymaster"
ERROR_CLUSTER_DATABASE = "a cluster has only the database 0"
ERROR_HOST = "{host!r} is not host or host:port"


@dataclass(frozen=True)
class Address:
    """One way to reach Redis.

    Attributes:
        url: of a single server, as redis-py takes it.
        hosts: the Sentinels, or the first nodes to ask.
        service: the name that Sentinels know.
        options: of every connection: user, password, database, TLS.
        sentinel_options: of the connections to the Sentinels.
        tls: whether the servers are spoken to with TLS.
    """

    kind: Kind
    url: str
    hosts: tuple[Host, ...] = ()
    service: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    sentinel_options: dict[str, Any] = field(default_factory=dict)
    tls: bool = False


def parse_address(url: str) -> Address:
    """Read a URL.

    Raises:
        ValueError: it is none of the forms above; the message says why.
    """
    parts = urlsplit(url)
    base, plus, kind = parts.scheme.partition("+")
    if not plus or kind not in ("sentinel", "cluster"):
        parse_url(url)
        database = parts.path.strip("/")
        if parts.scheme in ("redis", "rediss") and database and not database.isdecimal():
            raise ValueError(ERROR_DATABASE.format(database=database))
        return Address("server", url)
    userinfo, at, hosts = parts.netloc.rpartition("@")
    service, _, database = parts.path.strip("/").partition("/")
    if kind == "cluster":
        service, database = "", service
    elif not service:
        raise ValueError(ERROR_NO_SERVICE)
    query = dict(parse_qsl(parts.query))
    sentinel = {name: query.pop(name) for name in SENTINEL_OPTIONS if name in query}
    # The rest is read as the URL of one server with the same user, password and options.
    single = urlunsplit((base, f"{userinfo}{at}localhost", f"/{database}", urlencode(query), ""))
    options = dict(parse_url(single))
    for name in ("host", "port", "connection_class"):
        options.pop(name, None)
    if kind == "cluster" and options.pop("db", 0):
        raise ValueError(ERROR_CLUSTER_DATABASE)
    port = SENTINEL_PORT if kind == "sentinel" else REDIS_PORT
    return Address(
        kind="sentinel" if kind == "sentinel" else "cluster",
        url=url,
        hosts=tuple(_host(text, port) for text in hosts.split(",")),
        service=service,
        options=options,
        sentinel_options={name.removeprefix("sentinel_"): text for name, text in sentinel.items()},
        tls=base == "rediss",
    )


def show_url(url: str) -> str:
    """A URL as answers may show it: passwords masked, of the options only the database."""
    plain, _, query = url.partition("?")
    database = dict(parse_qsl(query)).get("db")
    return redact_text(plain) + (f"?db={database}" if database else "")


def _host(text: str, default_port: int) -> Host:
    """``host``, ``host:port``, or an IPv6 address in brackets."""
    try:
        split = urlsplit(f"//{text}")
        host, port = split.hostname, split.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError(ERROR_HOST.format(host=text))
    return host, port or default_port
