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

from index.schema import Span, part_of
from index.segmenting import key
from rag.answer_spans import quantity_shape
from rag.asking import MONEY, NUMBER, PERCENT
from rag.quantities import Quantity, quantities
from rag.ranking import Scores, order
from rag.reading import Draft
from rag.resolving import neighbour
from rag.retrieval import Found, Retrieval
from rag.schema import Citation, Conflict, Side
from rag.short_answers import fitting_shapes
from rag.tables import asked_cell, quantity_of
from rag.terms import Concept, contains

_READ = 40  # sentences, best first
_GAP = 9.0  # how far below the best a side may stand
_LEADS, _LEAD_GAP = 4, 3.0  # one of the sides is among the first
_ALIKE = 0.5  # share of common words from which figures are said of one attribute
_ALIKE_SCOPED = 0.05
_FEWEST_SHARED = 2  # words that both sides and the question share
_LARGEST_RATIO = 3.0  # beyond it two figures are hardly of one thing
_WINDOW = 30  # characters before a figure that say what it is
_FEW = 3  # words: a clause with fewer needs the one before
_TELLING = 0.45  # rarity from which a concept has to be shared by both sides
_COUNTED = (NUMBER, PERCENT, MONEY)
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)|([二一][零〇九][零〇一二三四五六七八九]{2})年")
_HAN_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_WHEN = re.compile(r"\d|年|月|季|今|去|现在|目前")
_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})月|([上下]半年)|(?:前|头)(\d{1,2}|[一二三四五六七八九十]+)个?月|([一二三四])季度"
)
_MODEL = re.compile(
    r"(?<![a-z0-9])(?=[a-z]*\d)(?=\d*[a-z])[a-z]{1,6}-?\d{1,5}[a-z]{0,3}(?![a-z0-9])"
)
_CLAUSE = re.compile(r"[,，;；。!！?？]")
_EMPTY = re.compile(
    r"[\d.,%]+|[约近超逾达共计有为是的了在到及和与已全]|大约|左右|超过|达到|合计|一共|总计|其中"
)
_WORD = re.compile(r"[a-z]{3,}")
_STOP_WORDS = frozenset(
    ("the", "and", "for", "from", "with", "that", "this", "was", "were", "are", "its", "has",
     "had", "about", "over")
)  # fmt: skip
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_WHOLE = frozenset(("全国", "中国", "全球"))  # said or left out, they mean the same
_CHANGE = re.compile(
    r"[涨跌增降升减]了?(?:长|加|幅|速|少|低)?了?(?:多少|几)|how much .*(?:rise|fall|grow)"
)
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
_PLACES = (
    "中国", "美国", "英国", "法国", "德国", "日本", "韩国", "印度", "俄罗斯", "加拿大",
    "澳大利亚", "意大利", "西班牙", "荷兰", "巴西", "阿根廷", "智利", "墨西哥", "越南", "泰国",
    "缅甸", "马来西亚", "新加坡", "印尼", "菲律宾", "欧盟", "欧洲", "非洲", "亚洲", "全球",
    "全国", "境外", "海外", "北京", "上海", "天津", "重庆", "香港", "台湾", "广东",
    "江苏", "浙江", "山东", "河南", "四川", "湖北", "湖南", "河北", "安徽", "福建",
    "江西", "陕西", "山西", "辽宁", "吉林", "黑龙江", "云南", "贵州", "广西", "海南",
    "甘肃", "青海", "宁夏", "新疆", "西藏", "内蒙古",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a sentence, and what it is said of."""

    place: int  # in Retrieval.sentences
    spans: tuple[Span, ...]  # the figure's own characters
    quantity: Quantity
    about: frozenset[str]  # character pairs and words right before and after it: its attribute
    clause: str  # key of the clause that it stands in
    years: frozenset[str]  # that govern it; none where none is said
    months: frozenset[str]
    models: frozenset[str]
    places: frozenset[str]


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
    asked = _asked_tokens(retrieval)
    figures = {i: _figures(retrieval, i) for i in places}
    best: tuple[float, Figure, Figure, str] | None = None
    for i in leads:
        for lead, other in _pairs_of(figures, i):
            if lead.quantity.agrees(other.quantity):
                continue
            alike = _alike(lead, other, asked)
            if best is not None and alike <= best[0]:
                continue
            kind = _compared(retrieval, lead, other, alike)
            if kind is not None:
                best = (alike, lead, other, kind)
    if best is None:
        return None
    _, lead, other, kind = best
    sides = [[lead], [other]]
    for figure in (f for found in figures.values() for f in found):
        for side in sides:
            if figure.place not in (lead.place, other.place) and _same_side(side[0], figure, asked):
                side.append(figure)
                break
    return Disagreement(tuple(tuple(side) for side in sides), kind == "scoped")


def _pairs_of(figures: Mapping[int, Sequence[Figure]], i: int) -> Iterator[tuple[Figure, Figure]]:
    for j, others in figures.items():
        for lead in figures[i]:
            for other in others:
                if j != i or other.quantity.start > lead.quantity.end:
                    yield lead, other


def _figures(retrieval: Retrieval, place: int) -> list[Figure]:
    """The figures of a sentence that could answer by their kind."""
    found = retrieval.sentences[place]
    if found.candidate.kind == "table_row":
        return _cell_figure(retrieval, place)
    if found.candidate.kind in ("heading", "caption", "table_header", "reference"):
        return []
    keyed = key(found.document.joined(found.sentence.spans))
    fitting = fitting_shapes(retrieval.asked)
    if retrieval.asked.unit is None and _CHANGE.search(retrieval.question.key):
        fitting &= {"share", "points", "times"}
    return [
        _figure(retrieval, place, keyed, quantity)
        for quantity in quantities(keyed)
        if quantity_shape(quantity) in fitting and not _in_question(keyed, quantity, retrieval)
    ]


def _in_question(keyed: str, quantity: Quantity, retrieval: Retrieval) -> bool:
    return keyed[quantity.start : quantity.end] in retrieval.question.key


def _figure(retrieval: Retrieval, place: int, keyed: str, quantity: Quantity) -> Figure:
    found = retrieval.sentences[place]
    clause = _clause(keyed, quantity.start)
    before = _before(keyed, quantity.start)
    return Figure(
        place,
        part_of(found.sentence.spans, quantity.start, quantity.end),
        quantity,
        _tokens(before),
        clause,
        _governing(_YEAR, keyed, quantity.start) or _years(_context(retrieval, found)),
        _governing(_MONTH, keyed, quantity.start),
        frozenset(_MODEL.findall(keyed)),
        frozenset(p for p in _PLACES if p in clause),
    )


def _cell_figure(retrieval: Retrieval, place: int) -> list[Figure]:
    found = retrieval.sentences[place]
    cell = asked_cell(found, retrieval)
    if cell is None:
        return []
    quantity = quantity_of(found.document.text[cell.span.start : cell.span.end], cell.unit_text)
    if quantity is None:
        return []
    row = key(found.document.joined(found.sentence.spans))
    label = f"{key(cell.label)}，{key(cell.header)}"
    years = _years(label) or _years(row) or _years(found.candidate.headings)
    months = frozenset(m.group() for m in _MONTH.finditer(label))
    models = frozenset(_MODEL.findall(row))
    places = frozenset(p for p in _PLACES if p in row)
    about = _tokens(_BRACKETS.sub("", label)) | _tokens(row)
    return [Figure(place, (cell.span,), quantity, about, label, years, months, models, places)]


def _before(keyed: str, at: int) -> str:
    """The clause up to a figure, and the one before it where that says little by itself."""
    start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, at)), default=0)
    if len(_tokens(keyed[start:at])) < _FEW:
        start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, max(0, start - 1))), default=0)
    return keyed[max(start, at - _WINDOW) : at]


def _tokens(keyed: str) -> frozenset[str]:
    """Pairs of Chinese characters and Latin words, words of degree and figures left out."""
    plain = _EMPTY.sub(" ", keyed)
    han = {
        plain[i : i + 2]
        for i in range(len(plain) - 1)
        if "\u3400" <= plain[i] <= "\u9fff" and "\u3400" <= plain[i + 1] <= "\u9fff"
    }
    return frozenset(han | {w for w in _WORD.findall(plain) if w not in _STOP_WORDS})


def _asked_tokens(retrieval: Retrieval) -> frozenset[str]:
    """What the question speaks of, in any of the words it may be said in."""
    words = [a.term for c in retrieval.concepts for a in c.alternatives]
    return frozenset(t for w in [retrieval.question.content, *words] for t in _tokens(w))


def _alike(a: Figure, b: Figure, asked: frozenset[str]) -> float:
    """How far two figures are said of one attribute, [0, 1]; 0 where it is not what is asked."""
    shared = a.about & b.about
    if len(shared & asked) < _FEWEST_SHARED:
        return 0.0
    return len(shared) / max(1, min(len(a.about), len(b.about)))


def _same_side(a: Figure, b: Figure, asked: frozenset[str]) -> bool:
    same = a.quantity.dimension == b.quantity.dimension and a.quantity.agrees(b.quantity)
    return same and _alike(a, b, asked) >= _ALIKE


def _clause(keyed: str, at: int) -> str:
    start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, at)), default=0)
    end = _CLAUSE.search(keyed, at)
    return keyed[start : end.start() if end else len(keyed)]


def _years(keyed: str) -> frozenset[str]:
    return frozenset(a or b.translate(_HAN_DIGITS) for a, b in _YEAR.findall(keyed))


def _governing(pattern: re.Pattern[str], keyed: str, at: int) -> frozenset[str]:
    """The last mention before a figure, which is what it is of; none where there is none."""
    last = None
    for match in pattern.finditer(keyed, 0, at):
        last = match
    if last is None:
        return frozenset()
    return _years(last.group()) or frozenset((last.group(),))


def _context(retrieval: Retrieval, found: Found) -> str:
    """What a sentence may take over: headings, title and the two sentences before."""
    before = [neighbour(found, retrieval, -n) for n in (1, 2)]
    lines = [found.candidate.headings, *(b.candidate.key for b in before if b is not None)]
    return "\n".join(lines)


def _compared(retrieval: Retrieval, lead: Figure, other: Figure, alike: float) -> str | None:
    """ "plain" for figures of one thing, "scoped" for those of several models, None for others."""
    if not _commensurable(lead.quantity, other.quantity):
        return None
    asked_years = retrieval.asked.years | _resolved_years(retrieval)
    if asked_years:
        if any(one.years and not one.years & asked_years for one in (lead, other)):
            return None
    elif lead.years and other.years and not lead.years & other.years:
        return None
    question = retrieval.question.key
    if lead.months != other.months and lead.months and other.months:
        return None
    named = frozenset(p for p in _PLACES if p in question) | _WHOLE
    if (lead.places - named) != (other.places - named):
        return None
    if lead.place == other.place:
        return "plain" if _set_against(retrieval, lead, other) else None
    one, two = (retrieval.sentences[f.place] for f in (lead, other))
    if not _says_as_much(retrieval, one, two):
        return None
    asked_models = frozenset(_MODEL.findall(question))
    ours, theirs = lead.models - asked_models, other.models - asked_models
    if not asked_models and ours - theirs and theirs - ours:
        return "scoped" if alike >= _ALIKE_SCOPED else None
    # Within a document, figures that differ are mostly of parts, stages or other years.
    if one.document is two.document or (ours and theirs and ours != theirs) or alike < _ALIKE:
        return None
    low, high = sorted((lead.quantity.low, other.quantity.low))
    if low <= 0 or high > _LARGEST_RATIO * low:
        return None
    return (
        None if bool(_PARTS.search(lead.clause)) != bool(_PARTS.search(other.clause)) else "plain"
    )


def _set_against(retrieval: Retrieval, lead: Figure, other: Figure) -> bool:
    """Whether one sentence gives two counts of one thing: 各省上报为71.3%，抽样则为63.8%."""
    found = retrieval.sentences[lead.place]
    keyed = key(found.document.joined(found.sentence.spans))
    between = keyed[lead.quantity.end : other.quantity.start]
    return bool(
        len(between) < _WINDOW
        and lead.quantity.dimension == other.quantity.dimension
        and _REPORTS.search(between)
        and _CONTRAST.search(between)
        and _REPORTS.search(keyed[: lead.quantity.start])
        and not _PARTS.search(other.clause)
        and lead.about & _asked_tokens(retrieval)
    )


def _resolved_years(retrieval: Retrieval) -> frozenset[str]:
    """Years that 去年 and the like mean."""
    forms = [form for _, _, forms in retrieval.question.spellings for form in forms]
    return frozenset(year for form in forms for year in _years(form))


def _commensurable(a: Quantity, b: Quantity) -> bool:
    if a.dimension and b.dimension:
        return a.dimension == b.dimension
    # A bare figure beside one with a unit: only where their sizes are alike.
    low, high = sorted((abs(a.high), abs(b.high)))
    return low > 100 and high / low < 2


def _says_as_much(retrieval: Retrieval, a: Found, b: Found) -> bool:
    """Whether each sentence says, with its headings, the telling things of the other.

    What stands in the two sentences before counts too, except for rows of tables.
    """
    for concept in retrieval.concepts:
        if _WHEN.search(concept.term) or concept.rarity < _TELLING:
            continue
        told = [
            _said(concept, f"{one.candidate.key}\n{one.candidate.headings}") >= 0.5
            or (
                one.candidate.kind != "table_row"
                and _said(concept, _context(retrieval, one)) >= 0.5
            )
            for one in (a, b)
        ]
        if told[0] != told[1]:
            return False
    return True


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
        others = frozenset(m for s in found.sides if s is not side for f in s[:1] for m in f.models)
        if own := sorted(figure.models - others):
            return "、".join(m.upper() for m in own)
    parts = []
    if len(figure.years) == 1 and len({s[0].years for s in found.sides}) > 1:
        parts.append("、".join(sorted(figure.years)))
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
