"""Chooses indexes within a budget: has the planner show what it would use, and packs that best.

The planner is offered many candidates at once and tells by its plan which of them matter; offered
fewer and smaller ones, it shows what can be had for less. From all plans seen the best set within
the limits is put together (see packing); then the planner is asked about this very set, and about
what would go well with it, which shows more plans, until nothing better turns up.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from threading import Event

from stacksight_core.threads import in_thread
from stacksight_postgres.advice.costs import Costs, Mask, OutOfTimeError, Plan, members
from stacksight_postgres.advice.merging import merged_specs
from stacksight_postgres.advice.model import IndexSpec
from stacksight_postgres.advice.packing import Limits, Packing, Prices

LEAST_GAIN = 0.001
"""An index has to save this share of the total cost."""

BUDGET_WORTH = 0.01
"""Bytes have their price within the budget too: all of it has to save this share of the cost."""

MAX_LAYERS = 8
MAX_PROBED = 16
MAX_MERGED = 24
MAX_ROUNDS = 8
EXCHANGES = 60
FINDING_SHARE = 0.5
PROBING_SHARE = 0.4


@dataclass(frozen=True)
class Selection:
    """What was chosen, and whether the time limit ended the search early."""

    chosen: Mask
    cut: bool


class Selector:
    """Searches for the best set of indexes.

    Args:
        costs: answers what a set would cost.
        size: gives the bytes of an index.
        limits: that the set keeps to.
    """

    def __init__(self, costs: Costs, size: Callable[[IndexSpec], int], limits: Limits) -> None:
        self._costs = costs
        self._size = size
        self._limits = limits
        self._sizes = [size(spec) for spec in costs.candidates]
        self._every = range(len(costs.queries))
        self._prices = Prices(0.0, 0.0)
        self._cut = False

    async def run(self) -> Selection:
        """Search until nothing better is found or the time is over."""
        if not await self._in_time(self._costs.estimate_all((q, 0) for q in self._every)):
            return Selection(0, cut=True)
        base = sum(self._bound(q, 0) for q in self._every)
        self._prices = Prices(base * LEAST_GAIN, base * BUDGET_WORTH / self._limits.bytes)
        self._costs.allow(FINDING_SHARE)
        await self._in_time(self._find_useful())
        self._costs.allow(PROBING_SHARE)
        await self._in_time(self._probe())
        self._costs.allow(1.0)
        return Selection(await self._refine(), self._cut)

    async def _in_time(self, step: Awaitable[None]) -> bool:
        try:
            await step
        except OutOfTimeError:
            self._cut = True
            return False
        return True

    def _bound(self, query: int, specs: Mask) -> float:
        return self._costs.queries[query].counted(self._costs.bound(query, specs).cost)

    # --- which candidates are worth considering ---------------------------------------------

    async def _find_useful(self) -> None:
        """Have each query's plan show what it uses of everything, then of less and less."""
        specs = self._costs.candidates
        plain = self._where(not s.include and not s.where for s in specs)
        partial = self._where(bool(s.where) for s in specs)
        covering = self._where(bool(s.include) and not s.where for s in specs)
        fitting = self._where(size <= self._limits.bytes for size in self._sizes)
        offers = [fitting, fitting & plain, fitting & partial, fitting & covering]
        heaviest = sorted(self._every, key=lambda q: (-self._bound(q, 0), q))
        for offer, shrinking in zip(offers, (True, False, False, False), strict=True):
            layers = {query: offer & self._costs.own(query) for query in heaviest}
            for _ in range(MAX_LAYERS):
                layers = {query: offered for query, offered in layers.items() if offered}
                await self._costs.estimate_all(layers.items())
                layers = {q: self._next(q, o, shrinking=shrinking) for q, o in layers.items()}

    def _next(self, query: int, offered: Mask, *, shrinking: bool) -> Mask:
        """Return what to offer next: without what was used, or without all that is as large."""
        plan = self._costs.bound(query, offered)
        saved = self._bound(query, 0) - self._costs.queries[query].counted(plan.cost)
        if not plan.used or saved < self._prices.index / 2:
            return 0
        if not shrinking:
            return offered & ~plan.used
        specs = self._costs.candidates
        largest = max(members(plan.used), key=lambda n: (self._sizes[n], n))
        return offered & ~self._where(
            spec.table == specs[largest].table and size >= self._sizes[largest]
            for spec, size in zip(specs, self._sizes, strict=True)
        )

    async def _probe(self) -> None:
        """Learn what the useful ones do alone, and the sets without one of theirs."""
        wanted: dict[tuple[int, Mask], None] = {}
        for query in self._every:
            used = [plan.used for plan in self._costs.plans(query) if plan.used]
            single = dict.fromkeys(1 << n for mask in used for n in members(mask))
            fewer = dict.fromkeys(m & ~(1 << n) for m in used for n in members(m))
            wanted |= {(query, mask): None for mask in list(single)[:MAX_PROBED]}
            wanted |= {(query, mask): None for mask in list(fewer)[:MAX_PROBED]}
        await self._costs.estimate_all(wanted)
        merged = self._merge()
        await self._costs.estimate_all((q, 1 << n) for n in merged for q in self._every)

    def _merge(self) -> list[int]:
        """Take up indexes that could each stand for two of the useful ones."""
        used = {n for q in self._every for p in self._costs.plans(q) for n in members(p.used)}
        found = merged_specs([self._costs.candidates[n] for n in sorted(used)])
        added = []
        for spec in found[:MAX_MERGED]:
            number = self._costs.add(spec)
            if number == len(self._sizes):
                self._sizes.append(self._size(spec))
                added.append(number)
        return added

    def _where(self, holds: Iterable[bool]) -> Mask:
        return sum(1 << number for number, held in enumerate(holds) if held)

    # --- which of them together ---------------------------------------------------------------

    async def _refine(self) -> Mask:
        """Choose by the plans known, ask about the choice, and choose again with what it showed."""
        chosen = await self._choose(0)
        for _ in range(MAX_ROUNDS):
            known = self._known_plans()
            fewer = [chosen & ~(1 << number) for number in members(chosen)]
            sets = [chosen, *fewer, self._room(chosen)]
            wanted = [(query, mask) for mask in sets for query in self._every]
            if not await self._in_time(self._costs.estimate_all(wanted)):
                break
            if self._known_plans() == known:
                break
            chosen = await self._choose(chosen)
        return await self._choose(chosen)

    async def _choose(self, start: Mask) -> Mask:
        """Pack beside the event loop, since it takes seconds where there are many plans."""
        left = Event()

        def pack() -> Mask:
            packing = Packing(plans, self._sizes, self._limits, self._prices)
            over = self._costs.is_over
            return packing.improve(start, EXCHANGES, lambda: left.is_set() or over())

        plans = [
            [Plan(query.counted(plan.cost), plan.used) for plan in self._costs.plans(number)]
            for number, query in enumerate(self._costs.queries)
        ]
        try:
            return await in_thread(pack)
        finally:
            left.set()

    def _known_plans(self) -> int:
        return sum(len(self._costs.plans(query)) for query in self._every)

    def _room(self, chosen: Mask) -> Mask:
        """Return a set with all useful ones that would still fit beside it, one at a time."""
        room = self._limits.bytes - sum(self._sizes[n] for n in members(chosen))
        fitting = self._where(size <= room for size in self._sizes)
        useful = 0
        for query in self._every:
            for plan in self._costs.plans(query):
                useful |= plan.used
        return chosen | useful & fitting
