"""All gold within a character budget: 1 where the items read in order, up to a number of
characters, cover every gold quote.

What a reader or a model with a limited window can at best see. An item that would pass the budget
ends the reading. Our own definition, after answer recall within a number of tokens.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.ranks import covers, gold_ranks


def gold_within(n_chars: int) -> Metric:
    def of(case: Case) -> float | None:
        if gold_ranks(case) is None or case.ranked is None:
            return None
        missing, read = list(case.gold), 0
        for item in case.ranked:
            read += item.n_chars
            if read > n_chars:
                break
            missing = [gold for gold in missing if not covers(item, gold)]
        return float(not missing)

    return Metric(f"all_gold@{n_chars}c", of, binary=True)
