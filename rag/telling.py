"""How surely a figure or a date is what its document answers a question with.

Sources say one thing in other words each, so likeness of words alone misses most of what is said
of one attribute. Each figure is weighed by what speaks for it: whether the question's words stand
with it, whether it is the likeliest short answer of its sentence, and whether the reading model
sees the answer there. What it lacks of the words that stand with others speaks against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

from index.segmenting import key
from rag.figures import Figure
from rag.nearness import Nearness, worth_of
from rag.quantities import Quantity
from rag.reading_model import Judgements
from rag.rereading import judgements_of
from rag.resolving import carried_over
from rag.retrieval import Retrieval
from rag.scoping import without_standing
from rag.short_answers import likeliest
from rag.stated import Day, Named, Standing
from rag.surroundings import COMMA, tokens
from rag.terms import Concept
from rag.things import Things, is_date, said, without_size

_ENOUGH = 3.2  # chosen on benchmarks/disagreeing/development.jsonl
_NEARLY = 2.2  # from which a figure that agrees with the other side speaks against a conflict
_READ_MORE = 2  # sentences, beside those that were read for the order
_COVERED = 2.0  # for all telling things of the question
_NEAR = 1.0  # for the figure of its sentence that stands with most of them
_FAR = -1.5
_LIKELY, _LIKELIEST = 1.0, 1.5  # for a probable short answer, and a more probable one
_POSSIBLE = 0.5
_P_LIKELY, _P_LIKELIEST = 0.25, 0.5
_READ, _READ_BUT = 2.0, 1.0  # for what the model reads as the answer; where it doubts the sentence
_DOUBT = -4.0  # logit of relevance
_READ_ELSEWHERE = -1.0
_LACKS = -4.0  # for each thing, by rarity, that stands with such figures and not with this one
_LACKS_SOME = -2.0  # … where it may be said in another form
_TOO_LITTLE = -1.5
_NAMED = 0.7  # of the telling things, by rarity, that stand in a sentence with a name
_LEAST_NEAR = 0.2  # of what is asked, by rarity, that has to stand with a figure
_POINTS = re.compile(
    r"该[㐀-鿿]|本[馆院校行站厂所区县市镇村]|^\s*[其它]|^\s*公司|我们|\bit\b|\bits\b"
)


class Telling:
    """Weighs figures for one question; reads few sentences more than were read for the order."""

    def __init__(
        self,
        retrieval: Retrieval,
        things: Things,
        stated: Mapping[int, Sequence[Figure]],
        judgements: Judgements,
    ) -> None:
        self._retrieval, self._things, self._stated = retrieval, things, stated
        self._judgements = dict(judgements)
        self._left = _READ_MORE
        self._cheap: dict[Figure, float] = {}
        self.nearness = Nearness(retrieval, stated)

    def are_told(self, lead: Figure, other: Figure) -> bool:
        """Whether each of two figures is what its document answers with."""
        if isinstance(lead.value, Named):
            return all(map(self._is_named, (lead, other)))
        if isinstance(lead.value, Standing):
            return True  # said of what is asked, and outright
        if any(map(self.nearness.is_set_aside, (lead, other))):
            return False
        pairs = ((lead, other), (other, lead))
        lack = [self._lack(one, beside) for one, beside in pairs]
        alone = [self._by_words(one) + less for one, less in zip((lead, other), lack, strict=True)]
        beside = [self._by_words(*pair) + less for pair, less in zip(pairs, lack, strict=True)]
        if max(alone) + _READ < _ENOUGH or min(beside) + _READ < _ENOUGH:
            return False
        if isinstance(lead.value, Quantity):
            least = _LEAST_NEAR * sum(c.rarity for c in self._retrieval.concepts if not is_date(c))
            if any(self.nearness.near(one) < least for one in (lead, other)):
                return False
        for one in (lead, other):
            self._read(one.place)
        told = [
            worth + self._by_reading(one) >= _ENOUGH
            for worth, (one, _) in zip(alone, pairs, strict=True)
        ]
        # What one document surely answers with tells which figures of the other can be the answer.
        return all(
            is_told
            or (
                self._is_sure(its)
                and self._is_of_all(one)
                and worth + self._by_reading(one, its) >= _ENOUGH
            )
            for is_told, worth, (one, its) in zip(told, beside, pairs, strict=True)
        )

    def _is_sure(self, one: Figure) -> bool:
        """Whether the reading model takes a figure for the answer, without a doubt."""
        return self._by_reading(one) >= _READ and self._by_words(one) + _READ >= _ENOUGH

    def _is_of_all(self, one: Figure) -> bool:
        """Whether a figure is of all that is asked, and of nothing else that its words name.

        What is said behind it alone (关注类贷款余额58亿元，不良率1.3%) is not said of it.
        """
        if not self.nearness.stands_nearest(one):
            return False
        found = self._retrieval.sentences[one.place]
        own = (
            f"{found.candidate.key[: one.value.start]}\n{one.scope.own}\n{found.candidate.headings}"
        )
        before = f"{self._title(one)}\n{carried_over(found, self._retrieval)}"
        if any(max(said(c, own), said(c, before)) < 0.5 for c in self._things.telling):
            return False
        return not self._names_another(one)

    def _names_another(self, one: Figure) -> bool:
        """Whether the words right before a figure name what the question does not: 新型储能装机."""
        clause = re.split(COMMA, one.scope.before)[-1]
        words = tokens(without_size(without_standing(clause)))
        question = self._retrieval.question.key
        return not all(any(c in question for c in word) for word in words)

    def _is_named(self, one: Figure) -> bool:
        """Whether a name stands beside its office or deed, in a sentence of what is asked."""
        if not isinstance(one.value, Named):
            return False
        return one.value.is_formed and self._things.is_told(one.place, _NAMED)

    def is_nearly(self, one: Figure, beside: Figure) -> bool:
        """Whether a figure may be what its document answers with, as `beside` is."""
        worth = self._by_words(one) + self._lack(one, beside)
        return worth + self._by_reading(one) >= _NEARLY

    def _read(self, place: int) -> None:
        if place in self._judgements or not self._left:
            return
        self._left -= 1
        self._judgements |= judgements_of(self._retrieval, [place])

    def _by_words(self, one: Figure, beside: Figure | None = None) -> float:
        """What the words of its sentence say for a figure; `beside` is what answers elsewhere."""
        if one not in self._cheap:
            worth = _NEAR if self.nearness.stands_nearest(one) else _FAR
            told = self._things.tells(one.place)
            covered = sum(
                c.rarity
                for c, yes in zip(self._things.telling, told, strict=True)
                if yes or said(c, self._title(one)) >= 0.5
            )
            share = covered / self._things.weight if self._things.weight else 1.0
            self._cheap[one] = worth + _COVERED * share
        return self._cheap[one] + self._by_short(one, beside)

    def _title(self, one: Figure) -> str:
        return key(self._retrieval.sentences[one.place].document.title)

    def _by_short(self, one: Figure, beside: Figure | None) -> float:
        if self._retrieval.sentences[one.place].candidate.kind == "table_row":
            return _LIKELIEST  # the asked cell
        best = likeliest(self._retrieval, one.place)
        alone = len(self.nearness.rivals(one, beside)) == 1
        if best is None or not (best.start < one.value.end and one.value.start < best.end):
            return _LIKELY if alone and beside is not None else 0.0
        if best.probability >= _P_LIKELIEST:
            return _LIKELIEST
        return _LIKELY if best.probability >= _P_LIKELY or alone else _POSSIBLE

    def _by_reading(self, one: Figure, beside: Figure | None = None) -> float:
        judged = self._judgements.get(one.place)
        kind = self._retrieval.sentences[one.place].candidate.kind
        if judged is None or kind == "table_row":
            return 0.0
        start, end = judged.span
        within = [
            f
            for f in self.nearness.rivals(one, beside)
            if start < f.value.end and f.value.start < end
        ]
        if one not in within:
            return _READ_ELSEWHERE if within and judged.relevance >= 0 else 0.0
        if judged.relevance >= 0:
            return _READ
        return _READ_BUT if judged.relevance >= _DOUBT else 0.0

    @cached_property
    def _near_some(self) -> list[Concept]:
        """The things that stand with some figure."""
        own = {f.scope.own for stated in self._stated.values() for f in stated}
        return [c for c in self._things.all if any(worth_of(c, text) for text in own)]

    def is_lacking(self, one: Figure, beside: Figure) -> bool:
        """Whether a figure is said of less than what is asked, as others of its kind are.

        What the sentences before it say counts as said.
        """
        context = carried_over(self._retrieval.sentences[one.place], self._retrieval)
        return self._lack(one, beside, context) <= _TOO_LITTLE

    def _lack(self, one: Figure, beside: Figure, before: str = "") -> float:
        """For what stands with figures of its kind and nowhere with this one.

        A date has to be of all that the question names: there is one in most sentences.
        """
        found = self._retrieval.sentences[one.place]
        own = f"{found.candidate.key}\n{found.candidate.headings}\n{self._title(one)}"
        if before or _POINTS.search(found.candidate.key):
            own = f"{own}\n{before or carried_over(found, self._retrieval)}"
        other = self._retrieval.sentences[beside.place].candidate.key[: beside.value.start]
        lacking = 0.0
        for c in self._things.all:
            if worth_of(c, own):
                continue
            if isinstance(one.value, Day) or c in self._near_some or worth_of(c, other):
                near = _is_like(c.term, f"{one.scope.own} {own[one.value.start : one.value.end]}")
                lacking += c.rarity * (_LACKS_SOME if near else _LACKS)
        return lacking


def _is_like(term: str, keyed: str) -> bool:
    """开馆 and 开放, 发电量 and 能发1.5亿度电: the first character and half of all."""
    return term[0] in keyed and 2 * sum(c in keyed for c in term) >= len(term)
