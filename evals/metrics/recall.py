"""Recall@k: the share of gold quotes covered by the first k retrieved items.

Source: Manning, Raghavan & Schütze, Introduction to Information Retrieval, 2008, ch. 8.
Often confused with success@k (whether *any* gold is found): with one gold they are the same.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.ranks import gold_ranks


def recall_at(k: int) -> Metric:
    def of(case: Case) -> float | None:
        ranks = gold_ranks(case)
        if ranks is None:
            return None
        return sum(r is not None and r <= k for r in ranks) / len(ranks)

    return Metric(f"recall@{k}", of)


DEPTHS = (1, 5, 10, 50)


def _of_depths(case: Case) -> float | None:
    found = [recall_at(k).of(case) for k in DEPTHS]
    shares = [share for share in found if share is not None]
    return sum(shares) / len(shares) if shares else None


# The mean over four depths: what moves up or down anywhere in the list shows, with less chance in
# it than at any one depth.
RECALL = Metric("recall", _of_depths)
