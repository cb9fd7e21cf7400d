"""Why an audit gave no result, in words that help. No I/O."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline
from stacksight_lighthouse.engine.process import AuditFailed, WorkerDied
from stacksight_lighthouse.secrets import mask_values

STEP_FAILED = "STEP_FAILED"
"""The worker's own code, beside those of Lighthouse."""

ERROR_STEP = (
    "`{url}` opened, but {reason}. Selectors are CSS, or text/Sign in and aria/Sign in for what an "
    "element says; they have to match a visible element within 5 s."
)
ERROR_DIED = (
    "Chrome or Node ended while auditing `{url}`. The page may have used all memory. The next call "
    "starts both again; a smaller page or fewer `categories` may work."
)
ERROR_FAILED = "Lighthouse could not audit `{url}`: {reason} ({code}). {advice}"
ERROR_LED_AWAY = (
    "`{url}` answered, but then led Chrome to an address that could not be reached or is refused "
    "(link-local and metadata addresses always are, private networks by default). Look for a "
    "script or a <meta> tag that sets the location."
)
_OTHERWISE = "Repeat the call once; if it fails again, open the page in a browser."

# Lighthouse's long sentences end in what happened: "(Details: net::ERR_ABORTED)".
_DETAIL = re.compile(r"\((?:Details: )?(net::ERR_\w+|Status code: \d+)\)")

# By Lighthouse's error codes (core/lib/lh-error.js), or more closely by Chrome's.
_ADVICE = {
    "net::ERR_ABORTED": "The load was broken off: by a script, by an answer without a page, or "
    "because the address is a download.",
    "net::ERR_CONTENT_DECODING_FAILED": "The answer is not encoded as its Content-Encoding says.",
    "net::ERR_CONTENT_LENGTH_MISMATCH": "The answer ended before its Content-Length: its server "
    "broke off.",
    "net::ERR_INCOMPLETE_CHUNKED_ENCODING": "The answer ended in the middle: its server broke off.",
    "net::ERR_TOO_MANY_REDIRECTS": "The page leads a browser around in circles.",
    "CHROME_INTERSTITIAL_ERROR": "Chrome showed an error page of its own instead: the connection "
    "failed, or the TLS certificate is not trusted.",
    "DNS_FAILURE": "Check the spelling of the host.",
    "ERRORED_DOCUMENT_REQUEST": "The page answers a browser otherwise than it answered at first.",
    "FAILED_DOCUMENT_REQUEST": "The connection failed while Chrome loaded the page, or the address "
    "that it leads to is refused.",
    "INSECURE_DOCUMENT_REQUEST": "The page's TLS certificate is not trusted.",
    "INVALID_URL": "Chrome takes this for no address: check the spelling of the host.",
    "NOT_HTML": "Give the address of an HTML page.",
    "NO_FCP": "The page painted nothing: its body is empty, or a script failed before it drew "
    "anything. Look at the page's scripts and console.",
    "NO_LCP": "The page painted nothing large enough to time.",
    "PAGE_HUNG": "A script keeps the page busy without end; look for an endless loop.",
    "PROTOCOL_TIMEOUT": "Chrome stopped answering, usually because a script keeps the page busy.",
    "TARGET_CRASHED": "The page crashed its tab: too much memory, or an endless recursion.",
}


def explain_failure(
    url: str, error: AuditFailed | WorkerDied, secrets: Sequence[str]
) -> ToolFailure:
    """Return the failure of an audit that gave no result at all.

    Args:
        url: the page.
        error: what happened.
        secrets: to be masked in what Lighthouse says.
    """
    if isinstance(error, WorkerDied):
        return ToolFailure(ERROR_DIED.format(url=inline(url)))
    reason = mask_values(str(error), secrets)
    if error.code == STEP_FAILED:
        return ToolFailure(ERROR_STEP.format(url=inline(url), reason=inline(reason, 300)))
    return _failure(url, error.code, reason)


def explain_runtime_error(url: str, lhr: Mapping[str, Any]) -> ToolFailure | None:
    """Return the failure that an LHR reports of the page as a whole, or None."""
    if lhr["finalDisplayedUrl"].startswith("chrome-error:"):
        return ToolFailure(ERROR_LED_AWAY.format(url=inline(url)))
    error = lhr.get("runtimeError")
    return _failure(url, error["code"], error["message"]) if error else None


def _failure(url: str, code: str, message: str) -> ToolFailure:
    detail = _DETAIL.search(message)
    reason = detail[1] if detail else message.removesuffix(f"({code})").rstrip(" .")
    return ToolFailure(
        ERROR_FAILED.format(
            url=inline(url),
            reason=inline(reason, 200),
            code=inline(code, 40),
            advice=_ADVICE.get(reason, _ADVICE.get(code, _OTHERWISE)),
        )
    )
