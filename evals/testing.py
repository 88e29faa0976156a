"""Whether two runs differ by more than chance: paired tests, and what they could have seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from math import comb, sqrt

import numpy as np

EXACT_UP_TO = 14  # differences: 2^14 sign patterns are enumerated, beyond that they are drawn
DRAWS = 20_000
SEED = 20260131
MIN_CLUSTERS = 30
ALPHA = 0.05
# Pairs below which no sign test reaches 5 %, however much they differ.
FEWEST = 6
# Two-sided 5 % and power 80 %: 1.95996 + 0.84162.
POWER_Z = 2.8015852


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p-value for pairs that only one of two runs got right; 1 where none is.

    Binomial test of only_a among only_a + only_b at one half.
    Source: McNemar, Psychometrika 12, 1947; Dietterich, Neural Computation 10, 1998.
    """
    n = only_a + only_b
    if n == 0:
        return 1.0
    tail = sum(comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, float(2 * tail / 2**n))


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p-value of a sum of paired differences under exchange of the two runs.

    Every difference (or the sum of a cluster's) keeps its size and takes either sign. Exact for up
    to 14 that are not zero, else 20,000 draws from a fixed seed, with the observed one counted.
    No difference gives 1.
    Source: Fisher, The Design of Experiments, 1935, ch. 3; Smucker, Allan & Carterette, CIKM 2007.
    """
    values = np.asarray([d for d in differences if d != 0], float)
    if not len(values):
        return 1.0
    observed = abs(values.sum())
    near = 1e-9 * max(1.0, np.abs(values).sum())  # sums in another order differ in the last bits
    if len(values) <= EXACT_UP_TO:
        signs = np.asarray(list(product((1.0, -1.0), repeat=len(values))))
        return float(np.mean(np.abs(signs @ values) >= observed - near))
    rng = np.random.default_rng(SEED)
    extreme = 0
    for _ in range(DRAWS // 1000):
        signs = rng.integers(0, 2, size=(1000, len(values))) * 2.0 - 1.0
        extreme += int(np.sum(np.abs(signs @ values) >= observed - near))
    return (1 + extreme) / (1 + DRAWS)


def holm(
    p_values: Sequence[float], attainable: Sequence[float] | None = None, alpha: float = ALPHA
) -> list[float]:
    """Adjusted p-values, in the order given; [] for none.

    `attainable`: the smallest p each test could have given. One that could not reach `alpha`
    whatever the signs of its differences is not counted, and keeps its own p: it can never be a
    false alarm.
    Source: Holm, Scandinavian Journal of Statistics 6, 1979; Tarone, Biometrics 46, 1990.
    """
    adjusted = list(p_values)
    counted = [i for i in range(len(p_values)) if attainable is None or attainable[i] < alpha]
    highest = 0.0
    for rank, i in enumerate(sorted(counted, key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(counted) - rank) * p_values[i]))
        adjusted[i] = highest
    return adjusted


def smallest_p(differences: Sequence[float]) -> float:
    """The p-value if all differences (or sums by cluster) that are not zero had one sign."""
    return min(1.0, 2.0 ** (1 - sum(d != 0 for d in differences)))


def cluster_sums(differences: Sequence[float], clusters: Sequence[str]) -> list[float]:
    """The differences summed by cluster, clusters in order of name."""
    sums: defaultdict[str, float] = defaultdict(float)
    for difference, cluster in zip(differences, clusters, strict=True):
        sums[cluster] += difference
    return [sums[c] for c in sorted(sums)]


def detectable(sums: Sequence[float], n: int, largest: float) -> float:
    """The smallest true mean difference that would be found in 4 of 5 such comparisons.

    `sums`: the differences, or their sums by cluster; `n`: number of pairs; `largest`: the largest
    difference one pair can have. (1.96 + 0.84) times the standard error, and never less than six
    pairs of the largest difference: with five, no sign test reaches 5 %.
    Source: Card et al., With little power comes great responsibility, EMNLP 2020.
    """
    if n == 0:
        return float("nan")
    spread = float(np.std(np.asarray(sums, float), ddof=1)) if len(sums) > 1 else 0.0
    return max(POWER_Z * spread * sqrt(len(sums)) / n, FEWEST * largest / n)
