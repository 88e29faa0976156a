"""Reciprocal rank: 1 / the rank of the first item that covers any gold quote, 0 if none does.

Source: Voorhees, The TREC-8 question answering track report, 1999.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.ranks import gold_ranks


def _of(case: Case) -> float | None:
    ranks = gold_ranks(case)
    if ranks is None:
        return None
    return max((1 / r for r in ranks if r is not None), default=0.0)


MRR = Metric("mrr", _of)
