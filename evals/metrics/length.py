"""Length: characters of the answer, citation marks included, over answered answerable questions.

A description, neither good nor bad: it tells whether a gain in `correct` was bought with words.
Our own definition.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric


def _of(case: Case) -> float | None:
    if case.status != "answered" or not case.question.answerable:
        return None
    return float(len(case.answer))


LENGTH = Metric("length", _of, higher_is_better=None, digits=1)
