"""How far a mean may be off: Wilson intervals for shares, bootstrap for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np

Z95 = 1.959963984540054  # two-sided 95 %
RESAMPLES = 2000
SEED = 20260131


def wilson(successes: float, n: int) -> tuple[float, float]:
    """95 % score interval of a share. n = 0 gives (0, 1).

    Source: Wilson, JASA 22, 1927; recommended over Wald by Brown, Cai & DasGupta, 2001.
    """
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    middle = share + Z95**2 / (2 * n)
    width = Z95 * sqrt(share * (1 - share) / n + Z95**2 / (4 * n * n))
    scale = 1 + Z95**2 / n
    return max(0.0, (middle - width) / scale), min(1.0, (middle + width) / scale)


def bootstrap(values: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    """95 % percentile interval of a weighted mean, questions resampled with replacement.

    The same values give the same interval: the seed is fixed. No values gives (nan, nan).
    Source: Efron & Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.
    """
    if not values:
        return float("nan"), float("nan")
    rng = np.random.default_rng(SEED)
    value, weight = np.asarray(values, float), np.asarray(weights, float)
    means: list[np.ndarray] = []
    step = max(1, 2_000_000 // len(value))  # keeps the index array small for large sets
    for start in range(0, RESAMPLES, step):
        size = (min(step, RESAMPLES - start), len(value))
        picked = rng.integers(0, len(value), size=size)
        means.append((value[picked] * weight[picked]).sum(1) / weight[picked].sum(1))
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(low), float(high)
