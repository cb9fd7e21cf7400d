"""What a query would cost with a set of indexes, asked of the planner no more often than needed."""

import asyncio
import time
from bisect import insort
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stacksight_postgres.advice.candidates import relevant_to
from stacksight_postgres.advice.model import IndexSpec, Query

Mask = int
"""A set of candidates: bit n stands for candidate n."""

Ask = Callable[[int, Sequence[IndexSpec]], Awaitable[list[tuple[float, frozenset[IndexSpec]]]]]
"""Has the planner plan a query, by its number, with these indexes besides those that exist.

Returns plans, the cheapest first: the total cost, and which of the indexes are used.
"""


@dataclass(frozen=True, order=True)
class Plan:
    """The planner's total cost of a query, and the candidates that its plan uses."""

    cost: float
    used: Mask


class OutOfTimeError(Exception):
    """The time for asking is used up."""


def members(mask: Mask) -> Iterator[int]:
    """Yield the numbers of the candidates in a set, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Costs:
    """Keeps every plan that the planner ever gave, and answers from them where that is enough.

    A plan can be had with every set of indexes that contains those it uses, so the cheapest such
    plan is an upper bound. It is the truth where the planner was asked with this very set, or with
    a larger one of which it used nothing else.

    Args:
        queries: that are to be made faster.
        candidates: that may be asked about, with the numbers of the queries that each was thought
            of for; their places are the bits of every set.
        ask: asks the planner.
        deadline: by ``time.monotonic``.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        candidates: Mapping[IndexSpec, Collection[int]],
        ask: Ask,
        deadline: float,
    ) -> None:
        self.queries = queries
        self.candidates: list[IndexSpec] = []
        self.asked = 0
        self._ask = ask
        self._deadline = self._until = deadline
        self._numbers: dict[IndexSpec, int] = {}
        self._relevant: list[Mask] = [0 for _ in queries]
        self._answers: list[dict[Mask, Mask]] = [{} for _ in queries]
        self._plans: list[list[Plan]] = [[] for _ in queries]
        self._own: list[Mask] = [0 for _ in queries]
        for spec, by in candidates.items():
            number = self.add(spec)
            for query in by:
                self._own[query] |= 1 << number

    def add(self, spec: IndexSpec) -> int:
        """Take up a candidate, unless it is known, and return its number."""
        if spec not in self._numbers:
            number = self._numbers[spec] = len(self.candidates)
            self.candidates.append(spec)
            for query, one in enumerate(self.queries):
                self._relevant[query] |= relevant_to(one, spec) << number
        return self._numbers[spec]

    def own(self, query: int) -> Mask:
        """Return the candidates that were thought of for a query."""
        return self._own[query]

    def plans(self, query: int) -> Sequence[Plan]:
        """Return the plans known of a query, the cheapest first."""
        return self._plans[query]

    def allow(self, share: float) -> None:
        """Allow questions for this share of the time that is left."""
        now = time.monotonic()
        self._until = now + share * (self._deadline - now)

    def extend(self) -> None:
        """Allow the few questions that remain after the search."""
        self._until = float("inf")

    def is_over(self) -> bool:
        """Whether the time for asking is used up."""
        return time.monotonic() > self._until

    def bound(self, query: int, specs: Mask) -> Plan:
        """Return the cheapest plan known of a query that uses only these, without asking."""
        return next(plan for plan in self._plans[query] if plan.used & specs == plan.used)

    async def estimate(self, query: int, specs: Mask) -> Plan:
        """Return the cheapest plan of a query with a set of indexes.

        Raises:
            OutOfTimeError: it is not known and there is no time left to ask.
        """
        offered = specs & self._relevant[query]
        if not self._is_known(query, offered):
            if self.is_over():
                raise OutOfTimeError
            self.asked += 1
            wanted = [self.candidates[number] for number in members(offered)]
            found = await self._ask(query, wanted)
            plans = [Plan(cost, self._mask(used)) for cost, used in found]
            self._answers[query][offered] = plans[0].used
            for plan in plans:
                self.learn(query, plan)
        return self.bound(query, specs)

    def learn(self, query: int, plan: Plan) -> None:
        """Take up a plan, also one that the planner could not be asked for."""
        if plan not in self._plans[query]:
            insort(self._plans[query], plan)

    async def estimate_all(self, wanted: Iterable[tuple[int, Mask]]) -> None:
        """Learn what several queries cost, each with a set of indexes.

        Raises:
            OutOfTimeError: there was no time for all of them.
        """
        asked = dict.fromkeys((query, specs & self._relevant[query]) for query, specs in wanted)
        # None is cancelled while others are under way: that would break off a statement.
        found = await asyncio.gather(
            *(self.estimate(*one) for one in asked), return_exceptions=True
        )
        for one in found:
            if isinstance(one, BaseException):
                raise one

    def _mask(self, specs: Iterable[IndexSpec]) -> Mask:
        return sum(1 << self._numbers[spec] for spec in specs)

    def _is_known(self, query: int, offered: Mask) -> bool:
        answers = self._answers[query]
        return offered in answers or any(
            offered & asked == offered and used & offered == used for asked, used in answers.items()
        )
