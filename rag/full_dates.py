"""The whole date, where a question asks when and the best sentence tells the day without its year.

4月14日上映 answers less than 2017年4月14日上映, which another source says: all it takes is to show
the fuller one first.
"""

from __future__ import annotations

import re

from rag.asking import DATE, YEAR
from rag.figures import years_in
from rag.ranking import Scores, order
from rag.reading_model import Judgements
from rag.rereading import WEIGHT, judgements_of
from rag.resolving import carried_over
from rag.retrieval import Retrieval

_DAY = re.compile(r"(?<![\d年历曆] )(?<![\d年历曆])0?(\d{1,2})\s?月\s?0?(\d{1,2})\s?[日号]")
_WHOLE = re.compile(r"(?<!\d)(\d{3,4})\s?年\s?0?(\d{1,2})\s?月\s?0?(\d{1,2})\s?[日号]")
_WHICH = re.compile(r"[去今明前后][年个]|[本上下首末][届次期轮]|[农農阴陰][历曆]")
_FAR = 3.0  # in scores, both read: one so far below the best tells of something else
_LOOKED_AT = 40  # of the best sentences
_READ_MORE = 2  # of those with the same day that the reading model has not seen


def before_the_day(
    retrieval: Retrieval, ranked: Scores, scores: Scores, judgements: Judgements
) -> tuple[Scores, Judgements]:
    """Scores where a sentence with the year changed places with the best, which lacks it.

    And what the reading model says, also of what it had to read for that. The same where the
    question or the best sentence says which year is meant (去年, 本届), where nothing that answers
    tells the year, and where such sentences name several. `ranked`: the scores before anything was
    read.
    """
    question = retrieval.question.key
    same = scores, judgements
    if not judgements or retrieval.asked.type != DATE:
        return same
    best, *others = order(scores)[:_LOOKED_AT]
    found, judged = retrieval.sentences[best], judgements.get(best)
    text = found.candidate.key
    if judged is None or judged.relevance <= 0 or YEAR.search(question):
        return same
    if _WHICH.search(question) or _WHICH.search(text):
        return same
    days = [m for m in _DAY.finditer(text) if _overlaps(m, judged.span)]
    if len(days) != 1:
        return same
    whole = {
        place: [
            match
            for match in _WHOLE.finditer(retrieval.sentences[place].candidate.key)
            if match.groups()[1:] == days[0].groups()
        ]
        for place in others
    }
    unread = [place for place, matches in whole.items() if matches and place not in judgements]
    judgements = {**judgements, **judgements_of(retrieval, unread[:_READ_MORE])}
    same = scores, judgements

    def below(place: int) -> float:
        """As if it had been read with the best."""
        apart = judged.relevance - judgements[place].relevance
        return float(ranked[best] - ranked[place]) + WEIGHT * apart

    fuller = {
        place: match[1]
        for place, matches in whole.items()
        for match in matches
        if place in judgements
        and judgements[place].relevance > 0
        and below(place) <= _FAR
        and _overlaps(match, judgements[place].span)
    }
    years = set(fuller.values())
    if len(years) != 1 or (years_in(carried_over(found, retrieval)) or years) != years:
        return same
    place = max(fuller, key=lambda p: (scores[p], -p))
    scores = scores.copy()
    scores[[best, place]] = scores[[place, best]]
    return scores, judgements


def _overlaps(match: re.Match[str], span: tuple[int, int]) -> bool:
    return match.start() < span[1] and match.end() > span[0]
