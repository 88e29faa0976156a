"""Exact match: the answer is one of the gold strings, nothing else.

Compared without citation marks, punctuation, white space, width and case. Meant for engines that
answer in a phrase; a reader that quotes sentences scores near 0, and `correct` is the one to read.
For match = all, every gold string must be a statement of its own.
Source: Rajpurkar et al., SQuAD, EMNLP 2016.
"""

from __future__ import annotations

import re
import unicodedata

from evals.case import Case
from evals.matching import compact
from evals.metrics.base import Metric


def bare(text: str) -> str:
    """Compact, without citation marks such as [1] and without punctuation."""
    unmarked = re.sub(r"\[\d+\]", "", text)
    return "".join(c for c in compact(unmarked) if not unicodedata.category(c).startswith("P"))


def _of(case: Case) -> float | None:
    question = case.question
    if not question.answerable or not question.answers:
        return None
    if case.status != "answered":
        return 0.0
    golds = {bare(a) for a in question.answers}
    if question.match == "all":
        texts = {bare(str(s.get("text") or "")) for s in case.record.get("statements") or ()}
        return float(golds <= texts)
    return float(bare(case.answer) in golds)


EXACT_MATCH = Metric("exact_match", _of, binary=True)
