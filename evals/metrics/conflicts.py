"""Conflicts: whether disagreeing sources are shown as disagreeing, and only then.

`conflicts_found`: of the questions of type "conflict", the share whose answer reports a conflict
with at least two of the gold strings among its sides, on different sides.
`false_conflict`: of the other answered questions, the share that reports a conflict.
Our own definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.case import Case
from evals.matching import compact
from evals.metrics.base import Metric


def _conflicts(case: Case) -> list[Mapping[str, Any]]:
    return list(case.record.get("conflicts") or ())


def _found(case: Case) -> float | None:
    if case.question.type != "conflict" or not case.question.answerable:
        return None
    golds = [compact(a) for a in case.question.answers]
    for conflict in _conflicts(case):
        texts = [
            compact(f"{side.get('value', '')}{side.get('scope', '')}")
            for side in conflict.get("sides") or ()
        ]
        held = [{g for g in golds if g in text} for text in texts]
        for i, left in enumerate(held):
            if any(len(left | right) > 1 and left and right for right in held[i + 1 :]):
                return 1.0
    return 0.0


def _false(case: Case) -> float | None:
    if case.question.type == "conflict" or case.status != "answered":
        return None
    return float(bool(_conflicts(case)))


CONFLICTS_FOUND = Metric("conflicts_found", _found, binary=True)
FALSE_CONFLICT = Metric("false_conflict", _false, binary=True, higher_is_better=False)
