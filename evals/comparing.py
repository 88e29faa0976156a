"""`wenju eval compare A B`: what changed between two runs of the same questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evals.case import Case
from evals.errors import CannotCompare
from evals.metrics import METRICS, SET_METRICS
from evals.metrics.base import Metric
from evals.metrics.truthfulness import is_right
from evals.runfile import by_id
from evals.testing import (
    ALPHA,
    MIN_CLUSTERS,
    cluster_sums,
    detectable,
    holm,
    mcnemar,
    sign_flip,
    smallest_p,
)

Test = Literal["McNemar", "sign flip", "sign flip by document"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric in both runs, over the questions it applies to in both."""

    metric: Metric
    n: int
    before: float
    after: float
    p: float  # adjusted by Holm across the metrics that could differ
    test: Test
    detectable: float  # the minimum detectable effect, in the metric's own unit

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def significant(self) -> bool:
        return self.p < ALPHA

    @property
    def is_worse(self) -> bool:
        """False where the metric is neither good nor bad."""
        better = self.metric.higher_is_better
        return better is not None and self.change != 0 and (self.change > 0) != better


@dataclass(frozen=True, slots=True)
class SetDifference:
    """A metric of the whole set: no test, just both values."""

    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    n: int
    n_documents: int
    differences: tuple[Difference, ...]
    of_the_set: tuple[SetDifference, ...]
    newly_broken: tuple[tuple[Case, Case], ...]  # right in A, not in B
    newly_fixed: tuple[tuple[Case, Case], ...]
    changed_answers: int  # questions whose answer text differs at all


def compare(before: Sequence[Case], after: Sequence[Case]) -> Comparison:
    """Pair two runs by question id. Raises CannotCompare unless both asked the same questions."""
    old, new = by_id(before), by_id(after)
    if not old or not new:
        raise CannotCompare("one of the runs holds no question: run it to its end first")
    if set(old) != set(new):
        lone = sorted(set(old) ^ set(new))
        raise CannotCompare(
            f"the runs differ in {len(lone)} of their questions (such as {lone[0]}): "
            "run both on the same set, to the end"
        )
    reworded = [i for i in old if old[i].question.question != new[i].question.question]
    if reworded:
        raise CannotCompare(
            f"{len(reworded)} questions are worded differently in the runs (such as "
            f"{reworded[0]}): run both on the same set"
        )
    pairs = [(old[i], new[i]) for i in old]
    clusters = len({a.question.document for a, _ in pairs if a.question.document})
    found = [row for m in METRICS if (row := _difference(m, pairs, clusters >= MIN_CLUSTERS))]
    rows = [row for row, _ in found]
    adjusted = holm([row.p for row in rows], [smallest for _, smallest in found])
    return Comparison(
        n=len(pairs),
        n_documents=clusters,
        differences=tuple(
            Difference(r.metric, r.n, r.before, r.after, p, r.test, r.detectable)
            for r, p in zip(rows, adjusted, strict=True)
        ),
        of_the_set=tuple(
            SetDifference(m.name, m.of([a for a, _ in pairs]), m.of([b for _, b in pairs]))
            for m in SET_METRICS
        ),
        newly_broken=tuple((a, b) for a, b in pairs if is_right(a) and not is_right(b)),
        newly_fixed=tuple((a, b) for a, b in pairs if is_right(b) and not is_right(a)),
        changed_answers=sum(a.answer != b.answer for a, b in pairs),
    )


def _difference(
    metric: Metric, pairs: Sequence[tuple[Case, Case]], clustered: bool
) -> tuple[Difference, float] | None:
    """The metric over the pairs it applies to in both runs, and the smallest p it could give.

    None where there is no such pair. Weighted metrics count per question here, so that one long
    answer is one pair.
    """
    values = [
        (left, right, a.question.document or a.question.id)
        for a, b in pairs
        if (left := metric.of(a)) is not None and (right := metric.of(b)) is not None
    ]
    if not values:
        return None
    n = len(values)
    changes = [right - left for left, right, _ in values]
    sums = cluster_sums(changes, [c for _, _, c in values]) if clustered else changes
    test: Test
    if clustered:
        test, p = "sign flip by document", sign_flip(sums)
    elif metric.binary:
        test, p = "McNemar", mcnemar(changes.count(-1.0), changes.count(1.0))
    else:
        test, p = "sign flip", sign_flip(changes)
    largest = max((abs(c) for c in changes), default=0.0) or 1.0
    found = Difference(
        metric=metric,
        n=n,
        before=sum(v for v, _, _ in values) / n,
        after=sum(v for _, v, _ in values) / n,
        p=p,
        test=test,
        detectable=detectable(sums, n, 1.0 if metric.binary else largest),
    )
    return found, smallest_p(sums)
