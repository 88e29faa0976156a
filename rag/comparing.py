"""Whether two figures, dates or names are of the one attribute and scope that is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from index.segmenting import key
from rag.figures import MODEL, PLACES, Figure, Scope, years_in
from rag.quantities import Quantity
from rag.resolving import carried_over
from rag.retrieval import Retrieval
from rag.scoping import (
    contrast,
    is_against,
    is_change,
    is_of_other,
    is_other,
    is_revised,
    periods_in,
)
from rag.stated import Day, Standing, Value, agree
from rag.surroundings import tokens
from rag.terms import contains
from rag.things import Things

Kind = Literal["plain", "scoped"]

_ALIKE = 0.5  # share of common words from which figures are said of one attribute
_ALIKE_WHEN = 0.6  # … dates and names, of which most sentences hold some
_ALIKE_SCOPED = 0.05
_FEWEST_SHARED = 2  # words that both sides and the question share
_LARGEST_RATIO = 3.0  # beyond it two figures are hardly of one thing
_WINDOW = 30  # characters between two counts of one thing, at most
_MOST = 0.6  # of the telling things, by rarity, that a side has to say
_LEAST = 0.5  # … where the sides are what their documents answer with
_TRUSTED = 0.5  # weight from which another word says the same
_DAY = re.compile(r"\d{1,2}月\d{1,2}(?=[日号])")
_WHOLE = frozenset(("全国", "中国", "全球"))  # said or left out, they mean the same
# What tells one's count from another's within a sentence.
_REPORTS = re.compile(
    r"口径|统计|抽样|估算|估计|测算|公布|数据|报告|调查|本所|本站|本中心|我们|官方|according|survey|estimate"
)
_CONTRAST = re.compile(
    r"则[为是只仅]|却[是为只仅]|而[^,，;；]{2,24}[为是]|只有|仅为|but |while |whereas "
)
# Who held an office is not who holds it.
_FORMER = re.compile(
    r"副|(?<![以从])前(?:任|局|部|主|院|校|总|董|会|市|省|县|区|首|行)|原|曾|时任|卸任|离任|接[替任]|代理|候任|拟任|不再|"
    r"\b(?:former|deputy|vice|acting|then)\b"
)


class Comparison:
    """Compares what sentences state, for one question."""

    def __init__(self, retrieval: Retrieval, things: Things) -> None:
        question = retrieval.question
        self._retrieval, self._things = retrieval, things
        # What it speaks of, in any of the words it may be said in.
        words = [a.term for c in retrieval.concepts for a in c.alternatives]
        self._tokens = frozenset(t for w in [question.content, *words] for t in tokens(w))
        # 去年 and the like mean years, too.
        forms = [form for _, _, forms in question.spellings for form in forms]
        self._years = retrieval.asked.years | {y for form in forms for y in years_in(form)}
        self._named = frozenset(p for p in PLACES if p in question.key) | _WHOLE
        self._places = self._named - _WHOLE
        self._models = frozenset(MODEL.findall(question.key))
        self._periods = periods_in(question.key)
        self._days = _DAY.findall(question.key)
        self._arounds: dict[int, str] = {}
        self._about: dict[str, Mapping[str, int]] = {}

    def alike(self, a: Figure, b: Figure) -> float:
        """How far two are of one attribute, [0, 1]; 0 where it is not what is asked."""
        one, two = self._words(a.about), self._words(b.about)
        shared = one.keys() & two.keys()
        asked = sum(one[w] for w in shared if w[0] == "#" or w in self._tokens)
        asked += any(map(min, self._things.tells(a.place), self._things.tells(b.place)))
        if asked < _FEWEST_SHARED:
            return 0.0
        return sum(one[w] for w in shared) / max(1, min(sum(one.values()), sum(two.values())))

    def _words(self, about: str) -> Mapping[str, int]:
        """Word → what it counts; what the question has other words for stands as one word."""
        if about not in self._about:
            found: dict[str, int] = {}
            rest = about
            for number, terms in self._synonyms:
                for term in terms:
                    if contains(rest, term):
                        rest = rest.replace(term, " , ")
                        found[f"#{number}"] = max(2, len(terms[-1]) - 1)
            self._about[about] = MappingProxyType(
                found | {t: 1 for t in tokens(rest) if t not in found}
            )
        return self._about[about]

    @cached_property
    def _synonyms(self) -> list[tuple[int, list[str]]]:
        """Concept → its words, longest first; of concepts that have several words alone."""
        return [
            (n, sorted((a.term for a in trusted), key=len, reverse=True))
            for n, c in enumerate(self._things.telling)
            if len(trusted := [a for a in c.alternatives if a.weight >= _TRUSTED]) > 1
        ]

    def same_side(self, a: Figure, b: Figure) -> bool:
        same = a.value.dimension == b.value.dimension and agree(a.value, b.value)
        return same and self.alike(a, b) >= _ALIKE

    def _kind_of(self, lead: Figure, other: Figure) -> Kind | None:
        """Of what two figures are by their scopes: "plain" of one, "scoped" of two that are named.

        None where they are of two things, or cannot be held against each other.
        """
        if not commensurable(lead.value, other.value):
            return None
        mine, its = lead.scope, other.scope
        if self._is_other_time(mine, its) or mine.ordinals != its.ordinals:
            return None
        if (mine.places - self._named) != (its.places - self._named):
            return None
        if not all(self._is_of_days(f) for f in (lead, other)):
            return None
        if not all(f.scope.periods or self._is_of_periods(f) for f in (lead, other)):
            return None
        if self._models and any(s.models and not s.models & self._models for s in (mine, its)):
            return None
        question = self._retrieval.question.key
        keys = [self._retrieval.sentences[f.place].candidate.key for f in (lead, other)]
        if any(is_of_other(question, keyed) for keyed in keys):
            return None
        if not isinstance(lead.value, Quantity):
            return "plain"
        if any(is_against(question, scope.own) for scope in (mine, its)):
            return None
        if not self._models and mine.models - its.models and its.models - mine.models:
            return "scoped"
        if mine.months and its.months and mine.months != its.months:
            return None
        if mine.planned != its.planned or is_other(mine.own, its.own):
            return None
        if mine.in_part != its.in_part:
            return None
        if mine.is_change != its.is_change and not is_change(question):
            return None
        if contrast(question, mine.own, its.own) or contrast(question, mine.before, its.before):
            return "scoped"
        return None if self._is_revised(lead) or self._is_revised(other) else "plain"

    def _is_of_days(self, figure: Figure) -> bool:
        """Whether the days that the question names are said with a figure: 8月8日."""
        around = self._around(figure.place)
        return all(day in around for day in self._days)

    def _is_of_periods(self, figure: Figure) -> bool:
        """Whether what stands around a figure without a period of its own names one asked for."""
        if not self._periods:
            return True
        return bool(self._periods & periods_in(self._around(figure.place)))

    def _around(self, place: int) -> str:
        """A sentence and what it may take over."""
        if place not in self._arounds:
            found = self._retrieval.sentences[place]
            context = carried_over(found, self._retrieval)
            self._arounds[place] = f"{found.candidate.key}\n{context}"
        return self._arounds[place]

    def _is_revised(self, figure: Figure) -> bool:
        candidate = self._retrieval.sentences[figure.place].candidate
        return candidate.kind != "table_row" and is_revised(candidate.key)

    def compared(self, lead: Figure, other: Figure, alike: float) -> Kind | None:
        """Whether two are said in like words of what is asked: "plain", "scoped", or None.

        `alike`: of the two.
        """
        kind = self._kind_of(lead, other)
        if kind is None:
            return None
        if lead.place == other.place:
            return "plain" if self._set_against(lead, other) else None
        if not self._is_asked(lead) or not self._is_asked(other):
            return None
        if self._things.tells(lead.place) != self._things.tells(other.place):
            return None
        if kind == "scoped":
            return "scoped" if alike >= _ALIKE_SCOPED else None
        mine, its = lead.scope, other.scope
        ours, theirs = mine.models - self._models, its.models - self._models
        # Within a document, figures that differ are mostly of parts, stages or other years.
        one, two = (self._retrieval.sentences[f.place] for f in (lead, other))
        if one.document is two.document or (ours and theirs and ours != theirs):
            return None
        if isinstance(lead.value, Quantity) and isinstance(other.value, Quantity):
            same = _same_size(lead.value, other.value) and alike >= _ALIKE
        else:
            same = alike >= _ALIKE_WHEN and _same_stage(lead, other)
        return "plain" if same else None

    def answered(self, lead: Figure, other: Figure) -> Kind | None:
        """Whether two that are what their documents answer with are of one thing.

        "plain", "scoped", or None.
        """
        one, two = (self._retrieval.sentences[f.place] for f in (lead, other))
        if one.document is two.document:
            return None
        kind = self._kind_of(lead, other)
        if kind is None or not all(self._is_asked(f, _LEAST) for f in (lead, other)):
            return None
        if isinstance(lead.value, Quantity) and isinstance(other.value, Quantity):
            return kind if kind == "scoped" or _same_size(lead.value, other.value) else None
        dates = {one.document.date, two.document.date} - {None}
        if isinstance(lead.value, Standing) and len(dates) > 1:
            return None  # what was not yet so then may be so now
        return kind if _same_stage(lead, other) else None

    def _is_asked(self, figure: Figure, share: float = _MOST) -> bool:
        """Whether it is of the places that the question names, and of most that it speaks of."""
        if self._places:
            around = self._around(figure.place)
            if not any(p in around for p in self._places):
                return False
        return self._things.is_told(figure.place, share)

    def is_of_other_time(self, figure: Figure) -> bool:
        """Whether a figure is of another year than the question names."""
        return bool(self._years and figure.scope.years and not figure.scope.years & self._years)

    def _is_other_time(self, mine: Scope, its: Scope) -> bool:
        if self._years:
            if any(one.years and not one.years & self._years for one in (mine, its)):
                return True
        elif mine.years and its.years and not mine.years & its.years:
            return True
        if self._periods:
            return any(s.periods and not s.periods & self._periods for s in (mine, its))
        return mine.periods != its.periods

    def _set_against(self, lead: Figure, other: Figure) -> bool:
        """Whether one sentence gives two counts of one thing: 各省上报为71.3%，抽样则为63.8%."""
        found = self._retrieval.sentences[lead.place]
        keyed = key(found.document.joined(found.sentence.spans))
        between = keyed[lead.value.end : other.value.start]
        return bool(
            isinstance(lead.value, Quantity)
            and len(between) < _WINDOW
            and lead.value.dimension == other.value.dimension
            and _REPORTS.search(between)
            and _CONTRAST.search(between)
            and _REPORTS.search(keyed[: lead.value.start])
            and not other.scope.in_part
            and tokens(lead.about) & self._tokens
        )


def _same_size(one: Quantity, two: Quantity) -> bool:
    low, high = sorted((one.low, two.low))
    return low > 0 and high <= _LARGEST_RATIO * low


def _same_stage(lead: Figure, other: Figure) -> bool:
    """Planned beside planned, in office beside in office."""
    one, two = lead.value, other.value
    if isinstance(one, Day) and isinstance(two, Day) and one.is_planned != two.is_planned:
        return False
    former = [frozenset(_FORMER.findall(f.about)) for f in (lead, other)]
    return isinstance(one, Day) or former[0] == former[1]


def commensurable(a: Value, b: Value) -> bool:
    """Whether two can be held against each other at all: of one kind and dimension."""
    if not (isinstance(a, Quantity) and isinstance(b, Quantity)):
        return type(a) is type(b)
    if a.dimension and b.dimension:
        return a.dimension == b.dimension
    # A bare figure beside one with a unit: only where their sizes are alike.
    low, high = sorted((abs(a.high), abs(b.high)))
    return low > 100 and high / low < 2
