"""What was found for a question, in its final order, and whether it answers the question."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from index.schema import BlockKind
from rag import answerability
from rag.ranking import Scores, score
from rag.reading_model import Judgement
from rag.rereading import reread
from rag.retrieval import Retrieval
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class Judged:
    """`scores` and `judgements` belong to the places of `retrieval.sentences`."""

    retrieval: Retrieval
    scores: Scores
    judgements: Mapping[int, Judgement]  # what the reading model says of the best; {} if it is off
    confidence: float | None  # that the sources answer; None where nothing was found
    is_sure: bool  # confident enough for an answer


def judge(retrieval: Retrieval, settings: RagSettings) -> Judged:
    """Rank, read again, and decide. Someone who wants an answer in any case gets what there is."""
    scores = score(retrieval)
    described = answerability.describe(retrieval, scores)
    scores, judgements = reread(retrieval, scores, settings.reading.reread)
    if described is None:
        return Judged(retrieval, scores, judgements, None, False)
    shipped = answerability.shipped()
    best = next(iter(judgements), None)
    # The model was taught on written text: of speech its yes says something, its no little.
    spoken = best is not None and retrieval.sentences[best].candidate.kind == BlockKind.SEGMENT
    confidence, threshold = max(
        (
            (
                shipped.probability(described, said),
                shipped.threshold(settings.answerability, is_read=bool(said)),
            )
            for said in ([*judgements.values()], *([[]] if spoken else []))
        ),
        key=lambda found: found[0] - found[1],
    )
    sure = confidence >= threshold and (threshold == 0 or not answerability.absent(retrieval))
    return Judged(retrieval, scores, judgements, confidence, sure)
