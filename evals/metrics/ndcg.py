"""nDCG@k with a gain of 1 per gold quote at the rank it is first covered, discount log2(rank + 1).

The ideal puts one gold quote at each of the first ranks. One item that covers several quotes would
beat that ideal, so the value is capped at 1.
Source: Järvelin & Kekäläinen, Cumulated gain-based evaluation, TOIS 20(4), 2002.
"""

from __future__ import annotations

from math import log2

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.ranks import gold_ranks


def ndcg_at(k: int) -> Metric:
    def of(case: Case) -> float | None:
        ranks = gold_ranks(case)
        if ranks is None:
            return None
        gained = sum(1 / log2(r + 1) for r in ranks if r is not None and r <= k)
        ideal = sum(1 / log2(r + 1) for r in range(1, min(k, len(ranks)) + 1))
        return min(1.0, gained / ideal)

    return Metric(f"ndcg@{k}", of)
