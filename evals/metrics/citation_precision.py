"""Citation precision: the share of an answer's citations that show a gold quote.

Applies to answered answerable questions with gold; an answer without a citation scores 0.
A citation of a true sentence that the gold does not list counts against it: read it as a lower
bound. Source: Gao et al. (ALCE), EMNLP 2023, with gold quotes in place of an entailment model.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.evidence import cited_quotes, shows


def _of(case: Case) -> float | None:
    if case.status != "answered" or not case.question.answerable or not case.gold:
        return None
    cited = cited_quotes(case)
    good = [any(shows(doc, quote, gold) for gold in case.gold) for doc, quote in cited]
    return sum(good) / len(good) if good else 0.0


CITATION_PRECISION = Metric("citation_precision", _of)
