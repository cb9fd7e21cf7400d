"""What a worker writes, when nobody was left to remove it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stacksight_lighthouse.engine.install import Engine
from stacksight_lighthouse.engine.process import WorkFolder, start_worker

DIES_AT_ONCE = """
import os, signal
from stacksight_lighthouse.engine.install import Engine
from stacksight_lighthouse.engine.process import WorkFolder, start_worker
print(WorkFolder().path, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go, with a short name."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_the_folder_of_a_killed_process_is_removed_by_the_next(folder: Path) -> None:
    used = WorkFolder()
    environment = os.environ | {"TMPDIR": str(folder)}
    killed = subprocess.run(
        [sys.executable, "-c", DIES_AT_ONCE],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    left = Path(killed.stdout.strip())
    assert left.parent == folder
    assert left.is_dir()
    for made in (used.path, left):
        os.utime(made, (0, 0))  # long ago

    WorkFolder().remove()

    assert not left.exists()
    assert used.path.is_dir()
    used.remove()


async def test_chrome_starts_where_temporary_folders_have_long_names(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("long" * 20)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    worker = await start_worker(engine, [])
    assert worker.usable
    await worker.kill()
