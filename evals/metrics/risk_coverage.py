"""Risk–coverage: how wrong the answers are when only the most confident share is kept.

Over answered questions with a confidence, most confident first: after the i-th, coverage is i / n
and risk the share of wrong ones so far. Answers of one confidence enter together, each with the
risk after the last of them, so order within a tie does not matter. AURC is the mean risk over the
n steps; lower is better, 0 is perfect. `auroc` is the chance that a right answer has a higher
confidence than a wrong one, ties half.
Source: El-Yaniv & Wiener, JMLR 2010; Geifman, Uziel & El-Yaniv, ICLR 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from evals.case import Case
from evals.metrics.base import SetMetric
from evals.metrics.truthfulness import is_right


def confidences(cases: Sequence[Case]) -> list[tuple[float, bool]]:
    """Confidence and rightness of every answered question that has a confidence."""
    return [
        (case.confidence, is_right(case))
        for case in cases
        if case.status == "answered" and case.confidence is not None
    ]


def risk_coverage(cases: Sequence[Case]) -> list[tuple[float, float, float]]:
    """The curve: (confidence, coverage, risk) at each distinct confidence, highest first."""
    pairs = sorted(confidences(cases), key=lambda p: -p[0])
    curve: list[tuple[float, float, float]] = []
    seen = wrong = 0
    for confidence, group in groupby(pairs, key=lambda p: p[0]):
        for _, right in group:
            seen += 1
            wrong += not right
        curve.append((confidence, seen / len(pairs), wrong / seen))
    return curve


def aurc(cases: Sequence[Case]) -> float | None:
    area = before = 0.0
    curve = risk_coverage(cases)
    for _, coverage, risk in curve:
        area += risk * (coverage - before)
        before = coverage
    return area if curve else None


def auroc(cases: Sequence[Case]) -> float | None:
    """None where the answers are all right or all wrong."""
    pairs = confidences(cases)
    right = [c for c, ok in pairs if ok]
    wrong = [c for c, ok in pairs if not ok]
    if not right or not wrong:
        return None
    wins = sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
    return wins / (len(right) * len(wrong))


AURC = SetMetric("aurc", aurc)
AUROC = SetMetric("auroc", auroc)
