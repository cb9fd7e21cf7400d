"""What lets an audit into pages behind a login, and what of it must never be kept.

Headers and cookies belong to the origin of the page that they were given for; a storage state says
itself where each part belongs.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from stacksight_core.errors import ToolFailure
from stacksight_core.units import plural
from stacksight_core.untrusted import inline

MAX_STATE_BYTES = 5_000_000
MAX_ORIGINS = 20
LEAST_SECRET = 4
LEAST_SAVED_SECRET = 8
"""A saved state also holds settings such as ``dark``; shorter values are not taken for secrets."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110
_COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")  # RFC 6265
_HEADER_VALUE = re.compile(r"[\x20-\x7e\x80-\xff\t]*")
_NOT_OURS = frozenset(
    "connection content-length host keep-alive proxy-authorization te trailer transfer-encoding "
    "upgrade".split()
)

ERROR_HEADER_NAME = "`headers`: `{name}` is not a name for a header."
ERROR_HEADER_VALUE = (
    "`headers`: the value of `{name}` holds a line break or another character that no header may."
)
ERROR_NOT_OURS = "`headers`: `{name}` belongs to the connection and cannot be set."
ERROR_COOKIE_HEADER = "`headers`: give cookies as `cookies`, by name, not as a header."
ERROR_COOKIE = (
    "`cookies`: `{name}` is no cookie: its name or its value holds a character that none may "
    "(space, comma, semicolon, quote); percent-encode the value."
)
ERROR_NO_STATE = "`storage_state`: there is no file `{path}`; relative paths begin in {folder}."
ERROR_LARGE_STATE = "`storage_state`: `{path}` has more than {limit:,} bytes."
ERROR_NO_JSON = "`storage_state`: `{path}` is not JSON."
ERROR_STATE = (
    "`storage_state` is not what Playwright's context.storageState() writes: "
    '{{"cookies": [...], "origins": [...]}} ({reason}).'
)


class _Saved(BaseModel):
    model_config = ConfigDict(frozen=True)


class SavedCookie(_Saved):
    """A cookie as Playwright saves it.

    Attributes:
        domain: with a dot in front for subdomains too.
        expires: seconds since 1970; negative: with the session.
    """

    name: str
    value: str
    domain: str
    path: str = "/"
    expires: float = -1
    httpOnly: bool = False  # noqa: N815
    secure: bool = False
    sameSite: Literal["Strict", "Lax", "None"] | None = None  # noqa: N815


class SavedItem(_Saved):
    """An entry of local storage."""

    name: str
    value: str


class SavedOrigin(_Saved):
    """The local storage of an origin."""

    origin: str
    localStorage: list[SavedItem] = []  # noqa: N815


class StorageState(_Saved):
    """What Playwright's ``storageState()`` writes; IndexedDB is left out."""

    cookies: list[SavedCookie] = []
    origins: list[SavedOrigin] = []


