"""Times: RFC 3339 text, seconds since the epoch, and how people write them."""

import re
from datetime import UTC, datetime, timedelta

from stacksight_core.errors import ToolFailure

ERROR_TIME = (
    "`{name}` is `{value}`, which is no time. Write how long ago (`30s`, `10m`, `2h`, `1d`), or a "
    "date and time in UTC (`2026-11-22T10:15:00Z`)."
)
_FRACTION = re.compile(r"\.(\d+)")
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d)(?:\s+ago)?", re.I)
_UNIT_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400}


def parse_time(text: str | None) -> float | None:
    """Return seconds since the epoch of an RFC 3339 time; None for none and for the year 1."""
    if not text or text.startswith("0001-"):
        return None
    micro = _FRACTION.sub(lambda match: f".{match[1][:6]:0<6}", text)
    try:
        moment = datetime.fromisoformat(micro)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def format_time(seconds: float) -> str:
    """Write a time in RFC 3339 with nine digits in UTC, which sorts as text."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}000Z"


def short_time(seconds: float) -> str:
    """Write a time to the second in UTC, for people."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}Z"


def parse_moment(name: str, value: str, now: float) -> float:
    """Return seconds since the epoch for how long ago, or for a date and time.

    Args:
        name: the argument, for the message.
        value: ``10m``, ``2h ago``, or RFC 3339; without a zone it is UTC.
        now: of the engine's clock.

    Raises:
        ToolFailure: it is neither.
    """
    ago = _AGO.fullmatch(value.strip())
    if ago:
        return now - float(ago[1]) * _UNIT_SECONDS[ago[2].lower()]
    moment = parse_time(value.strip())
    if moment is None:
        raise ToolFailure(ERROR_TIME.format(name=name, value=value[:60]))
    return moment
