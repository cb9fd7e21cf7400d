"""The set that is packed is within the limits and as good as trying every set."""

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from stacksight_postgres.advice.costs import Plan
from stacksight_postgres.advice.merging import merged_specs
from stacksight_postgres.advice.model import IndexKey, IndexSpec
from stacksight_postgres.advice.packing import Limits, Packing, Prices

INDEXES = 7
BASE = 1000.0
NOTHING = Prices(0.0, 0.0)
A, B = IndexKey("a", ("a",)), IndexKey("b", ("b",))

plan_lists = st.lists(
    st.lists(
        st.builds(Plan, st.floats(1, 990), st.integers(1, 2**INDEXES - 1)), min_size=1, max_size=5
    ).map(lambda plans: sorted([*plans, Plan(BASE, 0)])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(
    plan_lists,
    st.lists(st.integers(1, 20), min_size=INDEXES, max_size=INDEXES),
    st.integers(5, 60),
    st.integers(1, INDEXES),
)
def test_packing_is_close_to_the_best_of_all_sets(
    plans: list[list[Plan]], pages: list[int], room: int, count: int
) -> None:
    sizes = [page * 8192 for page in pages]
    limits = Limits(room * 8192, count)
    packing = Packing(plans, sizes, limits, NOTHING)
    found = packing.improve(0, 100, lambda: False)
    chosen = [n for n in range(INDEXES) if found >> n & 1]
    assert len(chosen) <= count
    assert sum(sizes[n] for n in chosen) <= limits.bytes
    best = min(
        packing.value(sum(1 << n for n in some))
        for most in range(count + 1)
        for some in combinations(range(INDEXES), most)
        if sum(sizes[n] for n in some) <= limits.bytes
    )
    assert packing.value(found) <= best + 0.02 * BASE * len(plans)


def test_an_index_that_saves_less_than_its_price_is_left_out() -> None:
    plans = [[Plan(990.0, 1), Plan(BASE, 0)]]
    packing = Packing(plans, [8192], Limits(1e9, 5), Prices(index=20.0, byte=0.0))
    assert packing.improve(0, 10, lambda: False) == 0


def test_an_index_that_stands_for_two_carries_what_either_does() -> None:
    narrow = IndexSpec("t", (A,), ("c",))
    wide = IndexSpec("t", (A, B), ("d",))
    partial = IndexSpec("t", (A,), ("d",), ("c = 1",))
    assert merged_specs([narrow, wide, partial]) == [IndexSpec("t", (A, B), ("c", "d"))]
