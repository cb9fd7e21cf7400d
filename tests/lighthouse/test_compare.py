import copy
import json
import random
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pytest

from stacksight_core.errors import ToolFailure
from stacksight_lighthouse.analysis.compare import LEAST_RUNS, compare, is_settled
from stacksight_lighthouse.analysis.ranks import mann_whitney_p, shift
from stacksight_lighthouse.models.audits import Comparison, StoredAudit
from stacksight_lighthouse.render.comparison import render_comparison
from tests.lighthouse.conftest import DATA
from tests.lighthouse.site import Site
from tests.support.stdio import ServerClient

Runs = Mapping[str, float]
PAGES = ("slow everything", "slow document", "late script", "busy script")


def varied(audit: StoredAudit, **changes: Any) -> StoredAudit:
    return StoredAudit(**{**vars(audit), **changes})


def noisy_runs(seed: int, count: int = 6, **factors: float) -> list[Mapping[str, float]]:
    """Runs as they vary on one machine: 3 % up and down, blocking time much more."""
    generator = random.Random(seed)
    usual = {"FCP": 900.0, "LCP": 2400.0, "TBT": 250.0, "CLS": 0.1, "SI": 1500.0}
    return [
        {
            name: value * factors.get(name, 1) * generator.gauss(1, 0.15 if name == "TBT" else 0.03)
            for name, value in usual.items()
        }
        for _ in range(count)
    ]


def compared(audit: StoredAudit, before: Any, after: Any) -> Comparison:
    pair = [("audit-1", varied(audit, runs=before)), ("audit-2", varied(audit, runs=after))]
    return compare(pair[0], pair[1], interleaved=True)


@pytest.mark.parametrize(("size", "p"), [(3, 0.1), (4, 2 / 70), (5, 2 / 252)])
def test_the_smallest_p_of_two_samples_that_do_not_overlap(size: int, p: float) -> None:
    assert mann_whitney_p(range(size), range(10, 10 + size)) == pytest.approx(p)


def test_equal_samples_give_no_reason_for_doubt() -> None:
    assert mann_whitney_p([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]) == 1
    assert mann_whitney_p([0] * 5, [0] * 5) == 1


def test_the_shift_is_the_median_of_all_differences() -> None:
    assert shift([1, 2, 3], [11, 12, 30]) == 10


@pytest.fixture(scope="session")
def recorded() -> Mapping[str, Mapping[str, Sequence[Runs]]]:
    """Runs of pages and of the same 15 % slower, in turns, on two cores busy with other work."""
    pages: Mapping[str, Mapping[str, Sequence[Runs]]] = json.loads((DATA / "runs.json").read_text())
    return pages


def verdict_on(audit: StoredAudit, before: Sequence[Runs], after: Sequence[Runs]) -> str | None:
    """What compare_audits says of these runs: after six of each if it is clear, else after all."""
    count = LEAST_RUNS if is_settled(before[:LEAST_RUNS], after[:LEAST_RUNS]) else len(before)
    return compared(audit, before[:count], after[:count]).verdict


@pytest.mark.parametrize("page", PAGES)
def test_the_same_page_is_hardly_ever_called_different(
    demo_audit: StoredAudit, recorded: Mapping[str, Mapping[str, Sequence[Runs]]], page: str
) -> None:
    generator = random.Random(page)
    runs = recorded[page]["before"]
    draw = partial(generator.choices, runs, k=10)

    verdicts = [verdict_on(demo_audit, draw(), draw()) for _ in range(20)]

    assert verdicts.count("not distinguishable") >= 19


@pytest.mark.parametrize("page", PAGES[:3])  # a script's time drowns in that of other work
def test_a_page_15_percent_slower_is_mostly_noticed(
    demo_audit: StoredAudit, recorded: Mapping[str, Mapping[str, Sequence[Runs]]], page: str
) -> None:
    generator = random.Random(page)
    before, after = (
        partial(generator.choices, recorded[page][key], k=10) for key in recorded[page]
    )

    verdicts = [verdict_on(demo_audit, before(), after()) for _ in range(10)]

    assert verdicts.count("worse") > 5


def test_a_certain_change_that_nobody_would_notice_is_none(demo_audit: StoredAudit) -> None:
    before = [{"LCP": 2400.0 + n} for n in range(6)]
    after = [{"LCP": 2420.0 + n} for n in range(6)]

    [metric] = compared(demo_audit, before, after).metrics

    assert metric.p < 0.01
    assert metric.verdict == "not distinguishable"
    assert metric.detectable == "72 ms"


def test_too_few_runs_are_not_judged(demo_audit: StoredAudit) -> None:
    comparison = compared(demo_audit, noisy_runs(1, count=1), noisy_runs(2, count=1))

    assert comparison.verdict is None
    assert "Speed: not judged" in render_comparison(comparison)
    assert "too few" in render_comparison(comparison)


def test_offenders_are_new_fixed_changed_or_unchanged(demo_audit: StoredAudit) -> None:
    lhr = copy.deepcopy(dict(demo_audit.lhr))
    lhr["audits"]["label"].update(score=1)
    images = lhr["audits"]["image-alt"]["details"]["items"]
    del images[-10:]
    after = varied(demo_audit, lhr=lhr)

    forth = compare(("audit-1", demo_audit), ("audit-2", after), interleaved=False)
    back = compare(("audit-2", after), ("audit-1", demo_audit), interleaved=False)

    assert [change.check for change in forth.fixed] == ["label"]
    assert [(c.check, c.before - c.after) for c in forth.changed] == [("image-alt", 10)]
    assert not forth.new
    assert [change.check for change in back.new] == ["label"]
    assert forth.unchanged == back.unchanged > 0


def test_different_devices_are_not_compared(demo_audit: StoredAudit) -> None:
    desktop = varied(demo_audit, device="desktop")

    with pytest.raises(ToolFailure, match="same device"):
        compare(("audit-1", demo_audit), ("audit-2", desktop), interleaved=False)


async def test_an_address_and_an_audit_are_not_compared(client: ServerClient, site: Site) -> None:
    answer = await client.call("compare_audits", before="audit-00000000", after=f"{site.url}/")

    assert answer.is_error
    assert "two audit_ids or two addresses" in answer.text
