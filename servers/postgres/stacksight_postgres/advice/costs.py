"""What a query would cost with a set of indexes, asked of the planner no more often than needed."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from stacksight_postgres.advice.candidates import relevant_to
from stacksight_postgres.advice.model import IndexSpec, Query

Mask = int
"""A set of candidates: bit n stands for candidate n."""

Ask = Callable[[str, Sequence[IndexSpec]], Awaitable[tuple[float, frozenset[IndexSpec]]]]
"""Has the planner plan the SQL with these indexes besides those that exist.

Returns the total cost, and which of the indexes the plan uses.
"""


@dataclass(frozen=True)
class Estimate:
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
    """Answers from memory where it can.

    A plan that uses only some of the offered indexes stays the best when others are taken away, so
    an answer holds for every set between what it used and what it was offered.

    Args:
        queries: that are to be made faster.
        candidates: that may be asked about; their places are the bits of every set.
        ask: asks the planner.
        deadline: by ``time.monotonic``.
    """

    def __init__(
        self,
        queries: Sequence[Query],
        candidates: Sequence[IndexSpec],
        ask: Ask,
        deadline: float,
    ) -> None:
        self.queries = queries
        self.candidates = candidates
        self.asked = 0
        self._ask = ask
        self._deadline = self._until = deadline
        self._numbers = {spec: number for number, spec in enumerate(candidates)}
        self._relevant = [
            sum(1 << n for n, spec in enumerate(candidates) if relevant_to(query, spec))
            for query in queries
        ]
        self._answers: list[dict[Mask, Estimate]] = [{} for _ in queries]

    def relevant(self, query: int) -> Mask:
        """Return the candidates that the planner could use for a query."""
        return self._relevant[query]

    def narrow(self, query: int, useful: Mask) -> None:
        """Take only these candidates for ones that matter to a query."""
        self._relevant[query] &= useful

    def allow(self, share: float) -> None:
        """Allow questions for this share of the time that is left."""
        now = time.monotonic()
        self._until = now + share * (self._deadline - now)

    def extend(self) -> None:
        """Allow the few questions that remain after the search."""
        self._until = float("inf")

    def lowest(self, query: int) -> Estimate:
        """Return the best that is known of a query, without asking."""
        return min(self._answers[query].values(), key=lambda answer: (answer.cost, answer.used))

    async def estimate(self, query: int, specs: Mask) -> Estimate:
        """Return what a query costs with a set of indexes.

        Raises:
            OutOfTimeError: it is not known and there is no time left to ask.
        """
        offered = specs & self._relevant[query]
        known = self._known(query, offered)
        if known is not None:
            return known
        if time.monotonic() > self._until:
            raise OutOfTimeError
        self.asked += 1
        wanted = [self.candidates[number] for number in members(offered)]
        cost, used = await self._ask(self.queries[query].sql, wanted)
        answer = Estimate(cost, sum(1 << self._numbers[spec] for spec in used))
        self._answers[query][offered] = answer
        return answer

    async def total(self, specs: Mask) -> float:
        """Return the weighted cost of all queries."""
        costs = [(await self.estimate(n, specs)).cost for n, _ in enumerate(self.queries)]
        return sum(q.weight * cost for q, cost in zip(self.queries, costs, strict=True))

    async def change(self, before: Mask, after: Mask) -> float:
        """Return by how much the weighted cost changes from one set to another."""
        changed = before ^ after
        difference = 0.0
        for number, query in enumerate(self.queries):
            if changed & self._relevant[number]:
                old = await self.estimate(number, before)
                new = await self.estimate(number, after)
                difference += (new.cost - old.cost) * query.weight
        return difference

    def _known(self, query: int, offered: Mask) -> Estimate | None:
        answers = self._answers[query]
        if offered in answers:
            return answers[offered]
        for asked, answer in answers.items():
            if offered & asked == offered and answer.used & offered == answer.used:
                return answer
        return None
