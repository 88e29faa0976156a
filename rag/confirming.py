"""The short answer of one sentence: what the weighed candidates and the reading model make of it.

The candidates (rag/short_answers.py) have clean ends, and stop at a name's first word or a date's
year; the model knows what is asked, and its ends are rough. Where they agree they are almost always
right; where the model alone is certain it is right six times in seven.
"""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType

from index.schema import Span, part_of
from rag import extremes
from rag.answer_spans import SpanCandidate
from rag.asking import COUNTED, DATE
from rag.figures import asks_when, finest_of
from rag.reading_model import Judgement, Judgements
from rag.retrieval import Retrieval
from rag.short_answers import ShortAnswer, likeliest, shipped
from rag.tables import asked_cell
from rag.units import ANY_UNIT

# Logits of the reading model, chosen on the questions held out of it.
_BESIDE = -4.0  # below it the sentence is beside the question
# Above it the model's span is shown, in a sentence that answers, though the weights see none there:
# it was right in .85 of these.
_CERTAIN = -0.2
_AGREED = 0.8  # how often they are right where both see the same, in a sentence that answers
_CONFIRMED = 0.3  # probability that is enough where the model agrees
_LONGEST = 40  # characters of a span
_BESIDE_FIGURE = 4  # characters that may belong to a figure on either side: 不少于, 以上
_MOST_OF_SENTENCE = 0.8  # a longer share of it is no short answer …
_BRIEF = 20  # … unless it is as short as this
_EDGES = " \t\n,，;；。.!！?？:：、"
_PAIRS = (("《", "》"), ("“", "”"), ("「", "」"), ("（", "）"), ("(", ")"))
_ONE_DATE = re.compile(r"\d{3,4}年\d{1,2}月(?:\d{1,2}[日号])?")
_FIGURE = re.compile(r"[\d零〇一二两三四五六七八九十百千万亿半]")
_UNIT = re.compile(rf"[十百千万亿]*(?:{ANY_UNIT})?")


def short_answer(
    retrieval: Retrieval, place: int, judgements: Judgements = MappingProxyType({})
) -> tuple[tuple[Span, ...], float] | None:
    """The short answer that a sentence holds, as spans, and how probable it is; None for none.

    Where there are judgements, the reading model has to see the answer there, too, in a sentence
    that it does not hold to be beside the question.
    """
    found = retrieval.sentences[place]
    if found.candidate.kind.startswith("table_"):
        label = extremes.label(found, retrieval)
        if label is not None:
            return (label,), 1.0  # by the whole column: no other row is as sure
        cell = asked_cell(found, retrieval)
        return None if cell is None else ((cell.span,), cell.probability)
    judged = judgements.get(place)
    # Of a very long sentence the model reads the beginning: of the rest it can confirm nothing.
    if judgements and (judged is None or judged.whole):
        best = _confirmed(retrieval, place, judged)
    else:
        best = likeliest(retrieval, place)
        if best is not None and best.probability < shipped().threshold:
            best = None
    if best is None:
        return None
    best = _whole_date(retrieval, found.candidate.key, best)
    return part_of(found.sentence.spans, best.start, best.end), best.probability


def _confirmed(retrieval: Retrieval, place: int, judged: Judgement | None) -> ShortAnswer | None:
    if judged is None or judged.relevance < _BESIDE:
        return None
    best, seen = likeliest(retrieval, place), _seen(retrieval, place, judged)
    least = _CONFIRMED if judged.relevance > 0 else shipped().threshold
    if best is not None and best.probability >= least and _shared(best, judged) >= 0.5:
        if judged.relevance <= 0:
            return best
        # 2022年6月 rather than 2022年; of a figure no more than belongs to it.
        most = _BESIDE_FIGURE if retrieval.asked.type in COUNTED else _LONGEST
        if (
            seen is not None
            and 0 <= best.start - seen[0] <= most
            and 0 <= seen[1] - best.end <= most
        ):
            best = replace(best, start=seen[0], end=seen[1])
        return replace(best, probability=max(best.probability, _AGREED))
    if best is not None and best.probability >= shipped().threshold:
        return None  # both are sure, of different things
    if seen is None or judged.relevance <= 0 or judged.span_score <= _CERTAIN:
        return None
    return ShortAnswer(*seen, _AGREED, SpanCandidate(*seen, "learnt"))


def _whole_date(retrieval: Retrieval, text: str, best: ShortAnswer) -> ShortAnswer:
    """2017年4月14日 where 2017年 was found and the question asks when, not in which year.

    Of a span of time no more than its beginning.
    """
    question = retrieval.question.key
    if retrieval.asked.type != DATE or not asks_when(question) or finest_of(question) != "day":
        return best
    match = _ONE_DATE.match(text, best.start)
    return replace(best, end=match.end()) if match and match.end() > best.end else best


def _seen(retrieval: Retrieval, place: int, judged: Judgement) -> tuple[int, int] | None:
    """The reading model's span with clean ends; None where it is no short answer."""
    text = retrieval.sentences[place].candidate.key
    start, end = judged.span
    if retrieval.asked.type in COUNTED:
        if not _FIGURE.search(text, start, end):
            return None
        unit = _UNIT.match(text, end)
        end = unit.end() if unit else end
    inside = text[start:end].lstrip(_EDGES)
    inside = inside.removeprefix("是") or inside
    start, end = end - len(inside), end - len(inside) + len(inside.rstrip(_EDGES))
    for left, right in _PAIRS:
        inside = text[start:end]
        if inside.count(left) < inside.count(right) and text[start - 1 : start] == left:
            start -= 1
        elif inside.count(left) > inside.count(right) and text[end : end + 1] == right:
            end += 1
    length = end - start
    if not 0 < length <= _LONGEST or text[start:end] in retrieval.question.key:
        return None
    if length > _BRIEF and length > _MOST_OF_SENTENCE * len(text):
        return None
    return start, end


def _shared(short: ShortAnswer, judged: Judgement) -> float:
    """Common characters, as a share of the shorter of the two."""
    common = min(short.end, judged.span[1]) - max(short.start, judged.span[0])
    return max(0, common) / max(1, min(short.end - short.start, judged.span[1] - judged.span[0]))
