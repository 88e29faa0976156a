"""Expected calibration error: how far a stated confidence is from the share that is right.

Answered questions with a confidence fall into ten bins of equal width, [0, .1), … [.9, 1]; the
error is the mean over questions of |share right - mean confidence| of their bin. Lower is better.
With few questions it is biased upwards: compare runs on the same questions.
Source: Naeini, Cooper & Hauskrecht, AAAI 2015; Guo et al., ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evals.case import Case
from evals.metrics.base import SetMetric
from evals.metrics.risk_coverage import confidences

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    low: float
    n: int
    confidence: float  # mean
    right: float  # share


def reliability(cases: Sequence[Case], bins: int = BINS) -> list[Bin]:
    """The bins that hold a question, lowest first."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in confidences(cases):
        held.setdefault(min(int(confidence * bins), bins - 1), []).append((confidence, right))
    return [
        Bin(
            low=i / bins,
            n=len(pairs),
            confidence=sum(c for c, _ in pairs) / len(pairs),
            right=sum(r for _, r in pairs) / len(pairs),
        )
        for i, pairs in sorted(held.items())
    ]


def calibration_error(cases: Sequence[Case]) -> float | None:
    bins = reliability(cases)
    total = sum(b.n for b in bins)
    return sum(b.n * abs(b.right - b.confidence) for b in bins) / total if total else None


ECE = SetMetric("ece", calibration_error)
