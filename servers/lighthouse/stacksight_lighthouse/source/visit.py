"""Requests to a page's server, outside of the browser, under the same rule for addresses.

A name is resolved once, judged, and connected to as it is, so that it cannot change its meaning in
between.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx2

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.addresses import browsers_refuse, why_refused

MAX_REDIRECTS = 20  # Chrome's own
CONNECT_SECONDS = 5.0
REDIRECTS = (301, 302, 303, 307, 308)

_HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/136.0.0.0 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
}

ERROR_SCHEME = (
    "`{url}` is not audited: the address has to begin with http:// or https:// and name a host, "
    "e.g. http://localhost:3000/."
)
ERROR_REFUSED_ADDRESS = "`{url}` is not audited: its address {address} is {reason}."
ERROR_PORT = (
    "`{url}` is not audited: no browser connects to port {port}, which belongs to another service. "
    "Serve the page at another port, e.g. 3000 or 8080."
)
ERROR_UNKNOWN_HOST = "`{url}`: the name {host} has no address ({reason}). Check its spelling."
ERROR_CONNECT = (
    "`{url}`: nothing accepts connections at {host}:{port} ({reason}). Start the application, or "
    "check the port."
)
ERROR_TLS = (
    "`{url}`: no TLS connection could be made ({reason}). If the application speaks plain HTTP, "
    "begin the address with http://."
)
ERROR_CONNECT_TIMEOUT = (
    "`{url}`: {host}:{port} did not accept a connection within {seconds}. Is the machine up, and "
    "does a firewall let the connection through?"
)
ERROR_NO_ANSWER = (
    "`{url}` did not answer within {seconds}, although the connection was accepted. The "
    "application hangs or is very slow: look at its log."
)
ERROR_BROKEN = "`{url}` broke off its answer: {reason}. Does {host}:{port} speak {scheme}?"
ERROR_STATUS = "`{url}` answered {status} {phrase}, so there is no page to audit. {advice}"
ERROR_LOOP = "`{url}` redirects without end: {chain}."

_ADVICE = {
    401: "It asks for a login: give `headers`, `cookies` or a `storage_state` that it accepts.",
    403: "It asks for rights: give `headers`, `cookies` or a `storage_state` of a user with them.",
    404: "Check the path.",
}
_ADVICE_SERVER = "The application failed: its log has the reason."
_ADVICE_OTHER = "Open the address in a browser to see what it says."


@dataclass(frozen=True)
class Target:
    """An address, resolved, all of whose IP addresses may be reached."""

    url: str
    host: str
    port: int
    addresses: list[str]


def new_client(timeout_s: float, *, verify: bool = True) -> httpx2.AsyncClient:
    """Return a client that takes nothing from the environment; ``verify``: check certificates."""
    timeout = httpx2.Timeout(timeout_s, connect=min(CONNECT_SECONDS, timeout_s))
    return httpx2.AsyncClient(
        verify=ssl.create_default_context() if verify else False,
        timeout=timeout,
        headers=_HEADERS,
        trust_env=False,
    )


async def fetch(url: str, *, timeout_s: float, private_allowed: bool, limit: int) -> bytes:
    """Return the beginning of what an address holds, whatever it is, after redirects.

    Args:
        url: an address with http or https.
        timeout_s: how long each answer may take.
        private_allowed: whether private networks may be reached.
        limit: how many bytes are read at most.

    Raises:
        ToolFailure: nothing is there, or it may not be reached.
    """
    async with new_client(timeout_s) as client:
        for _ in range(MAX_REDIRECTS):
            target = await resolve(url, private_allowed=private_allowed)
            try:
                response, content = await request(client, target, timeout_s, limit=limit)
            except httpx2.ConnectError as error:
                raise connect_failure(target, error) from error
            location = response.headers.get("location")
            if response.status_code in REDIRECTS and location:
                url = urljoin(url, location)
                continue
            if response.status_code >= 400:
                raise status_failure(url, response)
            return content
    raise ToolFailure(ERROR_LOOP.format(url=inline(url), chain=inline(url, 100)))


async def resolve(url: str, *, private_allowed: bool) -> Target:
    """Look up where an address leads.

    Raises:
        ToolFailure: it is no address of a page, nobody knows the name, or it may not be reached.
    """
    try:
        parts = urlsplit(url)
        usual = {"http": 80, "https": 443}[parts.scheme]
        port = usual if parts.port is None else parts.port
        httpx2.URL(url)
    except (KeyError, ValueError, httpx2.InvalidURL):
        raise ToolFailure(ERROR_SCHEME.format(url=inline(url))) from None
    host = parts.hostname
    if not host:
        raise ToolFailure(ERROR_SCHEME.format(url=inline(url)))
    if browsers_refuse(port):
        raise ToolFailure(ERROR_PORT.format(url=inline(url), port=port))
    addresses = await _lookup(url, host, port)
    for address in addresses:
        reason = why_refused(address, private_allowed=private_allowed)
        if reason:
            raise ToolFailure(
                ERROR_REFUSED_ADDRESS.format(url=inline(url), address=address, reason=reason)
            )
    return Target(url, host, port, addresses)


async def _lookup(url: str, host: str, port: int) -> list[str]:
    name = host.removesuffix(".")  # the dot only says that the name is complete
    if name.endswith(".localhost"):  # RFC 6761; Chrome does not ask the resolver either
        name = "localhost"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ToolFailure(
            ERROR_UNKNOWN_HOST.format(url=inline(url), host=inline(host), reason=reason)
        ) from error
    return list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))


async def request(
    client: httpx2.AsyncClient,
    target: Target,
    timeout_s: float,
    *,
    headers: Mapping[str, str] | None = None,
    limit: int = 0,
) -> tuple[httpx2.Response, bytes]:
    """Return the answer's head and the beginning of its body, from the first address that works.

    Args:
        client: from ``new_client``.
        target: from ``resolve``.
        timeout_s: how long the answer may take.
        headers: to be sent besides the usual ones.
        limit: how many bytes of the body are read at most.

    Raises:
        httpx2.ConnectError: no address accepts a connection.
        ToolFailure: the answer is late or broken.
    """
    *others, last = target.addresses
    for address in others:
        try:
            return await _request_at(client, target, address, timeout_s, headers, limit)
        except httpx2.ConnectError as error:
            if certificate_problem(error):
                raise
    return await _request_at(client, target, last, timeout_s, headers, limit)


async def _request_at(
    client: httpx2.AsyncClient,
    target: Target,
    address: str,
    timeout_s: float,
    headers: Mapping[str, str] | None,
    limit: int,
) -> tuple[httpx2.Response, bytes]:
    url = httpx2.URL(target.url)
    names = {
        "url": inline(target.url),
        "host": target.host,
        "port": target.port,
        "scheme": url.scheme,
    }
    message = client.build_request(
        "GET",
        url.copy_with(host=address),
        headers={"Host": url.netloc.decode(), **(headers or {})},
        extensions={"sni_hostname": target.host},
    )
    try:
        async with asyncio.timeout(timeout_s):
            response = await client.send(message, stream=True)
            content = await _beginning(response, limit)
    except httpx2.ConnectTimeout as error:
        seconds = format_duration(min(CONNECT_SECONDS, timeout_s))
        raise ToolFailure(ERROR_CONNECT_TIMEOUT.format(**names, seconds=seconds)) from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        seconds = format_duration(timeout_s)
        raise ToolFailure(ERROR_NO_ANSWER.format(**names, seconds=seconds)) from error
    except httpx2.ConnectError:
        raise
    except httpx2.TransportError as error:
        reason = str(error) or "the connection was closed"
        raise ToolFailure(ERROR_BROKEN.format(**names, reason=reason)) from error
    await response.aclose()
    return response, content


async def _beginning(response: httpx2.Response, limit: int) -> bytes:
    content = b""
    if limit:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) >= limit:
                break
    return content[:limit]


def certificate_problem(error: BaseException | None) -> str | None:
    """Return what is wrong with a certificate, if that is why a connection failed."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def connect_failure(target: Target, error: Exception) -> ToolFailure:
    """Return the failure of a connection that could not be made."""
    reason = str(error).lower() or "no connection"
    if "ssl" in reason:
        return ToolFailure(ERROR_TLS.format(url=inline(target.url), reason=reason))
    return ToolFailure(
        ERROR_CONNECT.format(
            url=inline(target.url), host=target.host, port=target.port, reason=reason
        )
    )


def status_failure(url: str, response: httpx2.Response) -> ToolFailure:
    """Return the failure of a request that was answered by an error."""
    status = response.status_code
    advice = _ADVICE.get(status, _ADVICE_SERVER if status >= 500 else _ADVICE_OTHER)
    return ToolFailure(
        ERROR_STATUS.format(
            url=inline(url), status=status, phrase=response.reason_phrase, advice=advice
        )
    )
