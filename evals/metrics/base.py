"""What a metric is: a value per question, and how values become one number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evals.case import Case


def one(case: Case) -> float:
    """Every question counts the same."""
    return 1.0


@dataclass(frozen=True, slots=True)
class Metric:
    """`of` gives None where the metric does not apply to a question, and then only.

    A question that was answered with an error, not answered, or for which nothing was retrieved
    gets the metric's default, so that it never vanishes from a mean.
    `weight`: how much the question counts, such as its number of citations.
    """

    name: str
    of: Callable[[Case], float | None]
    binary: bool = False
    higher_is_better: bool | None = True  # None: neither, a description
    weight: Callable[[Case], float] = one
    digits: int = 3

    def mean(self, cases: Sequence[Case]) -> float | None:
        """The weighted mean over the questions it applies to; None where there are none."""
        total = weights = 0.0
        for case in cases:
            value = self.of(case)
            if value is not None:
                weight = self.weight(case)
                total += weight * value
                weights += weight
        return total / weights if weights else None


@dataclass(frozen=True, slots=True)
class SetMetric:
    """A number that only a whole set of cases has; `of` gives None where it has none."""

    name: str
    of: Callable[[Sequence[Case]], float | None]
    digits: int = 3
