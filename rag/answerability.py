"""Whether what was found answers the question: a calibrated probability, and what is missing.

`answerability.json` is made by benchmarks/fit_ranker.py from questions with and without an answer.
The probability holds where a library is like the texts it was fitted on.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from rag.features import INDEX, KINDS
from rag.ranking import Scores
from rag.retrieval import Retrieval

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
NAMES: tuple[str, ...] = (
    *(f"best.{name}" for name in _OF_BEST),  # of the best sentence
    *(f"top3.{name}" for name in _OF_TOP_THREE),  # the highest of the three best
    "share",  # of the best sentence in the softmax of all scores
    "share3",  # of the three best
    "spread",  # entropy of that softmax
    "score",
    "lead_document",  # how far the best stands above the best of any other document
    "lead",  # … above the second
    "one_document",  # share of the three best that stand in the best one's document
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
)

_MISSING_RARITY = 0.42  # a concept less telling than this is not worth naming
_AROUND = 12  # sentences to each side
_MOST_CONCEPTS, _MOST_RARITY = 14, 8.0
# "The sources do not mention 砸" is true and no reason: what is done, and what is pointed at.
_NO_REASON = re.compile(
    r"[㐀-鿿]|[㐀-鿿]+[掉了着]|[这每最更][㐀-鿿]|那[个些种类边排帮批家位台条座辆艘间片笔]|"
    r"[a-z]+ (?:off|down|up|out|back|away|over)"
)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")


@dataclass(frozen=True, slots=True)
class Judge:
    """A logistic regression. `threshold`: the least probability at which it answers."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def probability(self, features: npt.NDArray[np.float64]) -> float:
        vector = np.array([self.weights.get(name, 0.0) for name in NAMES])
        return round(1 / (1 + math.exp(-float(features @ vector + self.bias))), 4)


@lru_cache(maxsize=1)
def shipped() -> Judge:
    data = json.loads(PATH.read_text(encoding="utf-8"))
    return Judge(data["weights"], data["bias"], data["threshold"])


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
    shares = np.exp(scores - scores[best])
    shares /= shares.sum()
    spread = -float((shares * np.log(shares + 1e-12)).sum())
    values += [float(shares[best]), float(shares[three].sum()), spread]
    documents = [s.document.doc_id for s in retrieval.sentences]
    others = [scores[i] for i in range(n) if documents[i] != documents[best]]
    rival = max(others) if others else float(scores.min())
    second = scores[order[1]] if n > 1 else scores[best]
    values += [float(scores[best]), float(scores[best] - rival), float(scores[best] - second)]
    values.append(sum(documents[i] == documents[best] for i in three) / len(three))
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
    asked, said = set(_YEAR.findall(retrieval.question.key)), set(_YEAR.findall(around))
    absent = bool(asked - said)
    return [
        max(in_sentence),
        max(nowhere),
        (len(nowhere) - 1) / max(1, len(retrieval.concepts)),
        float(absent),
        float(absent and bool(said)),
    ]


def missing(retrieval: Retrieval) -> tuple[str, ...]:
    """What was asked and is in none of the sentences found, as it was asked; most telling first.

    A year that is nowhere is named even where the rest is found.
    """
    texts = [s.candidate.key for s in retrieval.sentences]
    headings = {s.candidate.headings for s in retrieval.sentences}
    everything = "\n".join([*texts, *sorted(headings)])
    question = retrieval.question
    absent: list[tuple[float, int, str]] = []
    for concept in retrieval.concepts:
        if concept.rarity < _MISSING_RARITY or _YEAR.search(concept.term):
            continue
        if _NO_REASON.fullmatch(concept.term):
            continue
        if not any(a.term in everything for a in concept.alternatives):
            pieces = concept.pieces
            if pieces and any(p in everything for p in pieces):
                continue
            asked = question.text[concept.start : concept.end].strip()
            absent.append((-concept.rarity, concept.start, asked))
    years = [
        (-2.0, m.start(), f"{m[1]}年" if question.language == "zh" else m[1])
        for m in _YEAR.finditer(question.key)
        if m[1] not in everything
    ]
    return tuple(dict.fromkeys(text for _, _, text in sorted(years + absent)))[:3]


def reason(retrieval: Retrieval, absent: tuple[str, ...]) -> str:
    """One plain sentence in the question's language."""
    chinese = retrieval.question.language == "zh"
    if absent:
        if chinese:
            return f"资料里没有提到{'、'.join(f'“{a}”' for a in absent)}，无法据此回答。"
        named = ", ".join(f"“{a}”" for a in absent)
        return f"The sources do not mention {named}, so they cannot answer this."
    if not retrieval.sentences:
        return (
            "资料里没有找到与这个问题有关的内容。"
            if chinese
            else "The sources hold nothing related to this question."
        )
    return (
        "资料里有相关内容，但没有找到能直接回答这个问题的句子。"
        if chinese
        else "The sources touch on this, but no sentence in them answers the question."
    )
