"""Keeps audits in a private folder, so that later calls need not run them again.

A file holds an audit whole, compressed: some 100 kB. Secrets are masked before it is written.
"""

import contextlib
import gzip
import hashlib
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stacksight_core.errors import ToolFailure
from stacksight_core.names import did_you_mean
from stacksight_core.redact import MASK, redact_assignments, redact_text
from stacksight_lighthouse.kept import folder_name
from stacksight_lighthouse.models.audits import AuditEntry, StoredAudit

KEPT_AUDITS = 100
"""How many are kept per project; the oldest are removed."""
KEPT_BYTES = 150_000_000
"""How much is kept per project, whatever the number; the newest audit stays in any case."""

_HANDLE = re.compile(r"audit-[0-9a-f]{8}")
_SUFFIX = ".json.gz"

ERROR_UNKNOWN = "There is no audit `{handle}`.{near} {known}"
KNOWN_SOME = "The newest ones are {handles}."
KNOWN_NONE = "None is kept yet: run_audit(url) makes one."


class Store:
    """The audits of one project.

    Args:
        folder: theirs alone; made at the first audit, readable by this user only.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, audit: StoredAudit, entry: Callable[[str, StoredAudit], AuditEntry]) -> str:
        """Keep an audit and return its handle, e.g. ``audit-3fa9c1d2``.

        Args:
            audit: the audit.
            entry: makes what lists show of it; kept beside it, so that lists are quick.
        """
        for folder in (self._folder.parent, self._folder):  # mode is for the last one alone
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.chmod(0o700)  # also one that was there before
        handle = f"audit-{secrets.token_hex(4)}"
        masked = StoredAudit(**_masked(vars(audit)))
        content = json.dumps(vars(masked), separators=(",", ":")).encode()
        self._write(self._entry_path(handle), entry(handle, masked).model_dump_json().encode())
        self._write(self._path(handle), gzip.compress(content, compresslevel=3))
        self._forget_oldest()
        return handle

    def _forget_oldest(self) -> None:
        kept_bytes = 0
        for number, handle in enumerate(self.handles()):
            with contextlib.suppress(OSError):  # another process has just removed it
                kept_bytes += self._path(handle).stat().st_size
            if number >= KEPT_AUDITS or (number and kept_bytes > KEPT_BYTES):
                self._path(handle).unlink(missing_ok=True)
                self._entry_path(handle).unlink(missing_ok=True)

    def entries(self) -> list[AuditEntry]:
        """Return what lists show of all audits, newest first."""
        entries = []
        for handle in self.handles():
            with contextlib.suppress(OSError, ValueError):  # just removed, or of an older version
                entry = AuditEntry.model_validate_json(self._entry_path(handle).read_bytes())
                entries.append(entry)
        return entries

    def load(self, handle: str) -> StoredAudit:
        """Return an audit.

        Raises:
            ToolFailure: there is none of this handle; the message names some.
        """
        if _HANDLE.fullmatch(handle):
            with contextlib.suppress(OSError):
                return StoredAudit(**json.loads(gzip.decompress(self._path(handle).read_bytes())))
        handles = self.handles()
        known = KNOWN_SOME.format(handles=", ".join(handles[:5])) if handles else KNOWN_NONE
        near = did_you_mean(handle, handles)
        raise ToolFailure(ERROR_UNKNOWN.format(handle=handle[:60], near=near, known=known))

    def handles(self) -> list[str]:
        """Return the handles of all audits, newest first."""
        ages = []
        for path in self._folder.glob(f"audit-*{_SUFFIX}"):
            with contextlib.suppress(OSError):  # another process has just removed it
                ages.append((path.stat().st_mtime_ns, path.name.removesuffix(_SUFFIX)))
        return [handle for _, handle in sorted(ages, reverse=True)]

    def _write(self, path: Path, content: bytes) -> None:
        """Write a file that is there whole or not at all, for this user only."""
        partial = path.with_suffix(".partial")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123
            file.write(content)
        partial.rename(path)

    def _entry_path(self, handle: str) -> Path:
        return self._folder / f"{handle}.entry"

    def _path(self, handle: str) -> Path:
        return self._folder / f"{handle}{_SUFFIX}"


def project_folder(base: Path, project: Path) -> Path:
    """Return the folder of a project's audits, named after the project's own folder."""
    digest = hashlib.sha256(str(project).encode()).hexdigest()[:8]
    return base / f"{folder_name(project.name)}-{digest}"


def _masked(value: Any, key: str = "") -> Any:
    """Return a copy of a part of an LHR without secrets.

    Keys tell little: `third-party-cookies` is an audit. Masked are the headers that were sent,
    secrets by their shape everywhere, and in addresses also by the names of their parameters.
    """
    if key == "extraHeaders" and value:
        return MASK
    if isinstance(value, Mapping):
        return {name: _masked(item, name) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    if not isinstance(value, str) or value.startswith("data:"):
        return value
    return redact_assignments(value) if "://" in value else redact_text(value)
