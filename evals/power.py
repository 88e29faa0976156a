"""Has it become worse? One-sided paired tests, and what a set of some size could have seen.

Everything here asks one question, whether a later run is worse than an earlier one, so tests have
one side. `evals/testing.py` has the two-sided ones of a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

# Aimed at, so that 0.8 is reached: churn and spread are estimates, and adding questions up by
# document costs a little (benchmarks/gate.md).
_AIM = 0.82
# Beyond this many questions tables would be large, and the square root law is exact enough.
_LARGEST = 2000
_STEPS = 100
# Added to the questions that turned: a rate estimated from a few of them is too low half the time.
_MORE_CHURN = 2.0


def p_worse(broken: int, fixed: int) -> float:
    """One-sided exact McNemar test: as many broken of those that turned, or more, by chance.

    Source: McNemar, Psychometrika 12, 1947.
    """
    turned = broken + fixed
    return float(_tails(turned)[broken]) if turned else 1.0


def p_lower(changes: Sequence[float]) -> float:
    """One-sided sign-flip test that a sum of paired changes is this low, or lower, by chance.

    Exact, by adding the changes up one after the other; those that are no whole numbers are rounded
    to a hundredth of the largest first. No change gives 1.
    Source: Fisher, The Design of Experiments, 1935, ch. 3; Pagano & Tritchler, JASA 78, 1983.
    """
    values = np.asarray(changes, float)
    if not np.any(values):
        return 1.0
    unit = 1.0 if np.all(values == np.rint(values)) else float(np.abs(values).max()) / _STEPS
    steps = np.rint(values / unit).astype(int)
    sizes = np.abs(steps[steps != 0])
    # The sum is low where what stays positive is: P(sum of those of positive sign <= observed).
    chances = np.zeros(int(sizes.sum()) + 1)
    chances[0] = 1.0
    reached = 0
    for size in np.sort(sizes):
        more = 0.5 * chances[: reached + 1]
        chances[: reached + 1] = more
        chances[size : size + reached + 1] += more
        reached += int(size)
    return float(min(1.0, chances[: int(steps[steps > 0].sum()) + 1].sum()))


def smallest_p(changes: Sequence[float]) -> float:
    """The p-value if every change that is not zero were for the worse."""
    return float(0.5 ** sum(c != 0 for c in changes))


def design_effect(changes: Sequence[float], sums: Sequence[float]) -> float:
    """How much wider clusters make the spread: 1 where questions turn one by one.

    `sums`: the changes by cluster.
    """
    alone = sum(c * c for c in changes)
    return max(1.0, sum(s * s for s in sums) / alone) if alone else 1.0


def detectable_drop(
    n: int, turned: int, alpha: float, least: float = 0.0, spread: float = 1.0
) -> float | None:
    """The smallest true drop of a share that the gate would fire on in 4 of 5 such comparisons.

    `n` pairs, of which `turned` differ; `least`: the minimum effect, which the observed drop must
    reach too; `spread`: the design effect. None where no drop would.
    Power of the exact test, turned questions a multinomial draw.
    Source: Connor, Biometrics 43, 1987.
    """
    if n == 0:
        return None
    rate = min((turned + _MORE_CHURN) / n, 0.9)
    return _drop(max(1, round(n / spread)), rate, alpha, least)


@lru_cache(maxsize=256)
def _drop(n: int, rate: float, alpha: float, least: float) -> float | None:
    if n > _LARGEST:
        # With n the standard error falls as its root; the minimum effect does not.
        smaller = _drop(_LARGEST, rate, alpha, 0.0)
        return smaller and max(smaller * sqrt(_LARGEST / n), least)
    low, high = 0.0, 1.0 - rate
    if power(n, rate, high, alpha, least) < _AIM:
        return None
    while high - low > 0.0005:
        middle = (low + high) / 2
        if power(n, rate, middle, alpha, least) < _AIM:
            low = middle
        else:
            high = middle
    return high


def power(n: int, rate: float, drop: float, alpha: float, least: float = 0.0) -> float:
    """How often the gate fires on a true drop of `drop`, with a share `rate` that turns anyway."""
    share = min(rate + drop, 1.0)
    if share == 0:
        return 0.0
    mean, spread = n * share, sqrt(n * share * (1 - share))
    few, many = max(0, int(mean - 5 * spread) - 1), min(n, ceil(mean + 5 * spread) + 1)
    weights = _binomial(n, share)
    broken = (rate / 2 + drop) / (rate + drop)
    total = 0.0
    for turned in range(few, many + 1):
        needed = max(_critical(turned, alpha), ceil((turned + least * n) / 2 - 1e-9))
        if needed <= turned:
            total += weights[turned] * float(_binomial(turned, broken)[needed:].sum())
    return float(total)


def questions_needed(rate: float, alpha: float, least: float, wanted: float) -> int | None:
    """How many questions it takes to detect a drop of `wanted`; None for more than a million."""
    low, high = 1, 16
    while (found := _drop(high, round(rate, 4), alpha, least)) is None or found > wanted:
        low, high = high, high * 2
        if high > 1_000_000:
            return None
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        found = _drop(middle, round(rate, 4), alpha, least)
        if found is None or found > wanted:
            low = middle
        else:
            high = middle
    return high


def detectable_change(
    sums: Sequence[float], n: int, largest: float, alpha: float, least: float = 0.0
) -> float:
    """The same for a metric that is no share: standard errors, and never less than the fewest pairs
    that reach `alpha` at all, each with the largest change. NaN for no pair."""
    if n == 0:
        return float("nan")
    normal = NormalDist()
    errors = normal.inv_cdf(1 - alpha) + normal.inv_cdf(_AIM)
    spread = float(np.std(np.asarray(sums, float), ddof=1)) if len(sums) > 1 else 0.0
    fewest = ceil(-np.log2(alpha))
    return float(max(errors * spread * sqrt(len(sums)) / n, fewest * largest / n, least))


@lru_cache(maxsize=4096)
def _critical(turned: int, alpha: float) -> int:
    """The fewest broken of `turned` with a p-value of `alpha` or less; turned + 1: none."""
    return int(np.argmax(_tails(turned) <= alpha))


@lru_cache(maxsize=4096)
def _tails(turned: int) -> NDArray[np.float64]:
    """P(X >= k) for k of 0 … turned + 1, X binomial with one half."""
    tails = np.cumsum(_binomial(turned, 0.5)[::-1])[::-1]
    return np.append(np.minimum(tails, 1.0), 0.0)


def _binomial(n: int, p: float) -> NDArray[np.float64]:
    """Probabilities of 0 … n."""
    if p <= 0 or p >= 1:
        found = np.zeros(n + 1)
        found[n if p >= 1 else 0] = 1.0
        return found
    k = np.arange(n + 1)
    logs = _log_choose(n) + k * np.log(p) + (n - k) * np.log1p(-p)
    return np.asarray(np.exp(logs), np.float64)


@lru_cache(maxsize=4096)
def _log_choose(n: int) -> NDArray[np.float64]:
    logs = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    return np.asarray(logs[n] - logs - logs[::-1], np.float64)
