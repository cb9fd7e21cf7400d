"""What a worker writes, when nobody was left to remove it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from stacksight_lighthouse.engine.process import WorkFolder

DIES_AT_ONCE = """
import os, signal
from stacksight_lighthouse.engine.process import WorkFolder
print(WorkFolder().path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_folder_of_a_killed_process_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    used = WorkFolder()
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-c", DIES_AT_ONCE],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    left = Path(killed.stdout.strip())
    assert left.is_dir()
    for folder in (used.path, left):
        os.utime(folder, (0, 0))  # long ago

    WorkFolder().remove()

    assert not left.exists()
    assert used.path.is_dir()
    used.remove()
