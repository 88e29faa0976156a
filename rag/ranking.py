"""One ranker over sentences: a weighted sum of named features, readable in `ranker.json`.

`ranker.json` is made by benchmarks/fit_ranker.py. Its `priors` are set by hand, where the fitting
data has no examples: they are added to sentences of those kinds of block.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.schema import ScoredChunk
from rag.duplicates import first_alike
from rag.features import NAMES, Matrix
from rag.retrieval import Retrieval, passage_of
from rag.schema import Passage, RankedSentence

PATH = Path(__file__).parent / "ranker.json"
REREAD = "reread"  # what a second reading gave or took, beside the features' contributions
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ranker:
    """`weights`: feature name → weight per unit; `priors`: kind of block → what is added."""

    weights: Mapping[str, float]
    priors: Mapping[str, float]

    def __post_init__(self) -> None:
        unknown = sorted(set(self.weights) - set(NAMES))
        if unknown:
            raise ValueError(f"{PATH.name} weighs unknown features: {', '.join(unknown)}")

    def contributions(self, values: Sequence[float], kind: str) -> dict[str, float]:
        """Feature → weight × value, largest first whatever the sign; they sum to the score.

        What a kind of block is given or taken stands under its name in brackets: "(heading)".
        """
        parts = {
            name: weight * value
            for name, value in zip(NAMES, values, strict=True)
            if (weight := self.weights.get(name, 0.0)) and value
        }
        if prior := self.priors.get(kind, 0.0):
            parts[f"({kind})"] = prior
        ordered = sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0]))
        return {name: round(value, 4) for name, value in ordered}

    def score(self, features: Matrix, kinds: Sequence[str]) -> Scores:
        """(n,) for (n, len(NAMES)) features; a higher score is a better sentence."""
        vector = np.array([self.weights.get(name, 0.0) for name in NAMES])
        prior = np.array([self.priors.get(kind, 0.0) for kind in kinds], dtype=np.float64)
        # Rounded: the last bits of a sum depend on the machine, and must not decide an order.
        return np.asarray(np.round(features.astype(np.float64) @ vector + prior, 6))


@lru_cache(maxsize=1)
def shipped() -> Ranker:
    data = json.loads(PATH.read_text(encoding="utf-8"))
    return Ranker(data["weights"], data["priors"])


def score(retrieval: Retrieval) -> Scores:
    """A score for each of `retrieval.sentences`, in their order."""
    return shipped().score(retrieval.features, [s.candidate.kind for s in retrieval.sentences])


def rank(retrieval: Retrieval, scores: Scores, limit: int | None = None) -> list[RankedSentence]:
    """Best first; ties break on document and position. Nothing found gives [].

    Contributions sum to the score: what `scores` has beyond the ranker's own is `REREAD`.
    """
    best = order(scores)[:limit]
    ranker = shipped()
    kinds = [retrieval.sentences[i].candidate.kind for i in best]
    beyond = scores[best] - ranker.score(retrieval.features[best], kinds)
    ranked = []
    for i, more in zip(best, beyond.tolist(), strict=True):
        found = retrieval.sentences[i]
        features = dict(zip(NAMES, map(float, retrieval.features[i]), strict=True))
        parts = ranker.contributions(list(features.values()), found.candidate.kind)
        if part := round(more, 4):
            parts[REREAD] = part
            parts = dict(sorted(parts.items(), key=lambda one: (-abs(one[1]), one[0])))
        ranked.append(
            RankedSentence(
                doc_id=found.document.doc_id,
                position=found.position,
                sentence=found.sentence,
                text=found.document.quote(found.sentence.spans),
                score=float(scores[i]),
                features=features,
                contributions=parts,
            )
        )
    return ranked


def best_passages(retrieval: Retrieval, scores: Scores, limit: int) -> list[Passage]:
    """Chunks by their best sentence, whose score becomes theirs; at most `limit`.

    A chunk without a sentence is left out. Ties keep the order of the fusion. What several
    documents say in the same words is one passage: the best, which names the others.
    """
    places: dict[str, dict[int, int]] = {}  # document → position → place
    for i, found in enumerate(retrieval.sentences):
        places.setdefault(found.candidate.doc_id, {})[found.position] = i
    values: list[float] = scores.tolist()
    rows = []
    for place, one in enumerate(retrieval.chunks):
        chunk, here = one.chunk, places.get(one.chunk.doc_id, {})
        inside = [
            here[position]
            for position in range(chunk.first_sentence, chunk.last_sentence)
            if position in here
        ]
        if inside:
            rows.append((-max([values[at] for at in inside]), place, chunk, inside))
    rows.sort(key=itemgetter(0, 1))
    keys = ["".join([retrieval.sentences[at].candidate.key for at in row[3]]) for row in rows]
    passages = [
        passage_of(
            ScoredChunk(chunk, -low), retrieval.sentences[inside[0]].document, retrieval.ranks
        )
        for low, _, chunk, inside in rows
    ]
    groups: dict[int, list[Passage]] = {}
    for passage, first in zip(passages, first_alike(keys), strict=True):
        groups.setdefault(first, []).append(passage)
    return [
        replace(first, also=tuple(p for p in others if p.chunk.doc_id != first.chunk.doc_id))
        if others
        else first
        for first, *others in list(groups.values())[:limit]
    ]


def order(scores: Scores) -> list[int]:
    """Places of the sentences, best first; equal scores keep document and position."""
    return [int(i) for i in np.argsort(-scores, kind="stable")]
