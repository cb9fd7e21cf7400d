"""Near names: what the caller may have meant."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of the known names that resemble ``name``, best first.

    Case is ignored; a known name that contains ``name``, or is contained in it, counts as near.
    """
    wanted = name.casefold()
    by_folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(wanted, by_folded, n=limit, cutoff=0.6)
    if len(wanted) >= 3:
        near += [c for c in by_folded if c not in near and (wanted in c or (c and c in wanted))]
    return [by_folded[candidate] for candidate in near[:limit]]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean `a` or `b`?"``, or an empty string when nothing is near."""
    near = nearest(name, known)
    if not near:
        return ""
    return f" Did you mean {' or '.join(f'`{candidate}`' for candidate in near)}?"
