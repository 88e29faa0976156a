"""What was found for a question, in its final order, and whether it answers the question."""

from __future__ import annotations

from dataclasses import dataclass

from rag import absence, answerability, extremes, full_dates
from rag.calibration import Calibration
from rag.ranking import Scores, score
from rag.reading_model import Judgements
from rag.rereading import reread
from rag.retrieval import Retrieval
from rag.settings import RagSettings


@dataclass(frozen=True, slots=True)
class Judged:
    """`scores` and `judgements` belong to the places of `retrieval.sentences`."""

    retrieval: Retrieval
    scores: Scores
    judgements: Judgements  # what the reading model says of the best; {} if it is off
    confidence: float | None  # that the sources answer; None where nothing was found
    is_sure: bool  # confident enough for an answer
    logit: float | None = None  # the shipped judge's, before a library's own calibration
    is_absent: bool = False  # a year, name or unit of the question is nowhere


def judge(
    retrieval: Retrieval, settings: RagSettings, calibration: Calibration | None = None
) -> Judged:
    """Rank, read again, and decide. Someone who wants an answer in any case gets what there is.

    `calibration`: the library's own; one made with or without a second reading counts only then.
    """
    ranked = score(retrieval)
    described = answerability.describe(retrieval, ranked)
    scores, judgements = reread(retrieval, ranked, settings.reading.reread)
    scores = extremes.before_its_table(retrieval, scores)
    decided_by = [*judgements.values()]
    scores, judgements = full_dates.before_the_day(retrieval, ranked, scores, judgements)
    if described is None:
        return Judged(retrieval, scores, judgements, None, False)
    shipped = answerability.shipped()
    # The model knows what one sentence says: of what somebody did, which many sentences tell a part
    # of, its yes says something, its no little.
    ways = [decided_by, *([[]] if retrieval.asked.is_broad else [])]
    logits = [shipped.logit(described, said) for said in ways]
    logit = max(logits)
    if calibration is not None and calibration.reads_again == bool(judgements):
        confidence = calibration.probability(logit)
        threshold = calibration.threshold(settings.answerability)
    else:
        confidence, threshold = max(
            (
                (
                    answerability.probability_of(one),
                    shipped.threshold(settings.answerability, is_read=bool(said)),
                )
                for one, said in zip(logits, ways, strict=True)
            ),
            key=lambda found: found[0] - found[1],
        )
    is_absent = bool(absence.absent(retrieval))
    sure = confidence >= threshold and (threshold == 0 or not is_absent)
    return Judged(retrieval, scores, judgements, confidence, sure, logit, is_absent)
