"""Tells a difference between two small samples from chance, without assuming a distribution."""

import math
import statistics
from collections import Counter
from collections.abc import Sequence


def mann_whitney_p(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the exact two-sided p-value of the Mann-Whitney test; ties share their ranks.

    All ways of choosing the first sample from both are counted, by the sums of ranks they give.
    """
    ranks = _doubled_ranks([*first, *second])
    size, total = len(first), len(ranks)
    middle = size * (total + 1)
    observed = abs(sum(ranks[:size]) - middle)
    ways: list[Counter[int]] = [Counter({0: 1}), *(Counter[int]() for _ in range(size))]
    for rank in ranks:
        for chosen in range(size, 0, -1):
            for rank_sum, count in ways[chosen - 1].items():
                ways[chosen][rank_sum + rank] += count
    as_far = sum(n for rank_sum, n in ways[size].items() if abs(rank_sum - middle) >= observed)
    return as_far / math.comb(total, size)


def shift(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the Hodges-Lehmann estimate of how much the second sample lies above the first."""
    return statistics.median(b - a for a in first for b in second)


def _doubled_ranks(values: Sequence[float]) -> list[int]:
    """Return twice the ranks, so that those shared by two are whole."""
    ordered = sorted(values)
    return [2 * ordered.index(value) + 1 + ordered.count(value) for value in values]
