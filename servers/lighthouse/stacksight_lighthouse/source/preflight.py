"""A first look at a page, before the browser: does it answer, where does it lead, is it HTML?

It takes a fraction of a second and turns a page that is down into a clear answer at once.
"""

import asyncio
import time
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urljoin

import httpx2

from stacksight_core.errors import ToolFailure
from stacksight_core.units import format_duration
from stacksight_core.untrusted import inline
from stacksight_lighthouse.access import Access, origin_of
from stacksight_lighthouse.source.jar import Jar
from stacksight_lighthouse.source.visit import (
    ERROR_LOOP,
    ERROR_NO_ANSWER,
    MAX_REDIRECTS,
    REDIRECTS,
    Target,
    certificate_problem,
    connect_failure,
    new_client,
    request,
    resolve,
    status_failure,
)

NO_CONTENT = (204, 205, 304)
HTML_TYPES = ("text/html", "application/xhtml+xml")

ERROR_NOT_HTML = (
    "`{url}` is {kind}, not HTML, so there is no page to audit. Give the address of a page."
)

ERROR_NO_CONTENT = "`{url}` answered {status} {phrase}: without a page, so there is none to audit."
ERROR_DOWNLOAD = (
    "`{url}` is offered as a download (Content-Disposition: attachment), so no browser shows it as "
    "a page."
)
ERROR_NO_SCRIPTS = (
    "`{url}` cannot be audited: its Content-Security-Policy has `sandbox` without `allow-scripts`, "
    "so that no script runs on it, and those of Lighthouse do not either. For the audit serve it "
    "without `sandbox`, or with `sandbox allow-scripts`."
)
ERROR_CERTIFICATE = (
    "`{url}` is not audited: its TLS certificate is not trusted ({reason}). Only on this machine "
    "(localhost) that is accepted; elsewhere make the certificate's authority known to this system."
)

NOTE_CERTIFICATE = (
    "The page's TLS certificate is not trusted ({reason}); it was accepted because the page is on "
    "this machine."
)


@dataclass(frozen=True)
class Look:
    """What the first look saw.

    Attributes:
        url: where the redirects ended.
        redirects: the addresses that were left behind, in order.
        ttfb_ms: from the request to the first byte of the answer, the connection included.
        note: something to know about the answer, e.g. an invalid certificate.
        untrusted: whether its TLS certificate, or that of a page on the way, is not trusted.
    """

    url: str
    redirects: list[str]
    ttfb_ms: float
    note: str | None = None
    untrusted: bool = False


async def look_at(
    url: str, *, timeout_s: float, private_allowed: bool, access: Access | None = None
) -> Look:
    """Request a page, following redirects, and read no more than the head of the answer.

    Every address is resolved once, judged, and connected to as it is, so that no name can change
    its meaning in between.

    Args:
        url: an address with http or https.
        timeout_s: how long all of it may take.
        private_allowed: whether private networks may be reached.
        access: what opens the page; its headers go to the page's own origin only.

    Raises:
        ToolFailure: there is no page to audit, and why.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return await _look_at(url, timeout_s, access or Access(), private_allowed)
    except TimeoutError:
        seconds = format_duration(timeout_s)
        raise ToolFailure(ERROR_NO_ANSWER.format(url=inline(url), seconds=seconds)) from None


async def _look_at(url: str, timeout_s: float, access: Access, private_allowed: bool) -> Look:
    target = await resolve(url, private_allowed=private_allowed)  # or it is no address at all
    origin = origin_of(url)
    jar = Jar(url, access)
    redirects: list[str] = []
    note = None
    async with new_client(timeout_s) as strict, new_client(timeout_s, verify=False) as lax:
        while True:
            headers = dict(access.headers) if origin_of(url) == origin else {}
            if cookies := jar.header(url):
                headers["Cookie"] = cookies
            started = time.monotonic()
            try:
                response, _ = await request(strict, target, timeout_s, headers=headers)
            except httpx2.ConnectError as error:
                note = NOTE_CERTIFICATE.format(reason=_forgiven(target, error))
                response, _ = await request(lax, target, timeout_s, headers=headers)
            ttfb_ms = (time.monotonic() - started) * 1000
            news = jar.take(url, response.headers.get_list("set-cookie"))
            location = response.headers.get("location")
            if response.status_code not in REDIRECTS or location is None:
                _check_page(url, response)
                return Look(url, redirects, ttfb_ms, note, note is not None)
            redirects.append(url)
            url = urljoin(url, location)
            # A page may set a cookie and lead back to itself.
            if (url in redirects and not news) or len(redirects) > MAX_REDIRECTS:
                chain = " → ".join(inline(hop, 100) for hop in [*redirects, url][-4:])
                raise ToolFailure(ERROR_LOOP.format(url=inline(redirects[0]), chain=chain))
            target = await resolve(url, private_allowed=private_allowed)


def _forgiven(target: Target, error: httpx2.ConnectError) -> str:
    """Return what is wrong with a certificate of this machine; raise for everything else."""
    reason = certificate_problem(error)
    if reason is None:
        raise connect_failure(target, error) from error
    if not all(ip_address(address).is_loopback for address in target.addresses):
        raise ToolFailure(
            ERROR_CERTIFICATE.format(url=inline(target.url), reason=reason)
        ) from error
    return reason


def _check_page(url: str, response: httpx2.Response) -> None:
    status = response.status_code
    if status >= 400:
        raise status_failure(url, response)
    shown = inline(url)
    if status in NO_CONTENT:
        phrase = response.reason_phrase
        raise ToolFailure(ERROR_NO_CONTENT.format(url=shown, status=status, phrase=phrase))
    disposition = response.headers.get("content-disposition", "")
    if disposition.partition(";")[0].strip().lower() == "attachment":
        raise ToolFailure(ERROR_DOWNLOAD.format(url=shown))
    if _sandboxed_without_scripts(response.headers.get_list("content-security-policy")):
        raise ToolFailure(ERROR_NO_SCRIPTS.format(url=shown))
    kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind and kind not in HTML_TYPES:
        raise ToolFailure(ERROR_NOT_HTML.format(url=shown, kind=inline(kind, 60)))


def _sandboxed_without_scripts(policies: list[str]) -> bool:
    """Tell it of the values of Content-Security-Policy headers, each of which may be a list."""
    directives = (
        directive.lower().split()
        for policy in ",".join(policies).split(",")
        for directive in policy.split(";")
    )
    return any(words[:1] == ["sandbox"] and "allow-scripts" not in words for words in directives)
