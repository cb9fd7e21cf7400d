"""Opaque cursors: where the next page of a list begins.

A cursor holds its position and a digest of the call it belongs to, so that it is refused with other
arguments instead of returning a wrong page. It keeps nothing in the server's memory.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from stacksight_core.errors import ToolFailure

ERROR_NOT_A_CURSOR = (
    "`cursor` is not one that this server returned. Leave it out to start at the first page."
)
ERROR_OTHER_CALL = (
    "`cursor` belongs to a call with other arguments. Repeat the arguments of the call that "
    "returned it, or leave it out to start at the first page."
)


def encode_cursor(position: Any, **scope: Any) -> str:
    """Return a cursor for a position (any JSON value) in the list that ``scope`` names.

    Args:
        position: where the next page begins.
        scope: the tool's name and every argument that decides what is listed, in what order.
    """
    raw = json.dumps([_digest(scope), position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, **scope: Any) -> Any:
    """Return the position in a cursor.

    Raises:
        ToolFailure: the text is no cursor, or one of another list.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        digest, position = json.loads(raw)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise ToolFailure(ERROR_NOT_A_CURSOR) from error
    if digest != _digest(scope):
        raise ToolFailure(ERROR_OTHER_CALL)
    return position


def _digest(scope: dict[str, Any]) -> str:
    canonical = json.dumps(scope, sort_keys=True, default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()[:8]
