"""Chooses indexes within a budget: the most saved cost per byte first, then by exchange.

Extend (Schlosser, Kossmann, Boissier, 2019) adds one index or one column at a time. This does so as
well, and also adds at once what only works together, exchanges chosen indexes for others, takes out
what has become useless, and goes by the sizes that indexes really get.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from stacksight_postgres.advice.costs import Costs, Mask, OutOfTimeError, members
from stacksight_postgres.advice.model import IndexSpec

LEAST_GAIN = 0.001
"""An index has to save this share of the total cost."""

BUDGET_WORTH = 0.01
"""Bytes have their price within the budget too: all of it has to save this share of the cost."""

MAX_LAYERS = 6
THRIFTS = (1.0, 0.5, 0.0)
"""How much a byte weighs when moves are compared: each way finds sets that the others miss."""
LEAST_BYTES = 8192


@dataclass(frozen=True)
class Limits:
    """What a selection has to keep to: bytes of all indexes together, and how many."""

    bytes: float
    count: int


@dataclass(frozen=True)
class Selection:
    """What was chosen, whether the time limit ended the search early, and what was worth a look."""

    chosen: Mask
    cut: bool
    pool: tuple[int, ...]


class Selector:
    """Searches for the best set of indexes.

    Args:
        costs: answers what a set would cost.
        sizes: bytes of every candidate.
        limits: that the set keeps to.
    """

    def __init__(self, costs: Costs, sizes: Sequence[int], limits: Limits) -> None:
        self._costs = costs
        self._sizes = sizes
        self._limits = limits
        self._moves: dict[Mask, float] = {}
        self._least = 0.0
        self._best: Mask = 0
        self._best_cost = float("inf")
        self._best_value = float("inf")
        self._byte_price = 0.0
        keys = [(spec.table, spec.method, spec.keys[0].sql) for spec in costs.candidates]
        self._rivals = [sum(1 << n for n, k in enumerate(keys) if k == key) for key in keys]

    async def run(self) -> Selection:
        """Search until nothing better is found or the time is over."""
        base = 0.0
        try:
            base = await self._costs.total(0)
        except OutOfTimeError:
            return Selection(0, cut=True, pool=())
        self._least = base * LEAST_GAIN
        self._byte_price = base * BUDGET_WORTH / self._limits.bytes
        self._note(0, base)
        cut = False
        for share, step in (
            (0.5, self._find_useful),
            (0.5, self._weigh_moves),
            (1.0, lambda: self._improve(base)),
        ):
            self._costs.allow(share)
            try:
                await step()
            except OutOfTimeError:
                cut = True
        if cut and not self._best:
            self._best = self._by_promise()
        pool = sorted({number for move in self._moves for number in members(move)})
        return Selection(self._best, cut, tuple(pool))

    def _by_promise(self) -> Mask:
        """Fill the budget by what the moves gained for their own queries, without asking more."""
        chosen = 0
        ranked = sorted(self._moves, key=lambda m: (-self._moves[m] / self._bytes(m), m))
        for move in ranked:
            for target in self._targets(chosen, move):
                if self._score(chosen, target, self._moves[move], thrift=1.0) > 0:
                    chosen = target
                    break
        return chosen

    async def _improve(self, base: float) -> None:
        for thrift in THRIFTS:
            await self._grow(0, base, thrift=thrift)
        await self._exchange()
        await self._prune()

    # --- which candidates are worth considering ---------------------------------------------

    async def _find_useful(self) -> None:
        """Peel off what each query's plan uses when it is offered everything, layer by layer."""
        specs = self._costs.candidates
        fitting = self._where([size <= self._limits.bytes for size in self._sizes])
        classes = (
            fitting,
            self._where([not s.include and not s.where for s in specs]),
            self._where([bool(s.where) for s in specs]),
        )
        useful = [0 for _ in self._costs.queries]
        try:
            for belonging in classes:
                for query in self._heaviest_first():
                    offered = self._costs.relevant(query) & fitting & belonging
                    useful[query] |= await self._peel(query, offered)
        finally:
            for query, found in enumerate(useful):
                self._costs.narrow(query, found)

    def _heaviest_first(self) -> list[int]:
        queries = self._costs.queries
        heavy = [q.weight * self._costs.lowest(n).cost for n, q in enumerate(queries)]
        return sorted(range(len(queries)), key=lambda n: (-heavy[n], n))

    async def _weigh_moves(self) -> None:
        """Learn what each move gains alone; what its own query gains is known already."""
        for move in sorted(self._moves, key=lambda m: (-self._moves[m], m)):
            self._moves[move] = -await self._costs.change(0, move)

    async def _peel(self, query: int, offered: Mask) -> Mask:
        useful = 0
        weight = self._costs.queries[query].weight
        base = (await self._costs.estimate(query, 0)).cost
        for _ in range(MAX_LAYERS):
            found = await self._costs.estimate(query, offered)
            if not found.used or (base - found.cost) * weight < self._least:
                break
            useful |= found.used
            gain = (base - found.cost) * weight
            for move in (*(1 << number for number in members(found.used)), found.used):
                self._moves[move] = max(gain, self._moves.get(move, 0.0))
            if self._bytes(found.used) > self._limits.bytes:
                # Together they do not fit: look for what goes with the smaller ones.
                offered &= ~(1 << max(members(found.used), key=lambda n: self._sizes[n]))
            else:
                offered &= ~found.used
        return useful

    def _where(self, holds: Sequence[bool]) -> Mask:
        return sum(1 << number for number, held in enumerate(holds) if held)

    # --- growing ----------------------------------------------------------------------------

    async def _grow(
        self, chosen: Mask, cost: float, *, thrift: float, without: Mask = 0
    ) -> tuple[Mask, float]:
        """Add the best move again and again until none is worth it.

        What a move gained last time is taken as the most that it can gain now, so that few have
        to be looked at again.
        """
        gains = {move: gain for move, gain in self._moves.items() if not move & without}
        while True:
            best: tuple[float, Mask, float] | None = None
            promised = [
                (self._score(chosen, target, gains[move], thrift=thrift), move, target)
                for move in gains
                for target in self._targets(chosen, move)
            ]
            for promise, move, target in sorted(promised, key=lambda p: (-p[0], p[1], p[2])):
                if promise <= 0 or (best is not None and promise <= best[0]):
                    break
                gain = -await self._costs.change(chosen, target)
                if target == chosen | move:
                    gains[move] = gain
                score = self._score(chosen, target, gain, thrift=thrift)
                if score > 0:
                    self._note(target, cost - gain)
                if score > 0 and (best is None or score > best[0]):
                    best = (score, target, gain)
            if best is None:
                return chosen, cost
            _, chosen, gain = best
            cost -= gain
            self._note(chosen, cost)

    def _targets(self, chosen: Mask, move: Mask) -> Iterator[Mask]:
        """The sets that a move leads to: with all that is there, and in the place of rivals."""
        added = move & ~chosen
        if not added:
            return
        rivals = 0
        for number in members(added):
            rivals |= self._rivals[number]
        for target in dict.fromkeys((chosen | added, chosen & ~rivals | added)):
            few = target.bit_count() <= self._limits.count
            if few and self._bytes(target) <= self._limits.bytes:
                yield target

    def _score(self, chosen: Mask, target: Mask, gain: float, *, thrift: float) -> float:
        if gain < self._least * max(1, target.bit_count() - chosen.bit_count()):
            return 0.0
        grown = max(self._bytes(target) - self._bytes(chosen), LEAST_BYTES)
        return float(gain / grown**thrift)

    # --- exchanging -------------------------------------------------------------------------

    async def _exchange(self) -> None:
        """Take out each index in turn and fill the room anew, as long as that is better."""
        improved = True
        while improved:
            improved = False
            start, start_cost = self._best, self._best_cost
            for number in sorted(members(start), key=lambda n: (-self._sizes[n], n)):
                if await self._exchanged(start, start_cost, 1 << number):
                    improved = True
                    break

    async def _exchanged(self, start: Mask, start_cost: float, taken: Mask) -> bool:
        fewer = start & ~taken
        start_value = self._best_value
        loss = await self._costs.change(start, fewer)
        for thrift in THRIFTS:
            await self._grow(fewer, start_cost + loss, thrift=thrift, without=taken)
        return self._best_value < start_value - self._least / 10

    async def _prune(self) -> None:
        """Take out what saves too little beside the others, the largest first."""
        for number in sorted(members(self._best), key=lambda n: (-self._sizes[n], n)):
            fewer = self._best & ~(1 << number)
            loss = await self._costs.change(self._best, fewer)
            if loss < self._least:
                self._best, self._best_cost = fewer, self._best_cost + loss

    def _note(self, chosen: Mask, cost: float) -> None:
        value = cost + self._byte_price * self._bytes(chosen)
        if value < self._best_value:
            self._best, self._best_cost, self._best_value = chosen, cost, value

    def _bytes(self, chosen: Mask) -> int:
        return sum(self._sizes[number] for number in members(chosen))


def chosen_specs(candidates: Sequence[IndexSpec], chosen: Mask) -> list[IndexSpec]:
    """Return the indexes of a set."""
    return [candidates[number] for number in members(chosen)]
