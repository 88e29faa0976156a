"""Numeric match: the answer states the gold quantity, however it is written.

Applies to answerable any-of questions with a quantity in a gold string. 1 where, for some gold
string, each of its quantities equals one in the answer's first 300 characters: equal value
(60,000 = 6万 = 六万) and equal unit, where both write one. More forgiving than `correct` of
spelling, stricter than it of a number inside a longer one.
Our own definition, after the relaxed accuracy of numeric answers in table QA.
"""

from __future__ import annotations

import re

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.correct import ANY_BUDGET
from evals.metrics.quantities import quantities


def _of(case: Case) -> float | None:
    question = case.question
    if not question.answerable or question.match != "any":
        return None
    golds = [wanted for wanted in map(quantities, question.answers) if wanted]
    if not golds:
        return None
    text = re.sub(r"\[\d+\]", "", case.answer)[:ANY_BUDGET]
    said = quantities(text)
    return float(any(all(any(w.same(s) for s in said) for w in wanted) for wanted in golds))


NUMERIC = Metric("numeric", _of, binary=True)
