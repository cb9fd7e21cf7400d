import copy
import io
import stat
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from syrupy.assertion import SnapshotAssertion

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.analysis.history import entry_of, list_entries
from stacksight_lighthouse.models.audits import AuditEntry, StoredAudit
from stacksight_lighthouse.render.charts import HEIGHT, WIDTH, draw_trend
from stacksight_lighthouse.render.listing import render_list
from stacksight_lighthouse.source import store as store_module
from stacksight_lighthouse.source.store import Store


def entries_of(audit: StoredAudit, count: int, **changes: Any) -> list[AuditEntry]:
    """Entries of audits of one page, newest first."""
    entry = entry_of("audit-0", audit)
    return [
        entry.model_copy(
            update={
                "audit_id": f"audit-{number:08x}",
                "scores": {"performance": 100 - number},
                **changes,
            }
        )
        for number in range(count)
    ]


def test_an_audit_comes_back_as_it_was(demo_audit: StoredAudit, tmp_path: Path) -> None:
    store = Store(tmp_path / "audits")

    handle = store.save(demo_audit, entry_of)

    assert store.load(handle) == StoredAudit(**vars(demo_audit))
    assert [entry.audit_id for entry in store.entries()] == [handle]


def test_audits_are_for_their_user_only(demo_audit: StoredAudit, tmp_path: Path) -> None:
    Store(tmp_path / "audits").save(demo_audit, entry_of)

    for path in [tmp_path / "audits", *(tmp_path / "audits").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_secrets_are_masked_before_they_are_written(
    demo_audit: StoredAudit, tmp_path: Path
) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    lhr["configSettings"]["extraHeaders"] = {"Cookie": "session=sekret-1"}
    lhr["finalDisplayedUrl"] = "http://me:sekret-2@localhost/?access_token=sekret-3&page=2"
    store = Store(tmp_path)

    handle = store.save(StoredAudit(**{**vars(demo_audit), "lhr": lhr}), entry_of)

    kept = store.load(handle)
    assert "sekret" not in str(kept.lhr)
    assert "page=2" in kept.lhr["finalDisplayedUrl"]
    assert kept.lhr["audits"]["third-party-cookies"] == lhr["audits"]["third-party-cookies"]
    assert "sekret" not in render_list(list_entries(store.entries(), None, None))


def test_only_the_newest_audits_are_kept(
    demo_audit: StoredAudit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "KEPT_AUDITS", 2)
    store = Store(tmp_path)

    handles = [store.save(demo_audit, entry_of) for _ in range(3)]

    assert store.handles() == [handles[2], handles[1]]
    assert len(list(tmp_path.iterdir())) == 4


def test_audits_take_no_more_room_than_allowed(
    demo_audit: StoredAudit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    first = store.save(demo_audit, entry_of)
    size = (tmp_path / f"{first}.json.gz").stat().st_size

    monkeypatch.setattr(store_module, "KEPT_BYTES", size + size // 2)
    second = store.save(demo_audit, entry_of)
    assert store.handles() == [second]

    monkeypatch.setattr(store_module, "KEPT_BYTES", 1)
    third = store.save(demo_audit, entry_of)
    assert store.handles() == [third]


def test_a_folder_that_was_open_to_others_is_closed(
    demo_audit: StoredAudit, tmp_path: Path
) -> None:
    folder = tmp_path / "audits"
    folder.mkdir(mode=0o755)

    Store(folder).save(demo_audit, entry_of)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_damaged_file_is_an_unknown_audit(demo_audit: StoredAudit, tmp_path: Path) -> None:
    store = Store(tmp_path)
    handle = store.save(demo_audit, entry_of)
    (tmp_path / f"{handle}.json.gz").write_bytes(b"not what it was")

    with pytest.raises(ToolFailure, match="There is no audit"):
        store.load(handle)


def test_the_list_reads_like_this(demo_audit: StoredAudit, snapshot: SnapshotAssertion) -> None:
    assert render_list(list_entries(entries_of(demo_audit, 3), None, None)) == snapshot


def test_every_audit_is_on_one_page_even_when_new_ones_come_in(demo_audit: StoredAudit) -> None:
    entries = entries_of(demo_audit, 45)
    first = list_entries(entries, None, None)
    newer = entries_of(demo_audit, 1, audit_id="audit-ffffffff")
    second = list_entries([*newer, *entries], None, first.next_cursor)
    third = list_entries([*newer, *entries], None, second.next_cursor)

    assert [*first.audits, *second.audits, *third.audits] == entries
    assert third.next_cursor is None


def test_a_trend_is_of_one_page_and_device(demo_audit: StoredAudit) -> None:
    here = entries_of(demo_audit, 3)
    there = entries_of(demo_audit, 1, url="http://localhost/elsewhere")
    desktop = entries_of(demo_audit, 2, device="desktop")

    [trend] = list_entries([*here, *there], None, None).trends
    assert trend.scores == {"performance": [98, 99, 100]}
    assert trend.metrics["LCP"] == ["1.1 s"] * 3
    assert [t.device for t in list_entries([*here, *desktop], None, None).trends] == [
        "mobile",
        "desktop",
    ]
    assert list_entries(there, None, None).trends == []
    assert list_entries([*here, *there], "elsewhere", None).total == 1


def test_an_address_in_full_is_that_page_alone(demo_audit: StoredAudit) -> None:
    here = entries_of(demo_audit, 2)
    below = entries_of(demo_audit, 1, url=f"{here[0].url}below")

    assert list_entries([*here, *below], here[0].url, None).total == 2
    assert list_entries([*here, *below], here[0].url[:-1], None).total == 3


def test_a_trend_is_drawn_with_a_line_for_each_category() -> None:
    png = draw_trend({"performance": [40, 60, 95], "seo": [95, 95, 95]}, "2026-11-01", "2026-11-27")
    chart = Image.open(io.BytesIO(png)).convert("RGB")

    colours = {colour for _, colour in chart.getcolors(1000) or []}
    assert {(212, 0, 42), (122, 31, 162)} <= colours
    assert chart.size == (WIDTH, HEIGHT)
