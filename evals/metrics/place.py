"""Place: the share of citations whose page, minute and section are where the quote stands.

`place` looks the citation's own spans up in the document. `gold_place` asks about the gold: of the
gold quotes shown by a citation whose page or time is known, the share for which a citation that
shows it names that page, or a time within 60 seconds of it.
Our own definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.case import Case, Gold
from evals.metrics.base import Metric
from evals.metrics.evidence import cited_quotes, shows
from evals.metrics.verbatim import n_citations

NEAR_S = 60.0


def _place(case: Case) -> float | None:
    return sum(c.place for c in case.checks) / len(case.checks) if case.checks else None


def _names(citation: Mapping[str, Any], gold: Gold) -> bool:
    spans = list(citation.get("spans") or ())
    if gold.page is not None and all(s.get("page") != gold.page for s in spans):
        return False
    if gold.time is None:
        return True
    low, high = gold.time[0] - NEAR_S, gold.time[1] + NEAR_S
    starts = [s.get("time_start") for s in spans]
    return any(start is not None and low <= start <= high for start in starts)


def _gold_place(case: Case) -> float | None:
    right: list[bool] = []
    cited = list(zip(case.citations, cited_quotes(case), strict=True))
    for gold in case.gold:
        if gold.page is None and gold.time is None:
            continue
        showing = [c for c, (doc, quote) in cited if shows(doc, quote, gold)]
        if showing:
            right.append(any(_names(c, gold) for c in showing))
    return sum(right) / len(right) if right else None


PLACE = Metric("place", _place, weight=n_citations)
GOLD_PLACE = Metric("gold_place", _gold_place)
