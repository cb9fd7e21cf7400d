"""Reads files of the project that the server was started in, and no others."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from stacksight_core.errors import ToolFailure
from stacksight_core.untrusted import inline

MAX_JSON_BYTES = 1_000_000
MAX_FILES = 4_000
MAX_SOURCE_BYTES = 400_000
MAX_ALL_BYTES = 20_000_000

_NOT_SOURCE = frozenset(
    "node_modules bower_components vendor dist build out target coverage venv env site-packages "
    "__pycache__ tmp".split()
)
_KINDS = frozenset(
    ".html .htm .xhtml .js .jsx .mjs .cjs .ts .tsx .vue .svelte .astro .php .erb .haml .slim .pug "
    ".hbs .ejs .njk .jinja .jinja2 .j2 .twig .liquid .mustache .templ .tmpl .gohtml .cshtml .razor "
    ".mdx .css .scss .sass .less .styl .py .rb .go .rs .java .kt .ex .heex .leex".split()
)

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


def text_files(project: Path) -> Iterator[tuple[str, str]]:
    """Yield the project's source files: path with slashes, and text.

    Left out are what tools make or install, what is hidden, links, large files and those of other
    kinds; the number and the size of all are bounded.
    """
    count = size = 0
    for folder, folders, names in os.walk(project):
        folders[:] = sorted(n for n in folders if n not in _NOT_SOURCE and n[0] not in "._")
        for name in sorted(names):
            if PurePath(name).suffix.lower() not in _KINDS:
                continue
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                bytes_there = path.stat(follow_symlinks=False).st_size
                if path.is_symlink() or bytes_there > MAX_SOURCE_BYTES:
                    continue
                count += 1
                size += bytes_there
                if count > MAX_FILES or size > MAX_ALL_BYTES:
                    return
                yield path.relative_to(project).as_posix(), path.read_text(errors="replace")
