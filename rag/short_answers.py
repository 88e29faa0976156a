"""The short answer: the stretch of a sentence that is what a question asks for, or none.

Candidates (rag/answer_spans.py) are weighed by a small model whose named weights stand in
`short_answers.json`, made by benchmarks/fit_short_answers.py. Their scores and that of «none»,
which is 0, are turned into probabilities; below the threshold there is no short answer, which is
better than a wrong one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from rag.answer_spans import SpanCandidate, figures, phrases
from rag.asking import (
    COUNTED,
    DATE,
    MONEY,
    NUMBER,
    NUMERAL,
    PERCENT,
    Asked,
    given_numbers,
    is_given,
)
from rag.retrieval import Retrieval
from rag.span_features import SpanWeights, scores_of, unit_of
from rag.terms import Concept
from rag.units import UNITS

PATH = Path(__file__).parent / "short_answers.json"


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """[start, end) of the sentence's key. `probability` that it is what was asked for."""

    start: int
    end: int
    probability: float
    candidate: SpanCandidate


@dataclass(frozen=True, slots=True)
class SpanModel:
    weights: SpanWeights
    threshold: float

    def scores(self, rows: Sequence[Mapping[str, float]]) -> list[float]:
        """Of the rows of `rag.span_features.describe`."""
        get = self.weights.get
        return [sum(get(name, 0.0) * value for name, value in row.items()) for row in rows]


@lru_cache(maxsize=1)
def shipped() -> SpanModel:
    data = json.loads(PATH.read_text(encoding="utf-8"))
    return SpanModel(SpanWeights(data["weights"]), data["threshold"])


def short_answer_in(
    sentence_key: str, asked: Asked, question_key: str, concepts: Sequence[Concept]
) -> ShortAnswer | None:
    """The most probable candidate of a sentence, however improbable; None where there is none."""
    return _short_answer_in(sentence_key, asked, question_key, tuple(concepts))


def likeliest(retrieval: Retrieval, place: int) -> ShortAnswer | None:
    """`short_answer_in` of what was found at a place."""
    keyed = retrieval.sentences[place].candidate.key
    return short_answer_in(keyed, retrieval.asked, retrieval.question.key, retrieval.concepts)


@lru_cache(maxsize=64)  # the judge asks, and then the reader
def _short_answer_in(
    sentence_key: str, asked: Asked, question_key: str, concepts: tuple[Concept, ...]
) -> ShortAnswer | None:
    candidates = candidates_of(sentence_key, asked, question_key)
    if not candidates:
        return None
    weights = shipped().weights
    scores = scores_of(candidates, sentence_key, asked, question_key, concepts, weights)
    powers = [math.exp(min(s, 50.0)) for s in scores]
    total = 1.0 + sum(powers)
    shares = [round(power / total, 4) for power in powers]
    most = max(shares)
    best = min(
        (c for c, share in zip(candidates, shares, strict=True) if share == most),
        key=lambda c: (c.start, c.end),
    )
    return ShortAnswer(best.start, best.end, most, best)


def candidates_of(sentence_key: str, asked: Asked, question_key: str) -> list[SpanCandidate]:
    """What a sentence holds that may answer; numbers the question gives are constraints."""
    found = figures(sentence_key)
    given = given_numbers(question_key)
    counted = asked.type in COUNTED
    if not counted:
        found = found + phrases(sentence_key)
    kept: dict[tuple[int, int], SpanCandidate] = {}
    fitting = fitting_shapes(asked)
    for one in found:
        if counted and one.shape not in fitting:
            continue
        text = sentence_key[one.start : one.end]
        if text in question_key and (len(text) > 1 or not counted):
            continue
        if counted or one.shape in ("date", "year"):
            numerals = list(NUMERAL.finditer(sentence_key, one.start, one.end))
            if numerals and all(is_given(n, given) for n in numerals):
                continue
        kept.setdefault((one.start, one.end), one)
    return list(kept.values())


# Units that mean other things as well: 几度, 多少度电, 几毛.
_VAGUE = frozenset(("度", "毛", "点", "分", "号", "国", "市", "县", "省", "级", "代", "时", "步"))
_ALL = frozenset(
    ("share", "points", "times", "money", "duration", "count", "measure", "bare", "date", "year")
)


def fitting_shapes(asked: Asked) -> frozenset[str]:
    """The shapes of figure that fit a question which asks for one."""
    if asked.type == DATE:
        return frozenset(("date", "year", "duration"))
    if asked.type == MONEY:
        # "How much grain" asks for no money.
        return frozenset(("money", "bare", "measure") if asked.english else ("money", "bare"))
    if asked.type == PERCENT or unit_of(asked) == "成":
        return frozenset(("share", "points", "times"))
    if asked.type != NUMBER:
        return _ALL
    unit = UNITS.get(unit_of(asked) or "")
    if unit is None:
        # How many people, 多少家: not 45亿元, nor 12%.
        return _ALL - {"money", "share", "points"} if asked.counts else _ALL
    if unit_of(asked) in _VAGUE:
        return _ALL
    if unit.dimension in ("seconds", "days", "months"):
        return frozenset(("duration", "date", "bare"))
    if unit.dimension.startswith("count:"):
        return frozenset(("count", "bare", "measure", "times"))
    if unit.dimension.startswith("money"):
        return frozenset(("money", "bare"))
    return frozenset(("measure", "bare", "count", unit.dimension))
