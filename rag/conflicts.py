"""Where sources disagree: figures for one attribute and one scope that cannot both be right.

Precision comes first. A side must say as much of what is asked as the sentence that leads the
answer, with a figure of the same dimension, for the same year and the same named things; figures
that agree once notation, rounding and words of degree are taken as meant are one side. Where the
figures differ because they are about different models (H20, H200), the sides say so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from index.schema import Span
from index.segmenting import key
from rag.asking import MONEY, NUMBER, PERCENT
from rag.figures import MODEL, PLACES, Figure, context_of, figures_of, tokens, years_in
from rag.quantities import Quantity
from rag.ranking import Scores, order
from rag.reading import Draft
from rag.retrieval import Retrieval
from rag.schema import Citation, Conflict, Side
from rag.terms import Concept, contains

_READ = 40  # sentences, best first
_GAP = 9.0  # how far below the best a side may stand
_LEADS, _LEAD_GAP = 4, 3.0  # one of the sides is among the first
_ALIKE = 0.5  # share of common words from which figures are said of one attribute
_ALIKE_SCOPED = 0.05
_FEWEST_SHARED = 2  # words that both sides and the question share
_LARGEST_RATIO = 3.0  # beyond it two figures are hardly of one thing
_WINDOW = 30  # characters between two counts of one thing, at most
_TELLING = 0.45  # rarity from which a concept has to be shared by both sides
_COUNTED = (NUMBER, PERCENT, MONEY)
_WHEN = re.compile(r"\d|年|月|季|今|去|现在|目前")
_WHOLE = frozenset(("全国", "中国", "全球"))  # said or left out, they mean the same
_PARTS = re.compile(
    r"其中|来自|只计|仅计|不算|只算|如果|若|包括|分别|另有|另外|扣除|剔除|不含|不包括|比上年|同比|环比|较上|增长|下降|减少|提高"
)
# What tells one's count from another's within a sentence.
_REPORTS = re.compile(
    r"口径|统计|抽样|估算|估计|测算|公布|数据|报告|调查|本所|本站|本中心|我们|官方|according|survey|estimate"
)
_CONTRAST = re.compile(
    r"则[为是只仅]|却[是为只仅]|而[^,，;；]{2,24}[为是]|只有|仅为|but |while |whereas "
)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sides with different figures; each has the figures that agree, the best ranked first."""

    sides: tuple[tuple[Figure, ...], ...]
    scoped: bool  # the figures are of different things, which the scopes name


def disagreement(retrieval: Retrieval, scores: Scores) -> Disagreement | None:
    """None where no figure is asked for, and where the figures given for it agree."""
    if retrieval.asked.type not in _COUNTED or not len(scores):
        return None
    places = [i for i in order(scores)[:_READ] if scores.max() - scores[i] <= _GAP]
    leads = [i for i in places[:_LEADS] if scores.max() - scores[i] <= _LEAD_GAP]
    asked = _Asked(retrieval)
    figures = {i: figures_of(retrieval, i) for i in places}
    best: tuple[float, Figure, Figure, str] | None = None
    for i in leads:
        for lead, other in _pairs_of(figures, i):
            if lead.quantity.agrees(other.quantity):
                continue
            alike = asked.alike(lead, other)
            if best is not None and alike <= best[0]:
                continue
            kind = asked.compared(lead, other, alike)
            if kind is not None:
                best = (alike, lead, other, kind)
    if best is None:
        return None
    _, lead, other, kind = best
    sides = [[lead], [other]]
    for figure in (f for found in figures.values() for f in found):
        for side in sides:
            if figure.place not in (lead.place, other.place) and asked.same_side(side[0], figure):
                side.append(figure)
                break
    return Disagreement(tuple(tuple(side) for side in sides), kind == "scoped")


def _pairs_of(figures: Mapping[int, Sequence[Figure]], i: int) -> Iterator[tuple[Figure, Figure]]:
    for j, others in figures.items():
        for lead in figures[i]:
            for other in others:
                if j != i or other.quantity.start > lead.quantity.end:
                    yield lead, other


