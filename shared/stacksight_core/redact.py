"""Masks secrets, by the name they go by and by the shape they have, in place."""

import re
from typing import Any

MASK = "***"

_SECRET_WORDS = frozenset(
    "pass passwd password passphrase pwd secret secrets token credential credentials cookie "
    "cookies auth authorization dsn apikey accesskey secretkey privatekey signature".split()
)
_KEY_QUALIFIERS = frozenset("api access secret private signing encryption master service".split())
_COUNTS = frozenset(
    "count counts max min limit num total used usage length size expires type".split()
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

# Names begin where a word begins: trying every letter of a long word would take quadratic time.
_SHAPES = [
    (
        re.compile(r"(?<![a-z0-9+.-])([a-z0-9+.-]+://[^\s:/?#@'\"]*):([^\s/'\"]+)@", re.I),
        rf"\1:{MASK}@",
    ),
    (
        re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.S),
        f"-----BEGIN PRIVATE KEY----- {MASK}",
    ),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), MASK),  # JSON web token
    # "Basic understanding" is prose, and "sk-hotels-in-the-capital" a part of an address.
    (re.compile(r"\b(Bearer)\s+[A-Za-z0-9._~+/-]{12,}=*", re.I), rf"\1 {MASK}"),
    (
        re.compile(r"\b((?i:Basic))\s+(?=[A-Za-z0-9+/]+[A-Z0-9=])[A-Za-z0-9._~+/-]{12,}=*"),
        rf"\1 {MASK}",
    ),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), MASK),
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})"), MASK),
    (re.compile(r"\bxox[a-z]-[\w-]{10,}"), MASK),
    (re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{10,}"), MASK),
    (re.compile(r"\bsk-(?=[a-z_-]{0,40}[A-Z0-9])[A-Za-z0-9_-]{20,}"), MASK),
    (re.compile(r"\bAIza[\w-]{35}"), MASK),
]
_NAMED = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]+)["']?(?P<sep>\s*(?:=>|[=:])\s*)""")
_VALUE = re.compile(r"""(?!\?)(?:"[^"]*"|'[^']*'|[^\s"',;&)}\]]+)""")
# "API_KEY: environment variable is not set" says what is wrong; it holds no value.
_PROSE = re.compile(
    "(?:environment|variable|parameter|unbound|field|value|is|was|has|not|no|must|cannot|missing|"
    "required|invalid|expired|unset|undefined|unknown|failed|error)\\b"
)
_OPTION = re.compile(r"(?<![\w-])(?P<name>--?[A-Za-z][\w-]*)(?P<sep>\s+)(?P<value>[^\s-]\S*)")


def is_secret_name(name: str) -> bool:
    """Tell whether a key, variable or column of this name is likely to hold a secret.

    ``DB_PASSWORD``, ``apiKey`` and ``session-cookie`` are; ``max_tokens``, ``author`` and
    ``primary_key`` are not.
    """
    words = [word.lower() for word in _WORD.findall(name)]
    if _COUNTS & set(words):
        return False
    if _SECRET_WORDS & set(words):
        return True
    return "key" in words and bool(_KEY_QUALIFIERS & set(words))


def redact_text(text: str) -> str:
    """Mask what has the shape of a secret: passwords in URLs, tokens, private keys."""
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def redact_assignments(text: str) -> str:
    """Mask secrets in free text such as log lines and command lines.

    Masks what ``redact_text`` does, and the value of every ``name=value``, ``name: value`` and
    ``--name value`` whose name is that of a secret.
    """
    return _OPTION.sub(_mask_option, _mask_assignments(redact_text(text)))


def _mask_assignments(text: str) -> str:
    parts, done = [], 0
    for named in _NAMED.finditer(text):
        if named.start() < done or not is_secret_name(named["name"]):
            continue
        if named["sep"].startswith(":") and text[named.start() - 1 : named.start()] == "/":
            continue  # "/etc/passwd: permission denied" is a path and what happened to it
        value = _VALUE.match(text, named.end())
        if value is None or (named["sep"].startswith(":") and _PROSE.match(value[0])):
            continue
        parts += [text[done : named.end()], MASK]
        done = value.end()
    return "".join([*parts, text[done:]])


def _mask_option(match: re.Match[str]) -> str:
    if not is_secret_name(match["name"]):
        return match[0]
    return f"{match['name']}{match['sep']}{MASK}"


def redact_value(value: Any) -> Any:
    """Return a copy of a JSON-like value with secrets masked, at every depth.

    The value of a secret-named key is masked whole, whatever its type; strings elsewhere are masked
    by shape.
    """
    if isinstance(value, dict):
        return {
            key: MASK if is_secret_name(str(key)) and item not in (None, "") else redact_value(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_value(item) for item in value]
    return redact_text(value) if isinstance(value, str) else value
