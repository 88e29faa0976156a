"""The k best of whole-number scores, ties broken by rank: the same choice in any history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer]

_MANY = 4096  # scores; of fewer, all are counted
_HEIGHT = 32


def best_of(scores: Ints, ranks: Ints, k: int) -> npt.NDArray[np.intp]:
    """Places of the k largest scores above 0, in no order; of equal ones the smallest ranks."""
    if k < 1 or not len(scores):
        return np.zeros(0, dtype=np.intp)
    width = len(scores) // _HEIGHT
    if len(scores) >= _MANY and width >= k:
        # The k-th largest of some scores is at most the k-th largest of all: few are left then.
        largest = scores[: _HEIGHT * width].reshape(_HEIGHT, width).max(axis=0)
        bound = max(1, int(np.partition(largest, width - k)[width - k]))
        left = np.flatnonzero(scores >= bound)
        return left[_counted(scores[left], ranks[left], k)]
    return _counted(scores, ranks, k)


def _counted(scores: Ints, ranks: Ints, k: int) -> npt.NDArray[np.intp]:
    # Scores are small whole numbers: counting them is cheaper than any partial sorting.
    reached = np.cumsum(np.bincount(np.maximum(scores, 0))[::-1])
    last = len(reached) - 1 - int(np.searchsorted(reached, k))
    if last < 1:
        return np.flatnonzero(scores > 0)
    above, tied = np.flatnonzero(scores > last), np.flatnonzero(scores == last)
    missing = k - len(above)
    if missing < len(tied):
        tied = tied[np.argpartition(ranks[tied], missing - 1)[:missing]]
    return np.concatenate([above, tied])


def cut_of(parts: Sequence[Ints], k: int) -> int:
    """The k-th largest of all scores, the smallest where there are fewer; 0 for none."""
    scores = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    if not len(scores):
        return 0
    k = min(k, len(scores))
    return int(np.partition(scores, len(scores) - k)[len(scores) - k])