class _Asked:
    """Compares figures for one question."""

    def __init__(self, retrieval: Retrieval) -> None:
        question = retrieval.question
        self._retrieval = retrieval
        # What it speaks of, in any of the words it may be said in.
        words = [a.term for c in retrieval.concepts for a in c.alternatives]
        self._tokens = frozenset(t for w in [question.content, *words] for t in tokens(w))
        # 去年 and the like mean years, too.
        forms = [form for _, _, forms in question.spellings for form in forms]
        self._years = retrieval.asked.years | {y for form in forms for y in years_in(form)}
        self._named = frozenset(p for p in PLACES if p in question.key) | _WHOLE
        self._models = frozenset(MODEL.findall(question.key))
        self._telling = [
            c for c in retrieval.concepts if c.rarity >= _TELLING and not _WHEN.search(c.term)
        ]
        self._told: dict[int, list[bool]] = {}

    def alike(self, a: Figure, b: Figure) -> float:
        """How far two figures are of one attribute, [0, 1]; 0 where it is not what is asked."""
        shared = a.about & b.about
        if len(shared & self._tokens) < _FEWEST_SHARED:
            return 0.0
        return len(shared) / max(1, min(len(a.about), len(b.about)))

    def same_side(self, a: Figure, b: Figure) -> bool:
        same = a.quantity.dimension == b.quantity.dimension and a.quantity.agrees(b.quantity)
        return same and self.alike(a, b) >= _ALIKE

    def compared(self, lead: Figure, other: Figure, alike: float) -> str | None:
        """ "plain" for figures of one thing, "scoped" for those of several models, None for others.

        `alike`: of the two.
        """
        if not _commensurable(lead.quantity, other.quantity):
            return None
        mine, its = lead.scope, other.scope
        if self._years:
            if any(one.years and not one.years & self._years for one in (mine, its)):
                return None
        elif mine.years and its.years and not mine.years & its.years:
            return None
        if mine.months != its.months and mine.months and its.months:
            return None
        if (mine.places - self._named) != (its.places - self._named):
            return None
        if lead.place == other.place:
            return "plain" if self._set_against(lead, other) else None
        if self._tells(lead.place) != self._tells(other.place):
            return None
        ours, theirs = mine.models - self._models, its.models - self._models
        if not self._models and ours - theirs and theirs - ours:
            return "scoped" if alike >= _ALIKE_SCOPED else None
        # Within a document, figures that differ are mostly of parts, stages or other years.
        one, two = (self._retrieval.sentences[f.place] for f in (lead, other))
        if one.document is two.document or (ours and theirs and ours != theirs) or alike < _ALIKE:
            return None
        low, high = sorted((lead.quantity.low, other.quantity.low))
        if low <= 0 or high > _LARGEST_RATIO * low:
            return None
        in_part = [_PARTS.search(scope.clause) is not None for scope in (mine, its)]
        return "plain" if in_part[0] == in_part[1] else None

    def _set_against(self, lead: Figure, other: Figure) -> bool:
        """Whether one sentence gives two counts of one thing: 各省上报为71.3%，抽样则为63.8%."""
        found = self._retrieval.sentences[lead.place]
        keyed = key(found.document.joined(found.sentence.spans))
        between = keyed[lead.quantity.end : other.quantity.start]
        return bool(
            len(between) < _WINDOW
            and lead.quantity.dimension == other.quantity.dimension
            and _REPORTS.search(between)
            and _CONTRAST.search(between)
            and _REPORTS.search(keyed[: lead.quantity.start])
            and not _PARTS.search(other.scope.clause)
            and lead.about & self._tokens
        )

    def _tells(self, place: int) -> list[bool]:
        """Which of the telling things of the question a sentence says, with its headings.

        What stands in the two sentences before counts too, except for rows of tables.
        """
        if place not in self._told:
            found = self._retrieval.sentences[place]
            own = f"{found.candidate.key}\n{found.candidate.headings}"
            before = ""
            if found.candidate.kind != "table_row":
                before = context_of(self._retrieval, found)
            self._told[place] = [
                _said(c, own) >= 0.5 or _said(c, before) >= 0.5 for c in self._telling
            ]
        return self._told[place]


def _commensurable(a: Quantity, b: Quantity) -> bool:
    if a.dimension and b.dimension:
        return a.dimension == b.dimension
    # A bare figure beside one with a unit: only where their sizes are alike.
    low, high = sorted((abs(a.high), abs(b.high)))
    return low > 100 and high / low < 2


def _said(concept: Concept, keyed: str) -> float:
    best = max((a.weight for a in concept.alternatives if contains(keyed, a.term)), default=0.0)
    if best < 0.5 and (pieces := concept.pieces):
        best = max(best, 0.8 * sum(p in keyed for p in pieces) / len(pieces))
    return best


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
    if len(years) == 1 and len({s[0].scope.years for s in found.sides}) > 1:
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
