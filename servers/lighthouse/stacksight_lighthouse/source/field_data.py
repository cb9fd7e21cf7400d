"""Asks the Chrome UX Report API for measurements of real visits."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx2

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline
from stacksight_lighthouse.analysis.field_data import read_record
from stacksight_lighthouse.models.field_data import FieldData
from stacksight_lighthouse.settings import Settings
from stacksight_lighthouse.source.visit import ERROR_SCHEME

TIMEOUT_SECONDS = 20.0
FORM_FACTORS: Mapping[str, str | None] = {
    "all": None,
    "phone": "PHONE",
    "desktop": "DESKTOP",
    "tablet": "TABLET",
}
NOT_FOUND = 404

NOTE_NO_KEY = (
    "No field data: this server has no key for the Chrome UX Report API. Set "
    "STACKSIGHT_CRUX_KEY to one (free, from a Google Cloud project with the Chrome UX Report API "
    "turned on). Until then only run_audit's laboratory figures are known."
)
NOTE_PAGE_UNKNOWN = "The page itself has too few visits to be reported; these are its site's."
NOTE_UNKNOWN = (
    "Neither the page nor its site has enough visits of Chrome users to be reported. That says "
    "nothing about its speed; run_audit measures it in the laboratory."
)
NOTE_LOCAL = "Field data exists only for public sites; this address is of a machine or network."

ERROR_UNREACHABLE = "The Chrome UX Report API ({host}) could not be reached: {reason}."
ERROR_ANSWER = "The Chrome UX Report API answered {status}: {reason}. {advice}"
_ADVICE = {
    400: "Check the address, and that the key is whole.",
    403: "Check that the key may use the Chrome UX Report API.",
    429: "Its quota (150 questions a minute) is used up; ask again in a minute.",
}


async def ask(settings: Settings, url: str, form_factor: str) -> FieldData:
    """Return what is known of a page, else of its origin.

    Args:
        settings: with the key, and the API's address.
        url: of the page.
        form_factor: one of FORM_FACTORS.

    Raises:
        ToolFailure: the address is none, or the API cannot be asked.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ToolFailure(ERROR_SCHEME.format(url=inline(url)))
    key = settings.crux_key
    if key is None:
        return FieldData(asked=inline(url, 300), form_factor=form_factor, notes=[NOTE_NO_KEY])
    if _local(parts.hostname):
        return FieldData(asked=inline(url, 300), form_factor=form_factor, notes=[NOTE_LOCAL])
    kind = FORM_FACTORS[form_factor]
    device = {"formFactor": kind} if kind else {}
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    page = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    endpoint, secret = settings.crux_url, key.get_secret_value()
    async with httpx2.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
        for query, notes in (({"url": page}, []), ({"origin": origin}, [NOTE_PAGE_UNKNOWN])):
            record = await _query(client, endpoint, secret, {**query, **device})
            if record is not None:
                return read_record(record, url, form_factor, notes)
    return FieldData(asked=inline(url, 300), form_factor=form_factor, notes=[NOTE_UNKNOWN])


async def _query(
    client: httpx2.AsyncClient, endpoint: str, key: str, query: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return a record, or None when there is none."""
    host = urlsplit(endpoint).netloc
    try:
        response = await client.post(endpoint, params={"key": key}, json=dict(query))
    except httpx2.HTTPError as error:
        reason = inline(str(error) or type(error).__name__, 200)
        raise ToolFailure(ERROR_UNREACHABLE.format(host=host, reason=reason)) from error
    if response.status_code == NOT_FOUND:
        return None
    answer = _decoded(response)
    if response.status_code >= 400:
        status = response.status_code
        reason = inline(str((answer.get("error") or {}).get("message", "no reason given")), 200)
        advice = _ADVICE.get(status, "Ask again later.")
        raise ToolFailure(ERROR_ANSWER.format(status=status, reason=reason, advice=advice))
    return answer


def _decoded(response: httpx2.Response) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _local(host: str) -> bool:
    """Tell whether a name or address is of this machine or of a private network."""
    return (
        host.endswith((".localhost", ".local", ".internal", ".test"))
        or "." not in host
        or (host.replace(".", "").isdigit() or ":" in host)
    )
