"""Rejection and false abstention: whether it keeps silent where it should, and only there.

`rejected`: of the unanswerable questions, the share that was abstained from.
`false_abstention`: of the answerable ones, the share that was abstained from; lower is better.
`failed`: of all questions, the share with an error or no answer. A failure is neither a rejection
nor an abstention.
Source: rejection rate of Chen et al. (RGB), AAAI 2024; Rajpurkar et al., SQuAD 2.0, ACL 2018.
"""

from __future__ import annotations

from evals.case import Case
from evals.metrics.base import Metric


def _rejected(case: Case) -> float | None:
    return None if case.question.answerable else float(case.status == "abstained")


def _false_abstention(case: Case) -> float | None:
    return float(case.status == "abstained") if case.question.answerable else None


def _failed(case: Case) -> float:
    return float(case.status in ("error", "missing"))


REJECTED = Metric("rejected", _rejected, binary=True)
FALSE_ABSTENTION = Metric(
    "false_abstention", _false_abstention, binary=True, higher_is_better=False
)
FAILED = Metric("failed", _failed, binary=True, higher_is_better=False)
