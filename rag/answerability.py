"""Whether what was found answers the question: a calibrated probability, and the risk.

`answerability.json` is made by benchmarks/fit_judge.py from questions with and without an answer.
The probability, and the risk that goes with it, hold where questions and documents are like those.

Two steps: a logistic regression over named features of what was found, and another of its logit
and of what the reading model says of the best sentences.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag import evidence
from rag.asking import YEAR
from rag.features import INDEX, KINDS
from rag.ranking import Scores
from rag.reading_model import Judgement
from rag.retrieval import Retrieval
from rag.settings import AnswerabilitySettings

PATH = Path(__file__).parent / "answerability.json"

_OF_BEST = (
    "words", "concepts", "grams", "near", "around", "region", "region_grams", "title", "carried",
    "focus", "carried_focus", "rarest", "rarest_near", "rarest_region", "second", "second_near",
    "names", "names_region", "clause", "fit", "fit_clause", "unit", "new", "product", "document",
)  # fmt: skip
_OF_TOP_THREE = (
    "concepts", "carried", "carried_focus", "fit", "unit", "names", "rarest", "near", "fit_clause",
    "clause", "words",
)  # fmt: skip
# Without the ranker's score: it holds the likeness of vectors, which is greater for the questions
# that the embedding model was taught with, most of those here, than it will be for others.
NAMES: tuple[str, ...] = (
    *(f"best.{name}" for name in _OF_BEST),  # of the best sentence
    *(f"top3.{name}" for name in _OF_TOP_THREE),  # the highest of the three best
    "concepts",  # how many the question speaks of
    "rarity_max",
    "rarity_sum",
    *(f"asks_{kind}" for kind in KINDS),
    "asks_unit",
    "asks_several",
    "fit_and_concepts",
    "unit_found",
    "uncovered_sentence",  # rarity of the rarest concept that the best sentence lacks
    "uncovered_around",  # … that stands nowhere within twelve sentences of it
    "uncovered_share",  # share of the concepts that stand nowhere within twelve sentences
    "year_absent",  # a year that is asked for stands nowhere within twelve sentences
    "year_elsewhere",  # … though other years do
    *(f"evidence.{name}" for name in evidence.NAMES),
)

_AROUND = 12  # sentences to each side
_MOST_CONCEPTS, _MOST_RARITY = 14, 8.0


@dataclass(frozen=True, slots=True)
class Step:
    """A logistic regression whose answers below `threshold(max_risk)` are not given.

    `risks`: (threshold, risk) pairs, thresholds ascending: of the answers with at least that
    probability, the share to questions that the sources did not answer, on the fitting data.
    """

    weights: Mapping[str, float]
    bias: float
    risks: tuple[tuple[float, float], ...]

    def logit(self, features: Mapping[str, float]) -> float:
        return self.bias + sum(w * features.get(name, 0.0) for name, w in self.weights.items())

    def threshold(self, max_risk: float) -> float:
        """The lowest that keeps the risk; 1 where none does, 0 for a risk of 1."""
        if max_risk >= 1:
            return 0.0
        return next((t for t, risk in self.risks if risk <= max_risk), 1.0)


@dataclass(frozen=True, slots=True)
class Judge:
    """`found` weighs what was found, `read` what the reading model says beside that."""

    found: Step
    read: Step

    def logit(
        self, features: npt.NDArray[np.float64], judgements: Sequence[Judgement] = ()
    ) -> float:
        """That the sources answer. `judgements`: of the best sentences, best first; () for none."""
        logit = self.found.logit(dict(zip(NAMES, features.tolist(), strict=True)))
        return self.read.logit(_said(logit, judgements)) if judgements else logit

    def probability(
        self, features: npt.NDArray[np.float64], judgements: Sequence[Judgement] = ()
    ) -> float:
        """Of `logit`."""
        return probability_of(self.logit(features, judgements))

    def threshold(self, settings: AnswerabilitySettings, *, is_read: bool) -> float:
        """The least probability at which it answers."""
        if settings.min_confidence is not None:
            return settings.min_confidence
        return (self.read if is_read else self.found).threshold(settings.max_risk)


def probability_of(logit: float) -> float:
    return round(1 / (1 + math.exp(-max(-50.0, min(50.0, logit)))), 4)


def _said(logit: float, judgements: Sequence[Judgement]) -> dict[str, float]:
    relevances = [j.relevance for j in judgements]
    return {"found": logit, "first": relevances[0], "top": max(relevances)}


@lru_cache(maxsize=1)
def shipped() -> Judge:
    data = json.loads(PATH.read_text(encoding="utf-8"))
    return Judge(*(_step(data[name]) for name in ("found", "read")))


def _step(data: Mapping[str, object]) -> Step:
    weights: Mapping[str, float] = data["weights"]  # type: ignore[assignment]
    pairs: Sequence[tuple[float, float]] = data["risks"]  # type: ignore[assignment]
    return Step(weights, float(data["bias"]), tuple((t, r) for t, r in pairs))  # type: ignore[arg-type]


def describe(retrieval: Retrieval, scores: Scores) -> npt.NDArray[np.float64] | None:
    """(len(NAMES),) of what was found for a question; None where nothing was."""
    n = len(scores)
    if not n:
        return None
    rows = retrieval.features
    order = np.argsort(-scores, kind="stable")
    best, three = order[0], order[:3]
    values = [float(rows[best, INDEX[name]]) for name in _OF_BEST]
    values += [float(rows[three, INDEX[name]].max()) for name in _OF_TOP_THREE]
    # A question said twice asks for no more; nor does one longer than any it was fitted on.
    rarities = {c.term: c.rarity for c in retrieval.concepts}.values()
    values.append(min(len(rarities), _MOST_CONCEPTS))
    values += [max(rarities, default=0.0), min(sum(rarities), _MOST_RARITY)]
    asked = retrieval.asked
    values += [float(asked.kind == kind) for kind in KINDS]
    values += [float(asked.unit is not None), float(asked.wants_several)]
    fit, concepts = rows[best, INDEX["fit"]], rows[best, INDEX["concepts"]]
    values += [float(fit * concepts), float(rows[best, INDEX["unit"]])]
    values += _uncovered(retrieval, int(best))
    values += evidence.describe(retrieval, scores)
    return np.array(values, dtype=np.float64)


def _uncovered(retrieval: Retrieval, best: int) -> list[float]:
    top = retrieval.sentences[best]
    around = "\n".join(
        s.candidate.key
        for s in retrieval.sentences
        if s.document is top.document and abs(s.position - top.position) <= _AROUND
    )
    around += "\n" + top.candidate.headings
    in_sentence, nowhere = [0.0], [0.0]
    for concept in retrieval.concepts:
        if not any(a.term in top.candidate.key for a in concept.alternatives):
            in_sentence.append(concept.rarity)
        if not any(a.term in around for a in concept.alternatives):
            nowhere.append(concept.rarity)
    asked, said = set(YEAR.findall(retrieval.question.key)), set(YEAR.findall(around))
    absent = bool(asked - said)
    return [
        max(in_sentence),
        max(nowhere),
        (len(nowhere) - 1) / max(1, len(retrieval.concepts)),
        float(absent),
        float(absent and bool(said)),
    ]
