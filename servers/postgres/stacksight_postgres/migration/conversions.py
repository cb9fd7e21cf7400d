"""Whether a change of a column's type has to rewrite the table.

From PostgreSQL's documentation of ALTER TABLE and the transforms of its length coercions.
"""

import re

from stacksight_postgres.migration.model import Catalogue

_PARTS = re.compile(r"^([^()]*?)\s*(?:\(([\d,\s]+)\))?([^()]*)$")
_GROWING = ("character varying", "bit varying")
_PRECISE = (
    "timestamp without time zone",
    "timestamp with time zone",
    "time without time zone",
    "time with time zone",
    "interval",
)
_ZONED = {"timestamp without time zone", "timestamp with time zone"}


def needs_rewrite(old: str, new: str, known: Catalogue) -> bool:
    """Tell whether values of one type have to be written anew for another.

    Args:
        old: as the catalogue writes it, e.g. ``character varying(20)``.
        new: in the same form.
        known: casts and types of the database.
    """
    old_base, old_sizes = _parse(old)
    new_base, new_sizes = _parse(new)
    if new in known.constrained_types:
        return True
    if old_base == new_base:
        return _narrows(old_base, old_sizes, new_sizes)
    if known.utc and {old_base, new_base} == _ZONED and not new_sizes:
        return False
    return (old_base, new_base) not in known.binary_casts or bool(new_sizes)


def _narrows(base: str, old: list[int], new: list[int]) -> bool:
    if not new or old == new:
        return False
    if not old:
        return True
    if base in _GROWING or base in _PRECISE:
        return new[0] < old[0]
    if base == "numeric":
        scales = [sizes[1] if len(sizes) > 1 else 0 for sizes in (old, new)]
        return scales[0] != scales[1] or new[0] < old[0]
    return True


def _parse(type_: str) -> tuple[str, list[int]]:
    match = _PARTS.match(type_)
    if match is None:
        return type_, []
    base = f"{match[1]}{match[3]}".strip()
    return base, [int(size) for size in (match[2] or "").split(",") if size.strip()]
