"""Correct: the gold strings occur in the answer, within a budget of characters.

Any of them within the first 300 characters, or all of them within the first 700, after NFKC,
lower case and without white space: pouring out text does not pay. `nuggets` is the share of the
required strings that occur (any-of questions have one nugget). Abstaining, failing and missing
answers score 0.
Source: answer inclusion of Chen et al., Benchmarking LLMs in RAG (RGB), AAAI 2024, and nugget
recall of Voorhees, TREC 2003 QA, with a budget in place of a length penalty.
"""

from __future__ import annotations

import re

from evals.case import Case
from evals.matching import compact
from evals.metrics.base import Metric

ANY_BUDGET = 300
ALL_BUDGET = 700


def gold_hits(case: Case) -> list[bool] | None:
    """For each gold string whether it occurs in time; None where the question has none."""
    question = case.question
    if not question.answerable or not question.answers:
        return None
    budget = ALL_BUDGET if question.match == "all" else ANY_BUDGET
    text = compact(case.answer)[:budget]
    if case.citations:  # [2] is no answer to "how many"; nor does it join what it parts
        text = re.sub(r"\[\d+\]", " ", text)
    return [compact(answer) in text for answer in question.answers]


def _correct(case: Case) -> float | None:
    hits = gold_hits(case)
    if hits is None:
        return None
    return float(all(hits) if case.question.match == "all" else any(hits))


def _nuggets(case: Case) -> float | None:
    hits = gold_hits(case)
    if hits is None:
        return None
    return sum(hits) / len(hits) if case.question.match == "all" else float(any(hits))


CORRECT = Metric("correct", _correct, binary=True)
NUGGETS = Metric("nuggets", _nuggets)
