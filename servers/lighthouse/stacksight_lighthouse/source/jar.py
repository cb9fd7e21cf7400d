"""The cookies of the first look: those that were given, and those that the answers set."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from stacksight_lighthouse.access import Access


@dataclass(frozen=True)
class Cookie:
    """A cookie and where it is valid (RFC 6265).

    Attributes:
        domain: without a dot in front.
        host_only: not for subdomains.
        port: the only one, for cookies that were given for an origin.
    """

    name: str
    value: str
    domain: str
    host_only: bool = True
    path: str = "/"
    secure: bool = False
    port: int | None = None


class Jar:
    """Cookies of one visit.

    Args:
        url: the page that access was given for.
        access: what was given.
    """

    def __init__(self, url: str, access: Access) -> None:
        host, port, secure, _ = _place(url)
        now = time.time()
        self._cookies: dict[tuple[str, str, str], Cookie] = {}
        for saved in access.saved.cookies:
            if not 0 <= saved.expires < now:
                domain = saved.domain.lstrip(".").lower()
                dotted = saved.domain.startswith(".")
                cookie = Cookie(saved.name, saved.value, domain, not dotted, saved.path)
                self._add(replace(cookie, secure=saved.secure))
        for name, value in access.cookies.items():
            self._add(Cookie(name, value, host, secure=secure, port=port))

    def header(self, url: str) -> str | None:
        """Return the Cookie header for an address, or None when no cookie is for it."""
        host, port, secure, path = _place(url)
        pairs = [
            f"{cookie.name}={cookie.value}"
            for cookie in self._cookies.values()
            if _is_for(cookie, host, port, path, secure=secure)
        ]
        return "; ".join(pairs) or None

    def take(self, url: str, set_cookies: Sequence[str]) -> bool:
        """Take what an answer sets, and tell whether that changed anything."""
        before = dict(self._cookies)
        for line in set_cookies:
            self._take(url, line)
        return self._cookies != before

    def _take(self, url: str, line: str) -> None:
        host, _, _, path = _place(url)
        pair, *rest = line.split(";")
        name, equals, value = pair.partition("=")
        if not equals:
            return
        attributes = {
            key.strip().lower(): text.strip()
            for key, _, text in (part.partition("=") for part in rest)
        }
        domain = attributes.get("domain", "").lstrip(".").lower()
        if domain and host != domain and not host.endswith("." + domain):
            return
        where = attributes.get("path", "")
        cookie = Cookie(
            name.strip(),
            value.strip(),
            domain or host,
            not domain,
            where if where.startswith("/") else path.rpartition("/")[0] or "/",
            "secure" in attributes,
        )
        if _expired(attributes):
            self._cookies.pop((cookie.name, cookie.domain, cookie.path), None)
        else:
            self._add(cookie)

    def _add(self, cookie: Cookie) -> None:
        self._cookies[cookie.name, cookie.domain, cookie.path] = cookie


def _place(url: str) -> tuple[str, int, bool, str]:
    """Return host, port, whether it is secure, and path of an address."""
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    return (
        (parts.hostname or "").lower(),
        parts.port or (443 if secure else 80),
        secure,
        (parts.path or "/"),
    )


def _is_for(cookie: Cookie, host: str, port: int, path: str, *, secure: bool) -> bool:
    below = not cookie.host_only and host.endswith("." + cookie.domain)
    inside = path == cookie.path or path.startswith(cookie.path.rstrip("/") + "/")
    # Browsers count this machine as secure.
    allowed = not cookie.secure or secure or host in {"localhost", "127.0.0.1", "::1"}
    right_port = cookie.port in (None, port)
    return (host == cookie.domain or below) and inside and allowed and right_port


def _expired(attributes: dict[str, str]) -> bool:
    age = attributes.get("max-age", "")
    if age.lstrip("-").isdigit():
        return int(age) <= 0
    try:
        return parsedate_to_datetime(attributes["expires"]).timestamp() < time.time()
    except (KeyError, ValueError, TypeError):
        return False
