"""From what was read of keys to what inspect_keys answers. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from stacksight_core.redact import MASK, is_secret_name
from stacksight_core.units import format_count, plural
from stacksight_core.untrusted import inline
from stacksight_redis.analysis.channel_answers import show_payload
from stacksight_redis.facts.keys import KeyFacts, Scan
from stacksight_redis.models.keys import KeyList, KeyView, Prefix

PREFIXES_SHOWN = 20
LARGEST_SHOWN = 10
KEY_SHOWN = 120
VALUE_SHOWN = 200
STRING_SHOWN = 2_000

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|[0-9a-f]{24,}|\d+", re.I)

NOTE_NOT_READ = "The content was not read: its members are too large, or its type is of a module."


def answer_keys(scan: Scan, pattern: str, cursor: str | None) -> KeyList:
    """A summary of the keys that were looked at."""
    part = "all" if scan.position == 0 and scan.scanned >= scan.total else "about"
    described = len(scan.keys)
    notes = []
    if scan.matched > described:
        notes.append(f"{format_count(scan.matched - described)} more matched and were not read.")
    return KeyList(
        conclusion=(
            f"{plural(scan.matched, 'key')} match {inline(pattern, KEY_SHOWN)}, among {part} "
            f"{format_count(scan.scanned)} of {format_count(scan.total)} keys looked at."
        ),
        prefixes=_prefixes(scan.keys),
        largest=[
            _view(facts) for facts in sorted(scan.keys, key=lambda f: -f.memory)[:LARGEST_SHOWN]
        ],
        scanned=scan.scanned,
        matched=scan.matched,
        total=scan.total,
        notes=notes,
        next_cursor=cursor,
    )


def prefix_of(key: bytes) -> str:
    """The key with ids replaced, up to its third part: ``user:*:session``."""
    name = _ID.sub("*", key.decode(errors="backslashreplace"))
    parts = name.split(":")
    return inline(":".join(parts[:3]) + (":…" if len(parts) > 3 else ""), KEY_SHOWN)


def _prefixes(keys: Sequence[KeyFacts]) -> list[Prefix]:
    groups: dict[str, list[KeyFacts]] = {}
    for facts in keys:
        groups.setdefault(prefix_of(facts.key), []).append(facts)
    prefixes = [
        Prefix(
            prefix=prefix,
            keys=len(found),
            types=", ".join(kind for kind, _ in Counter(f.type for f in found).most_common()),
            memory_bytes=sum(f.memory for f in found),
            without_expiry=sum(f.expires_ms < 0 for f in found),
        )
        for prefix, found in groups.items()
    ]
    return sorted(prefixes, key=lambda p: (-p.memory_bytes, p.prefix))[:PREFIXES_SHOWN]


def answer_key(facts: KeyFacts, content: Sequence[Any]) -> KeyList:
    """One key with the first part of its content."""
    view = _view(facts)
    secret = is_secret_name(view.key)
    limit = STRING_SHOWN if facts.length is None or facts.type == "string" else VALUE_SHOWN
    view.content = [MASK if secret else _show(item, limit) for item in content]
    view.shown = len(content) if facts.length is None else min(len(content), facts.length)
    length = "" if facts.length is None else f" of length {format_count(facts.length)}"
    return KeyList(
        conclusion=f"{view.key} is a {facts.type}{length}.",
        key=view,
        notes=[NOTE_NOT_READ] if not content and facts.length != 0 else [],
    )


def _view(facts: KeyFacts) -> KeyView:
    return KeyView(
        key=inline(facts.key.decode(errors="backslashreplace"), KEY_SHOWN),
        type=facts.type,
        encoding=facts.encoding,
        length=facts.length,
        memory_bytes=facts.memory,
        expires_s=facts.expires_ms / 1000 if facts.expires_ms >= 0 else None,
        idle_s=facts.idle_s,
    )


def _show(item: Any, limit: int) -> str:
    """A member of any type: a pair as ``name: value``, a stream entry with its fields."""
    if isinstance(item, bytes):
        return show_payload(item, limit)
    if isinstance(item, tuple) and len(item) == 2:
        name, value = item
        shown = show_payload(name, limit) if isinstance(name, bytes) else str(name)
        if is_secret_name(shown):
            return f"{shown}: {MASK}"
        return f"{shown}: {_show(value, limit)}"
    if isinstance(item, list):
        pairs = item[1] if len(item) == 2 and isinstance(item[1], list) else item
        told = ", ".join(
            _show((name, value), limit)
            for name, value in zip(pairs[::2], pairs[1::2], strict=False)
        )
        return f"{_show(item[0], limit)} {{{told}}}" if pairs is not item else f"group {{{told}}}"
    return str(item)
