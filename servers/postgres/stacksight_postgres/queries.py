"""The SQL files of this package, and how statements of ours are told from an application's."""

import re
from functools import cache
from pathlib import Path

MARK = "/* stacksight */ "
"""Stands in every statement of ours, so that statistics of statements can leave them out: behind
the first word, since PostgreSQL 18 forgets a comment that comes before it."""

_FOLDER = Path(__file__).parent / "sql"
_FIRST_WORD = re.compile(r"^\(?(SELECT|WITH)\b\s*", re.M)


def marked(sql: str) -> str:
    """Return a statement of ours with the mark in it."""
    return _FIRST_WORD.sub(lambda word: word[0] + MARK, sql, count=1)


@cache
def load_sql(name: str) -> str:
    """Return the text of ``sql/<name>.sql``, marked as ours."""
    return marked((_FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
