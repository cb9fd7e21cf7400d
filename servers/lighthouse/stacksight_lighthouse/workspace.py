"""Reads files of the project that the server was started in, and no others."""

import json
from pathlib import Path

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline

MAX_JSON_BYTES = 1_000_000

ERROR_OUTSIDE = "`{path}` is outside of the project ({project}); only its files are read."
ERROR_NO_FILE = "There is no file `{path}` in the project ({project})."
ERROR_NOT_JSON = "`{path}` is not JSON ({reason}); give what is JavaScript or YAML as JSON."
ERROR_TOO_LARGE = "`{path}` has more than {limit:,} bytes."


def read_json(project: Path, value: object) -> object:
    """Return decoded JSON: the value itself, or when it is a string, its text or that of a file.

    Args:
        project: where relative paths begin; files elsewhere are refused.
        value: decoded JSON, a JSON text, or a path.

    Raises:
        ToolFailure: there is no such file, it is elsewhere, or no JSON.
    """
    if not isinstance(value, str):
        return value
    text = value.strip()
    return _decode("the text", text) if text[:1] in ("{", "[") else _read(project, text)


def _read(project: Path, name: str) -> object:
    shown = inline(name, 200)
    root = project.resolve()
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise ToolFailure(ERROR_OUTSIDE.format(path=shown, project=root))
        if not path.is_file():
            raise ToolFailure(ERROR_NO_FILE.format(path=shown, project=root))
    except (OSError, ValueError) as error:  # too long for a name, or a NUL in it
        raise ToolFailure(ERROR_NO_FILE.format(path=shown, project=root)) from error
    if path.stat().st_size > MAX_JSON_BYTES:
        raise ToolFailure(ERROR_TOO_LARGE.format(path=shown, limit=MAX_JSON_BYTES))
    return _decode(shown, path.read_text(errors="replace"))


def _decode(shown: str, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise ToolFailure(ERROR_NOT_JSON.format(path=shown, reason=reason)) from error
