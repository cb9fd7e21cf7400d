"""Times: RFC 3339 text, seconds since the epoch, and how people write them."""

import re
from datetime import UTC, datetime, timedelta

from stacksight_core.errors import ToolFailure

ERROR_TIME = (
    "`{name}` is `{value}`, which is no time. Write how long ago (`30s`, `10m`, `2h`, `1d`), or a "
    "time in UTC, with or without its date (`2026-11-22T10:15:00Z`, `10:15:00`)."
)
_FRACTION = re.compile(r"\.(\d+)")
_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d)(?:\s+ago)?", re.I)
_OF_DAY = re.compile(r"(?:[01]\d|2[0-3]):\d\d(?::\d\d(?:\.\d+)?)?Z?", re.I)
_DAY_SECONDS = 86_400
_SOON_SECONDS = 60
"""By so much a time of today may be ahead: clocks differ, and somebody may round."""
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

    A time of day, as answers quote log lines with, is the last one there was.

    Args:
        name: the argument, for the message.
        value: ``10m``, ``2h ago``, ``10:15:00`` or RFC 3339; without a zone it is UTC.
        now: of the engine's clock.

    Raises:
        ToolFailure: it is none of these.
    """
    ago = _AGO.fullmatch(value.strip())
    if ago:
        return now - float(ago[1]) * _UNIT_SECONDS[ago[2].lower()]
    of_day = _OF_DAY.fullmatch(value.strip()) is not None
    today = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}T"
    moment = parse_time(f"{today if of_day else ''}{value.strip()}")
    if moment is None:
        raise ToolFailure(ERROR_TIME.format(name=name, value=value[:60]))
    return moment - _DAY_SECONDS if of_day and moment > now + _SOON_SECONDS else moment
