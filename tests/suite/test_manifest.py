"""The recorded answers are those that the servers give, byte for byte."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.manifest import SERVERS
from stacksight_core.manifest import VARIANTS, Variant
from stacksight_lighthouse.models.audits import AuditEntry
from stacksight_lighthouse.source.store import project_folder
from tests.support.stdio import MODERN_META, ROOT, raw_server


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


async def test_audits_kept_before_the_first_call_are_listed(tmp_path: Path) -> None:
    folder = project_folder(tmp_path / "audits", ROOT)
    entry = AuditEntry(
        audit_id="audit-0123abcd", made="", url="http://a/", device="mobile", runs=1, scores={}
    )
    async with raw_server("lighthouse", env={"STACKSIGHT_CACHE_DIR": str(tmp_path)}) as server:
        none = await server.request(1, "resources/list", _meta=MODERN_META)
        folder.mkdir(parents=True)
        (folder / "audit-0123abcd.json.gz").touch()
        (folder / "audit-0123abcd.entry").write_text(entry.model_dump_json())
        both = await server.request(2, "resources/list", _meta=MODERN_META)
    assert none["result"]["resources"] == []
    assert len(both["result"]["resources"]) == 2
