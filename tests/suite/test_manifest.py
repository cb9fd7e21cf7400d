"""The recorded answers are those that the servers give, byte for byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.manifest import SERVERS
from stacksight_core.manifest import VARIANTS, Variant
from tests.support.stdio import ROOT


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the answers as they would be recorded now."""
    folder = tmp_path_factory.mktemp("recorded")
    argv = [sys.executable, "-m", "scripts.manifest", "--into", str(folder)]
    subprocess.run(argv, check=True, cwd=ROOT)
    return folder


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.file_name)
def test_the_recorded_answers_are_not_old(server: str, variant: Variant, recorded: Path) -> None:
    package = f"stacksight_{server}"
    kept = ROOT / "servers" / server / package / "manifest" / variant.file_name
    now = recorded / f"{package}.server" / variant.file_name
    # What is compared are whole definitions: the difference itself would fill the screen.
    same = kept.exists() and kept.read_bytes() == now.read_bytes()
    assert same, f"{kept.relative_to(ROOT)} is old: run `make manifest`"
