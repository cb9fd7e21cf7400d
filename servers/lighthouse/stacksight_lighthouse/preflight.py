"""A first look at a page, before the browser: does it answer, where does it lead, is it HTML?

It takes a fraction of a second and turns a page that is down into a clear answer at once.
"""

import asyncio
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.addresses import why_refused

MAX_REDIRECTS = 10
CONNECT_SECONDS = 5.0
HTML_TYPES = ("text/html", "application/xhtml+xml")
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
    "`{url}` accepted the connection but did not answer within {seconds}. The application hangs "
    "or is very slow; look at its log, or allow more with a larger `deadline_s`."
)
ERROR_BROKEN = "`{url}` broke off its answer: {reason}. Does {host}:{port} speak {scheme}?"
ERROR_STATUS = "`{url}` answered {status} {phrase}, so there is no page to audit. {advice}"
ERROR_LOOP = "`{url}` redirects without end: {chain}."
ERROR_NOT_HTML = (
    "`{url}` is {kind}, not HTML, so there is no page to audit. Give the address of a page."
)

NOTE_CERTIFICATE = "its TLS certificate is not trusted on this machine: {reason}"

_ADVICE = {
    401: "It asks for a login, which this server cannot give; audit a page that is open.",
    403: "It asks for rights that this server does not have; audit a page that is open.",
    404: "Check the path.",
}
_ADVICE_SERVER = "The application failed: its log has the reason."
_ADVICE_OTHER = "Open the address in a browser to see what it says."


@dataclass(frozen=True)
class Look:
    """What the first look saw.

    Attributes:
        url: where the redirects ended.
        redirects: the addresses that were left behind, in order.
        ttfb_ms: from the request to the first byte of the answer, the connection included.
        note: something to know about the answer, e.g. an invalid certificate.
    """

    url: str
    redirects: list[str]
    ttfb_ms: float
    note: str | None = None


async def look_at(url: str, *, timeout_s: float, private_allowed: bool) -> Look:
    """Request a page, following redirects, and read no more than the head of the answer.

    Every address is resolved once, judged, and connected to as it is, so that no name can change
    its meaning in between.

    Args:
        url: an address with http or https.
        timeout_s: how long the head of an answer may take.
        private_allowed: whether private networks may be reached.

    Raises:
        ToolFailure: there is no page to audit, and why.
    """
    redirects: list[str] = []
    note = None
    async with _client(timeout_s, verify=True) as strict, _client(timeout_s, verify=False) as lax:
        while True:
            target = await _resolve(url, private_allowed=private_allowed)
            started = time.monotonic()
            try:
                response, _ = await _request(strict, target, timeout_s)
            except httpx.ConnectError as error:
                certificate = _certificate_problem(error)
                if certificate is None:
                    raise _connect_failure(target, error) from error
                note = NOTE_CERTIFICATE.format(reason=certificate)
                response, _ = await _request(lax, target, timeout_s)
            ttfb_ms = (time.monotonic() - started) * 1000
            location = response.headers.get("location")
            if response.status_code not in REDIRECTS or location is None:
                _check_page(url, response)
                return Look(url, redirects, ttfb_ms, note)
            redirects.append(url)
            url = urljoin(url, location)
            if url in redirects or len(redirects) > MAX_REDIRECTS:
                chain = " → ".join(inline(hop, 100) for hop in [*redirects, url][-4:])
                raise ToolFailure(ERROR_LOOP.format(url=inline(redirects[0]), chain=chain))


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
    async with _client(timeout_s, verify=True) as client:
        for _ in range(MAX_REDIRECTS):
            target = await _resolve(url, private_allowed=private_allowed)
            try:
                response, content = await _request(client, target, timeout_s, limit)
            except httpx.ConnectError as error:
                raise _connect_failure(target, error) from error
            location = response.headers.get("location")
            if response.status_code in REDIRECTS and location:
                url = urljoin(url, location)
                continue
            if response.status_code >= 400:
                raise _status_failure(url, response)
            return content
    raise ToolFailure(ERROR_LOOP.format(url=inline(url), chain=inline(url, 100)))


@dataclass(frozen=True)
class _Target:
    url: str
    host: str
    port: int
    addresses: list[str]