@dataclass(frozen=True)
class Access:
    """What a page is shown.

    Attributes:
        headers: sent to the page's own origin with every request.
        cookies: likewise, by name.
        saved: cookies and local storage for where they say.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    saved: StorageState = field(default_factory=StorageState)

    def for_worker(self, origin: str) -> dict[str, Any]:
        """Return it as worker/access.mjs reads it."""
        return {
            "origin": origin,
            "headers": dict(self.headers),
            "cookies": [{"name": name, "value": value} for name, value in self.cookies.items()],
            "savedCookies": [_for_chrome(cookie) for cookie in self.saved.cookies],
            "savedStorage": [
                {"origin": saved.origin, "items": [i.model_dump() for i in saved.localStorage]}
                for saved in self.saved.origins
                if saved.localStorage
            ],
        }

    def describe(self) -> str:
        """Return in words what it is, without values; empty when there is nothing."""
        parts = [
            f"the {kind} {', '.join(names)}"
            for kind, names in (("header", self.headers), ("cookie", self.cookies))
            if names
        ]
        if self.saved.cookies or self.saved.origins:
            cookies = plural(len(self.saved.cookies), "cookie")
            parts.append(
                f"a storage state of {cookies} and {plural(len(self.saved.origins), 'origin')}"
            )
        return " and ".join(parts)

    def secrets(self) -> set[str]:
        """Return the values that have to be masked wherever they turn up."""
        given = [*self.headers.values(), *self.cookies.values()]
        given += [word for value in self.headers.values() for word in value.split()[1:]]
        saved = [cookie.value for cookie in self.saved.cookies]
        for origin in self.saved.origins:
            saved += [leaf for item in origin.localStorage for leaf in _leaves(item.value)]
        return {value for value in given if len(value) >= LEAST_SECRET} | {
            value for value in saved if len(value) >= LEAST_SAVED_SECRET
        }


def access_of(
    headers: Mapping[str, str] | None,
    cookies: Mapping[str, str] | None,
    storage_state: Mapping[str, Any] | str | None,
) -> Access:
    """Check what a tool was given and return it.

    Args:
        headers: by name.
        cookies: by name.
        storage_state: Playwright's, or the path of a file that holds it.

    Raises:
        ToolFailure: something of it cannot be sent, or there is no such file.
    """
    for name, value in (headers or {}).items():
        _check_header(name, value)
    for name, value in (cookies or {}).items():
        if not (_TOKEN.fullmatch(name) and _COOKIE_VALUE.fullmatch(value)):
            raise ToolFailure(ERROR_COOKIE.format(name=inline(name, 60)))
    return Access(headers or {}, cookies or {}, _state_of(storage_state))


def origin_of(url: str) -> str:
    """Return the origin of an address as browsers write it: without a default port."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _for_chrome(cookie: SavedCookie) -> dict[str, Any]:
    """Return a cookie without what Chrome would refuse it for."""
    left_out = {"expires"} if cookie.expires < 0 else set[str]()
    if cookie.sameSite == "None" and not cookie.secure:
        left_out.add("sameSite")
    return cookie.model_dump(exclude_none=True, exclude=left_out)


def _check_header(name: str, value: str) -> None:
    shown = inline(name, 60)
    if not _TOKEN.fullmatch(name):
        raise ToolFailure(ERROR_HEADER_NAME.format(name=shown))
    if name.lower() == "cookie":
        raise ToolFailure(ERROR_COOKIE_HEADER)
    if name.lower() in _NOT_OURS:
        raise ToolFailure(ERROR_NOT_OURS.format(name=shown))
    if not _HEADER_VALUE.fullmatch(value):
        raise ToolFailure(ERROR_HEADER_VALUE.format(name=shown))


def _state_of(given: Mapping[str, Any] | str | None) -> StorageState:
    if given is None:
        return StorageState()
    content = _read(given) if isinstance(given, str) else given
    try:
        state = StorageState.model_validate(content)
    except ValidationError as error:  # its text quotes the input, which holds secrets
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise ToolFailure(ERROR_STATE.format(reason=f"{where}: {first['msg']}")) from None
    return state.model_copy(update={"origins": state.origins[:MAX_ORIGINS]})


def _read(name: str) -> Any:
    path = Path(name).expanduser()
    shown = inline(name, 200)
    try:
        if path.stat().st_size > MAX_STATE_BYTES:
            raise ToolFailure(ERROR_LARGE_STATE.format(path=shown, limit=MAX_STATE_BYTES))
        return json.loads(path.read_text())
    except (OSError, RuntimeError):
        raise ToolFailure(ERROR_NO_STATE.format(path=shown, folder=Path.cwd())) from None
    except (ValueError, RecursionError):
        raise ToolFailure(ERROR_NO_JSON.format(path=shown)) from None


def _leaves(text: str) -> Iterator[str]:
    """Yield a stored value, and when it is JSON each string in it: a token is often inside."""
    yield text
    try:
        waiting = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
