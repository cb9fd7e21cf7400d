"""The SQL files of this package, and how statements of ours are told from an application's."""

from functools import cache
from pathlib import Path

MARK = "/* stacksight */ "
"""Begins every statement of ours, so that statistics of statements can leave them out."""

_FOLDER = Path(__file__).parent / "sql"


@cache
def load_sql(name: str) -> str:
    """Return the text of ``sql/<name>.sql``, marked as ours."""
    return MARK + (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
