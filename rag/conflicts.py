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
from rag.asking import COUNTED, YESNO
from rag.comparing import Comparison, Kind, commensurable
from rag.figures import Figure, figures_of
from rag.naming import asks_for_one, names_of
from rag.quantities import Quantity
from rag.ranking import Scores, order
from rag.reading import Draft
from rag.reading_model import Judgements
from rag.retrieval import Retrieval
from rag.schema import Citation, Conflict, Side
from rag.scoping import contrast, counted_by
from rag.standing import asks_whether, standings_of
from rag.stated import agree
from rag.surroundings import since_stop
from rag.telling import Telling
from rag.things import Things

_READ = 40  # sentences, best first
_GAP = 10.0  # how far below the best a side may stand that is told apart by its words alone
_LEADS, _LEAD_GAP = 4, 3.0  # one of the sides is among the first
_TOLD_GAP = 6.0  # likewise, of those that are what their documents answer with
_SUPPOSED = re.compile(r"若|如果|假如|假设|\bif\b")


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
    places = order(scores)[:_READ]
    things = Things(retrieval)
    question = retrieval.question.key
    stated: Mapping[int, Sequence[Figure]]
    if retrieval.asked.type in COUNTED:
        stated = {i: figures_of(retrieval, i) for i in places}
    elif asks_for_one(retrieval.asked.type, question):
        stated = names_of(retrieval, places, judgements, things)
    elif retrieval.asked.type == YESNO and asks_whether(question):
        stated = standings_of(retrieval, places)
    else:
        return None
    search = _Search(
        retrieval,
        scores,
        stated,
        Comparison(retrieval, things),
        Telling(retrieval, things, stated, judgements),
    )
    pair = search.said_alike() or search.answered_otherwise()
    if pair is None:
        return None
    lead, other, kind = pair
    sides = [[lead], [other]]
    for figure in search.figures():
        if figure.place in (lead.place, other.place):
            continue
        for side in sides:
            if search.compare.same_side(side[0], figure):
                side.append(figure)
                break
    return Disagreement(tuple(tuple(side) for side in sides), kind == "scoped")


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for two figures that disagree among those that the best sentences state."""

    retrieval: Retrieval
    scores: Scores
    stated: Mapping[int, Sequence[Figure]]  # by place
    compare: Comparison
    telling: Telling

    def figures(self) -> Iterator[Figure]:
        return (figure for found in self.stated.values() for figure in found)

    def said_alike(self) -> tuple[Figure, Figure, Kind] | None:
        """The two that are said in the likest words."""
        near = {i: found for i, found in self.stated.items() if self._gap(i) <= _GAP}
        best, most = None, -1.0
        for lead, other in self._pairs(near, _LEAD_GAP):
            alike = self.compare.alike(lead, other)
            if alike <= most:
                continue
            kind = self.compare.compared(lead, other, alike)
            if kind is None:
                continue
            if lead.place != other.place and not all(
                map(self.telling.nearness.is_nearest, (lead, other))
            ):
                continue
            if self.telling.is_lacking(lead, other) or self.telling.is_lacking(other, lead):
                continue
            if not self._is_settled(lead, other):
                best, most = (lead, other, kind), alike
        return best

    def answered_otherwise(self) -> tuple[Figure, Figure, Kind] | None:
        """The first two that are what their documents answer with, in whatever words."""
        for lead, other in self._pairs(self.stated, _TOLD_GAP):
            kind = self.compare.answered(lead, other)
            if kind is None or not self.telling.are_told(lead, other):
                continue
            if kind == "scoped" or not self._is_settled(lead, other):
                return lead, other, kind
        return None

    def _pairs(
        self, stated: Mapping[int, Sequence[Figure]], gap: float
    ) -> Iterator[tuple[Figure, Figure]]:
        """Pairs that do not agree; the first of each is in one of the best sentences."""
        for i in order(self.scores)[:_LEADS]:
            if self._gap(i) > gap:
                continue
            for j, others in stated.items():
                for lead in stated.get(i, ()):
                    for other in others:
                        apart = j != i or other.value.start > lead.value.end
                        if apart and not agree(lead.value, other.value):
                            yield lead, other

    def _gap(self, place: int) -> float:
        """How far a sentence's score is below the best."""
        return float(self.scores.max() - self.scores[place])

    def _is_settled(self, lead: Figure, other: Figure) -> bool:
        """Whether one of the two documents gives the other's figure, too."""
        if lead.place == other.place:
            return False
        for one, two in ((lead, other), (other, lead)):
            document = self.retrieval.sentences[two.place].document
            for figure in self.figures():
                if (
                    self.retrieval.sentences[figure.place].document is document
                    and commensurable(one.value, figure.value)
                    and agree(one.value, figure.value)
                    and not self.compare.is_of_other_time(figure)
                    and not figure.scope.in_part
                    and not self._is_supposed(figure)
                    and self.telling.is_nearly(figure, one)
                ):
                    return True
        return False

    def _is_supposed(self, figure: Figure) -> bool:
        """Whether a figure is what would come out, were it counted otherwise."""
        keyed, at = self.retrieval.sentences[figure.place].candidate.key, figure.value.start
        return _SUPPOSED.search(keyed, since_stop(keyed, at), at) is not None


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
    parts = [way] if (way := _way_of(retrieval, side, found)) else []
    years = figure.scope.years
    if (
        isinstance(figure.value, Quantity)
        and len(years) == 1
        and len({s[0].scope.years for s in found.sides}) > 1
    ):
        parts.append("、".join(sorted(years)))
    parts.append(sentence.document.title or sentence.document.source)
    return " · ".join(parts)


def _way_of(retrieval: Retrieval, side: Sequence[Figure], found: Disagreement) -> str:
    """What tells a side's figure from the others', in its sentence's words: 首套, 按折氧化物."""
    figure = side[0]
    if not isinstance(figure.value, Quantity):
        return ""
    if found.scoped:
        others = [s[0] for s in found.sides if s is not side]
        for other in (o.scope for o in others):
            for own, its in ((figure.scope.own, other.own), (figure.scope.before, other.before)):
                if (words := contrast(retrieval.question.key, own, its)) is not None:
                    return words[0]
    if retrieval.sentences[figure.place].candidate.kind == "table_row":
        return ""
    keyed = retrieval.sentences[figure.place].candidate.key
    return counted_by(keyed, figure.value.start, figure.value.end)


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
