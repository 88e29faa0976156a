"""Character F1: overlap of the answer's characters with the best gold string, as bags.

F1 of precision and recall over characters (Latin words and numbers count as one unit each).
For match = all, the gold strings are taken together. Abstaining scores 0.
Source: Cui et al., A span-extraction dataset for Chinese machine reading comprehension (CMRC 2018),
EMNLP 2019; SQuAD's F1 with characters for words. Theirs is the longest common run, ours the bag.
"""

from __future__ import annotations

import re
from collections import Counter

from evals.case import Case
from evals.metrics.base import Metric
from evals.metrics.exact_match import bare


def units(text: str) -> list[str]:
    """Han characters one by one; runs of Latin letters and digits whole."""
    return re.findall(r"[a-z0-9]+|[^a-z0-9]", bare(text))


def f1(answer: str, gold: str) -> float:
    """0 where either is empty."""
    left, right = Counter(units(answer)), Counter(units(gold))
    shared = (left & right).total()
    if not shared:
        return 0.0
    precision, recall = shared / left.total(), shared / right.total()
    return 2 * precision * recall / (precision + recall)


def _of(case: Case) -> float | None:
    question = case.question
    if not question.answerable or not question.answers:
        return None
    if question.match == "all":
        return f1(case.answer, "".join(question.answers))
    return max(f1(case.answer, gold) for gold in question.answers)


CHARACTER_F1 = Metric("character_f1", _of)
