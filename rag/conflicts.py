"""Where sources disagree: what they state for one attribute and one scope cannot all be right.

Precision comes first. A side must say as much of what is asked as the sentence that leads the
answer, with a figure of the same dimension, a date or a name, for the same year and the same named
things; figures that agree once notation, rounding and words of degree are taken as meant, and dates
of which one is only said in part, are one side. Where the figures differ because they are about
different models (H20, H200), the sides say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from index.schema import Span
from rag.asking import DATE, MONEY, NUMBER, PERCENT
from rag.comparing import Comparison, Kind
from rag.figures import Figure, asks_when, figures_of
from rag.naming import asks_for_one, names_of
from rag.quantities import Quantity
from rag.ranking import Scores, order
from rag.reading import Draft, Judgements
from rag.retrieval import Retrieval
from rag.schema import Citation, Conflict, Side
from rag.stated import agree

_READ = 40  # sentences, best first
_GAP = 10.0  # how far below the best a side may stand
_LEADS, _LEAD_GAP = 4, 3.0  # one of the sides is among the first
_COUNTED = (NUMBER, PERCENT, MONEY)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sides with different figures; each has the figures that agree, the best ranked first."""

    sides: tuple[tuple[Figure, ...], ...]
    scoped: bool  # the figures are of different things, which the scopes name


def disagreement(
    retrieval: Retrieval, scores: Scores, judgements: Judgements = MappingProxyType({})
) -> Disagreement | None:
    """None where no figure, date or one name is asked for, and where what is stated agrees.

    `judgements`: what the reading model says of the best sentences; names are sought with them.
    """
    if not len(scores):
        return None
    places = [i for i in order(scores)[:_READ] if scores.max() - scores[i] <= _GAP]
    compare = Comparison(retrieval)
    question = retrieval.question.key
    stated: Mapping[int, Sequence[Figure]]
    if retrieval.asked.type in _COUNTED or (retrieval.asked.type == DATE and asks_when(question)):
        stated = {i: figures_of(retrieval, i) for i in places}
    elif asks_for_one(retrieval.asked.type, question):
        stated = names_of(retrieval, places, judgements, compare)
    else:
        return None
    leads = [i for i in places[:_LEADS] if scores.max() - scores[i] <= _LEAD_GAP]
    best: tuple[float, Figure, Figure, Kind] | None = None
    for i in leads:
        for lead, other in _pairs_of(stated, i):
            if agree(lead.value, other.value):
                continue
            alike = compare.alike(lead, other)
            if best is not None and alike <= best[0]:
                continue
            kind = compare.compared(lead, other, alike)
            if kind is not None:
                best = (alike, lead, other, kind)
    if best is None:
        return None
    _, lead, other, kind = best
    sides = [[lead], [other]]
    for figure in (f for found in stated.values() for f in found):
        for side in sides:
            if figure.place not in (lead.place, other.place) and compare.same_side(side[0], figure):
                side.append(figure)
                break
    return Disagreement(tuple(tuple(side) for side in sides), kind == "scoped")


def _pairs_of(stated: Mapping[int, Sequence[Figure]], i: int) -> Iterator[tuple[Figure, Figure]]:
    for j, others in stated.items():
        for lead in stated.get(i, ()):
            for other in others:
                if j != i or other.value.start > lead.value.end:
                    yield lead, other


def scope_of(retrieval: Retrieval, side: Sequence[Figure], found: Disagreement) -> str:
    """What a side's figure is of, or whose it is: models, else who counts, else the document."""
    figure = side[0]
    sentence = retrieval.sentences[figure.place]
    if found.scoped:
        others = frozenset(
            m for s in found.sides if s is not side for f in s[:1] for m in f.scope.models
        )
        if own := sorted(figure.scope.models - others):
            return "、".join(m.upper() for m in own)
    parts = []
    years = figure.scope.years
    if (
        isinstance(figure.value, Quantity)
        and len(years) == 1
        and len({s[0].scope.years for s in found.sides}) > 1
    ):
        parts.append("、".join(sorted(years)))
    parts.append(sentence.document.title or sentence.document.source)
    return " · ".join(parts)


def sides_of(found: Disagreement | None) -> dict[int, tuple[Span, ...]]:
    """Place → figure, of each side's best sentence: they have to be shown.

    Of two figures in one sentence the first.
    """
    sides: dict[int, tuple[Span, ...]] = {}
    for side in found.sides if found is not None else ():
        sides.setdefault(side[0].place, side[0].spans)
    return sides


def conflicts_of(
    retrieval: Retrieval,
    found: Disagreement | None,
    drafts: Sequence[Draft],
    citations: Sequence[Citation],
) -> tuple[Conflict, ...]:
    """The disagreement with the numbers of the citations shown; () where a side is not shown."""
    if found is None:
        return ()
    numbers = {
        draft.place: citation.n
        for draft in drafts
        for citation in citations
        if citation.doc_id == draft.document.doc_id
        and (citation.spans[0].start, citation.spans[-1].end)
        == (draft.spans[0].start, draft.spans[-1].end)
    }
    sides = []
    for side in found.sides:
        shown = tuple(dict.fromkeys(numbers[f.place] for f in side if f.place in numbers))
        if shown:
            document = retrieval.sentences[side[0].place].document
            value = document.quote(side[0].spans)
            sides.append(Side(value, scope_of(retrieval, side, found), shown))
    if len(sides) < 2:
        return ()
    return (Conflict(about_of(retrieval), tuple(sides)),)


def about_of(retrieval: Retrieval) -> str:
    """What is asked, in the question's own words, without what asks."""
    question = retrieval.question
    content = "".join(
        c if k != " " else " " for c, k in zip(question.text, question.content, strict=True)
    )
    words = re.sub(r"[\s?？。,，!！、:：]+", " ", content).strip().rstrip("是为有了达")
    return words.replace(" ", "") if question.language == "zh" else words
