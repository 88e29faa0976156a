"""Truthfulness: +1 right, 0 silent on an answerable question, -1 wrong; the mean over all.

Right: correct, or silent on an unanswerable question. Wrong: anything else that was said, an error
and a missing answer. Questions without gold strings count by their evidence.
Source: Yang et al., CRAG: comprehensive RAG benchmark, NeurIPS 2024 (without its half-marks).
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.correct import CORRECT
from evals.metrics.evidence import EVIDENCE_ANY


def is_right(case: Case) -> bool:
    """Correct, or silent where silence is right."""
    if not case.question.answerable:
        return case.status == "abstained"
    value = CORRECT.of(case)
    if value is None:
        value = EVIDENCE_ANY.of(case)
    return bool(value)


def _of(case: Case) -> float:
    if is_right(case):
        return 1.0
    return 0.0 if case.status == "abstained" and case.question.answerable else -1.0


TRUTHFULNESS = Metric("truthfulness", _of)