async def _resolve(url: str, *, private_allowed: bool) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (KeyError, ValueError):
        raise ToolFailure(ERROR_SCHEME.format(url=inline(url))) from None
    host = parts.hostname
    if not host:
        raise ToolFailure(ERROR_SCHEME.format(url=inline(url)))
    addresses = await _lookup(url, host, port)
    for address in addresses:
        reason = why_refused(address, private_allowed=private_allowed)
        if reason:
            raise ToolFailure(
                ERROR_REFUSED_ADDRESS.format(url=inline(url), address=address, reason=reason)
            )
    return _Target(url, host, port, addresses)


async def _lookup(url: str, host: str, port: int) -> list[str]:
    if host.endswith(".localhost"):  # RFC 6761; Chrome does not ask the resolver either
        host = "localhost"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ToolFailure(
            ERROR_UNKNOWN_HOST.format(url=inline(url), host=inline(host), reason=reason)
        ) from error
    return list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))


def _client(timeout_s: float, *, verify: bool) -> httpx.AsyncClient:
    timeout = httpx.Timeout(timeout_s, connect=min(CONNECT_SECONDS, timeout_s))
    return httpx.AsyncClient(
        verify=ssl.create_default_context() if verify else False,
        timeout=timeout,
        headers=_HEADERS,
        trust_env=False,
    )


async def _request(
    client: httpx.AsyncClient, target: _Target, timeout_s: float, limit: int = 0
) -> tuple[httpx.Response, bytes]:
    """Return the answer's head and the beginning of its body, from the first address that works."""
    *others, last = target.addresses
    for address in others:
        try:
            return await _request_at(client, target, address, timeout_s, limit)
        except httpx.ConnectError as error:
            if _certificate_problem(error):
                raise
    return await _request_at(client, target, last, timeout_s, limit)


async def _request_at(
    client: httpx.AsyncClient, target: _Target, address: str, timeout_s: float, limit: int
) -> tuple[httpx.Response, bytes]:
    url = httpx.URL(target.url)
    names = {
        "url": inline(target.url),
        "host": target.host,
        "port": target.port,
        "scheme": url.scheme,
    }
    request = client.build_request(
        "GET",
        url.copy_with(host=address),
        headers={"Host": url.netloc.decode()},
        extensions={"sni_hostname": target.host},
    )
    try:
        async with asyncio.timeout(timeout_s):
            response = await client.send(request, stream=True)
            content = await _beginning(response, limit)
    except httpx.ConnectTimeout as error:
        seconds = format_duration(min(CONNECT_SECONDS, timeout_s))
        raise ToolFailure(ERROR_CONNECT_TIMEOUT.format(**names, seconds=seconds)) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        seconds = format_duration(timeout_s)
        raise ToolFailure(ERROR_NO_ANSWER.format(**names, seconds=seconds)) from error
    except (httpx.RemoteProtocolError, httpx.ReadError) as error:
        reason = str(error) or "the connection was closed"
        raise ToolFailure(ERROR_BROKEN.format(**names, reason=reason)) from error
    await response.aclose()
    return response, content


async def _beginning(response: httpx.Response, limit: int) -> bytes:
    content = b""
    if limit:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) >= limit:
                break
    return content[:limit]


def _certificate_problem(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def _connect_failure(target: _Target, error: Exception) -> ToolFailure:
    reason = str(error).lower() or "no connection"
    if "ssl" in reason:
        return ToolFailure(ERROR_TLS.format(url=inline(target.url), reason=reason))
    return ToolFailure(
        ERROR_CONNECT.format(
            url=inline(target.url), host=target.host, port=target.port, reason=reason
        )
    )


def _check_page(url: str, response: httpx.Response) -> None:
    status = response.status_code
    if status >= 400:
        raise _status_failure(url, response)
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and kind not in HTML_TYPES:
        raise ToolFailure(ERROR_NOT_HTML.format(url=inline(url), kind=inline(kind, 60)))


def _status_failure(url: str, response: httpx.Response) -> ToolFailure:
    status = response.status_code
    advice = _ADVICE.get(status, _ADVICE_SERVER if status >= 500 else _ADVICE_OTHER)
    return ToolFailure(
        ERROR_STATUS.format(
            url=inline(url), status=status, phrase=response.reason_phrase, advice=advice
        )
    )
