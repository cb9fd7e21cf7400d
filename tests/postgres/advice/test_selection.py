"""The search keeps to its limits and no single index does better, on made-up costs."""

import time
from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from stacksight_postgres.advice.candidates import candidate_indexes
from stacksight_postgres.advice.costs import Costs, members
from stacksight_postgres.advice.model import IndexSpec, Query
from stacksight_postgres.advice.packing import Limits
from stacksight_postgres.advice.selection import BUDGET_WORTH, LEAST_GAIN, Selector
from tests.postgres.advice.tables import uses

Plan = tuple[float, frozenset[IndexSpec]]

SQL = "SELECT id FROM users WHERE age = 1 AND score = 2"
QUERY = Query("Q1", SQL, uses(SQL))
CANDIDATES = list(candidate_indexes([QUERY]))[:6]
OWN = dict.fromkeys(CANDIDATES, (0,))
BASE = 1000.0
NOT_WORTH_IT = LEAST_GAIN + BUDGET_WORTH


class Planner:
    """Costs as a planner has them: the cheapest of plans that each need some indexes."""

    def __init__(self, plans: list[Plan]) -> None:
        self.plans: list[Plan] = [(BASE, frozenset()), *plans]
        self.asked = 0

    async def ask(self, _: int, specs: Sequence[IndexSpec]) -> list[Plan]:
        self.asked += 1
        return [self.best(specs)]

    def best(self, specs: Sequence[IndexSpec]) -> Plan:
        offered = frozenset(specs)
        return min(
            (plan for plan in self.plans if plan[1] <= offered),
            key=lambda plan: (plan[0], sorted(plan[1])),
        )


def of_size(bytes_: list[int]) -> Callable[[IndexSpec], int]:
    known = dict(zip(CANDIDATES, bytes_, strict=True))
    return lambda spec: known.get(spec, 2**40)


plans = st.lists(
    st.tuples(
        st.floats(1, 990),
        st.frozensets(st.sampled_from(CANDIDATES), min_size=1, max_size=2),
    ),
    max_size=6,
)
sizes = st.lists(st.integers(1, 50), min_size=6, max_size=6)


@settings(max_examples=60, deadline=None)
@given(plans, sizes, st.integers(1, 120), st.integers(1, 4))
async def test_the_choice_is_within_limits_and_no_single_index_beats_it(
    plans: list[Plan], sizes: list[int], budget: int, count: int
) -> None:
    planner = Planner(plans)
    bytes_ = [size * 8192 for size in sizes]
    costs = Costs([QUERY], OWN, planner.ask, time.monotonic() + 60)
    limits = Limits(budget * 8192, count)
    found = await Selector(costs, of_size(bytes_), limits).run()
    chosen = list(members(found.chosen))
    assert len(chosen) <= count
    assert sum(bytes_[n] for n in chosen) <= limits.bytes
    fitting = [
        planner.best([spec])[0]
        for spec, size in zip(CANDIDATES, bytes_, strict=True)
        if size <= limits.bytes
    ]
    reached, _ = planner.best([CANDIDATES[n] for n in chosen])
    assert reached <= min([BASE, *fitting]) + BASE * NOT_WORTH_IT


async def test_what_is_known_is_not_asked_again() -> None:
    planner = Planner([(10.0, frozenset(CANDIDATES[:1]))])
    costs = Costs([QUERY], OWN, planner.ask, time.monotonic() + 60)
    everything = (1 << len(CANDIDATES)) - 1
    assert (await costs.estimate(0, everything)).used == 1
    assert (await costs.estimate(0, 0b11)).cost == 10.0
    assert planner.asked == 1
    assert (await costs.estimate(0, 0b10)).cost == BASE
    assert planner.asked == 2


async def test_without_time_the_best_so_far_is_given_and_said_to_be_cut() -> None:
    planner = Planner([(10.0, frozenset(CANDIDATES[:1]))])
    costs = Costs([QUERY], OWN, planner.ask, time.monotonic() - 1)
    found = await Selector(costs, lambda _: 8192, Limits(1e9, 5)).run()
    assert found.cut
    assert not found.chosen
