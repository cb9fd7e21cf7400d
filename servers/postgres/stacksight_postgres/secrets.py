"""Masks passwords in what a database returns, and leaves ordinary data as it is. Pure."""

import re

from stacksight_core.redact import MASK, is_secret_name

_TEXTS = frozenset({"text", "varchar", "bpchar", "name", "citext", "bytea", "json", "jsonb"})
"""Types that hold a secret itself; a date or a flag of such a name only tells about one."""

_URL_OPTION = re.compile(r"(://\S*[?&](?:ssl)?password=)[^\s&'\"]+", re.I)
_CONNECTION = re.compile(
    r"(?<!\w)(?:host|hostaddr|port|user|dbname|sslmode|service|application_name)\s*=", re.I
)
_QUOTED = r"'(?:[^'\\]|\\.|'')*(?:'|\Z)"
_OPTION = re.compile(
    rf"(?<!\w)((?:ssl)?password)(?:(\s*=\s*){_QUOTED}|(=)(?![$?%])[^\s'&,;)}}]+)", re.I | re.S
)
_ROLE = re.compile(rf"(?<!\w)(password\s+){_QUOTED}", re.I | re.S)


def is_secret_column(name: str, type_: str) -> bool:
    """Tell whether the cells of a column are masked whole: by its name, if it can hold a text."""
    return type_ in _TEXTS and is_secret_name(name)


def mask_passwords(text: str) -> str:
    """Mask passwords of connections and roles in a text, which may end cut.

    Masked are ``?password=…`` in a URL (its login is masked in every answer), ``password=…`` in a
    text that has further settings of a connection (``host=…``, ``user=…``), and ``PASSWORD '…'`` as
    in ALTER ROLE.
    """
    if "://" in text:
        text = _URL_OPTION.sub(rf"\1{MASK}", text)
    if "password" not in text.lower():
        return text
    if _CONNECTION.search(text):
        text = _OPTION.sub(lambda m: f"{m[1]}{m[2] or m[3]}{MASK}", text)
    return _ROLE.sub(rf"\1{MASK}", text)
