"""The best set of indexes within limits, as far as the plans known so far can tell. Pure.

A query costs what the cheapest of its plans costs of those whose indexes are all there. Adding by
saved cost per byte comes close to the best set; taking a few out and filling up again, many times,
comes closer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from stacksight_postgres.advice.costs import Mask, Plan, members

THRIFTS = (1.0, 0.6, 0.3, 0.0)
"""How much a byte weighs when additions are compared: each way finds sets that the others miss."""
LEAST_BYTES = 8192
MOST_TAKEN_OUT = 3
SAME = 1e-9
WORTH_A_PLAN = 0.002
"""A plan has to be cheaper by this share than one that takes fewer indexes."""


@dataclass(frozen=True)
class Limits:
    """What a set has to keep to: bytes of all indexes together, and how many."""

    bytes: float
    count: int


@dataclass(frozen=True)
class Prices:
    """What an index and a byte have to save to be worth it, in units of weighted cost."""

    index: float
    byte: float


class Packing:
    """Chooses among indexes by plans that are known.

    Args:
        plans: of each query, with what their costs count; one needs no index.
        sizes: bytes of every candidate.
        limits: that a set keeps to.
        prices: of what it takes.
    """

    def __init__(
        self,
        plans: Sequence[Sequence[Plan]],
        sizes: Sequence[int],
        limits: Limits,
        prices: Prices,
    ) -> None:
        self._sizes = sizes
        self._limits = limits
        self._prices = prices
        self._plans = [_undominated(some) for some in plans]
        self._unions = [_union(some) for some in self._plans]
        self._known: list[dict[Mask, float]] = [{} for _ in plans]
        self._moves = sorted({p.used for some in self._plans for p in some if p.used})
        self._readers: dict[int, list[int]] = {}
        self._read_by: dict[Mask, list[int]] = {}
        self._weighed: dict[Mask, int] = {}
        self._near: dict[Mask, list[Mask]] = {}
        for query, union in enumerate(self._unions):
            for number in members(union):
                self._readers.setdefault(number, []).append(query)

    def value(self, chosen: Mask) -> float:
        """Return what all queries cost with a set, and what the set is charged."""
        return sum(self._costs(chosen)) + self._charge(chosen)

    def improve(self, start: Mask, rounds: int, is_over: Callable[[], bool]) -> Mask:
        """Return a set at least as good as the one to start from, the same at every call."""
        best = self._pruned(start if self._fits(start) else 0)
        best_value = self.value(best)
        random = Random(0)  # noqa: S311 - the same steps at every call, nothing secret
        for thrift in THRIFTS:
            if best and is_over():
                break
            found = self._pruned(self._grown(0, thrift))
            if (value := self.value(found)) < best_value - SAME:
                best, best_value = found, value
        for _ in range(rounds):
            if is_over() or not best:
                break
            few = min(random.randint(1, MOST_TAKEN_OUT), best.bit_count())
            taken = sum(1 << n for n in random.sample(list(members(best)), few))
            found = self._pruned(self._grown(best & ~taken, random.choice(THRIFTS), taken))
            if (value := self.value(found)) < best_value - SAME:
                best, best_value = found, value
        return best

    # --- adding and taking out --------------------------------------------------------------

    def _grown(self, chosen: Mask, thrift: float, without: Mask = 0) -> Mask:
        """Add what saves most for its bytes, again and again; ``without`` not in the first step."""
        costs = self._costs(chosen)
        gains: dict[Mask, float] = {}
        stale: Sequence[Mask] = self._moves
        while True:
            for move in stale:
                added = move & ~chosen
                gains[move] = self._saved(chosen | move, added, costs) - self._charge(added)
            best: tuple[float, Mask] | None = None
            for move, net in gains.items():
                if net <= 0 or move & without == move or not self._fits(chosen | move):
                    continue
                score = net / max(self._bytes(move & ~chosen), LEAST_BYTES) ** thrift
                if best is None or score > best[0]:
                    best = (score, move)
            if best is None:
                return chosen
            added = best[1] & ~chosen
            chosen |= best[1]
            costs = self._costs(chosen)
            stale = self._near[added] if added in self._near else self._touched_by(added)
            without = 0

    def _touched_by(self, added: Mask) -> list[Mask]:
        """Return the moves that gain something else once these are there."""
        queries = set(self._readers_of(added))
        near = [m for m in self._moves if m & added or queries.intersection(self._readers_of(m))]
        self._near[added] = near
        return near

    def _pruned(self, chosen: Mask) -> Mask:
        """Take out what saves less than it is charged for, beside the others."""
        for number in sorted(members(chosen), key=lambda n: (-self._sizes[n], n)):
            fewer = chosen & ~(1 << number)
            if self.value(fewer) <= self.value(chosen) + SAME:
                chosen = fewer
        return chosen

    # --- what a set is worth ------------------------------------------------------------------

    def _saved(self, target: Mask, added: Mask, costs: Sequence[float]) -> float:
        readers = self._readers_of(added)
        return sum(costs[query] - self._cost(query, target) for query in readers)

    def _readers_of(self, added: Mask) -> list[int]:
        if added not in self._read_by:
            found = {query for number in members(added) for query in self._readers[number]}
            self._read_by[added] = sorted(found)
        return self._read_by[added]

    def _costs(self, chosen: Mask) -> list[float]:
        return [self._cost(query, chosen) for query, _ in enumerate(self._plans)]

    def _cost(self, query: int, chosen: Mask) -> float:
        relevant = chosen & self._unions[query]
        known = self._known[query]
        if relevant not in known:
            plan = next(p for p in self._plans[query] if p.used & relevant == p.used)
            known[relevant] = plan.cost
        return known[relevant]

    def _charge(self, chosen: Mask) -> float:
        prices = self._prices
        return prices.index * chosen.bit_count() + prices.byte * self._bytes(chosen)

    def _fits(self, chosen: Mask) -> bool:
        few = chosen.bit_count() <= self._limits.count
        return few and self._bytes(chosen) <= self._limits.bytes

    def _bytes(self, chosen: Mask) -> int:
        if chosen not in self._weighed:
            self._weighed[chosen] = sum(self._sizes[number] for number in members(chosen))
        return self._weighed[chosen]


def _undominated(plans: Sequence[Plan]) -> list[Plan]:
    """Leave out plans that cost hardly less than another that takes no more."""
    kept: list[Plan] = []
    for plan in sorted(plans, key=lambda p: (p.used.bit_count(), p.cost, p.used)):
        below = [other.cost for other in kept if other.used & plan.used == other.used]
        if not below or plan.cost < min(below) * (1 - WORTH_A_PLAN):
            kept.append(plan)
    return sorted(kept)


def _union(plans: Sequence[Plan]) -> Mask:
    union = 0
    for plan in plans:
        union |= plan.used
    return union
