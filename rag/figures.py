"""The figures and dates of a sentence that could answer a question, and what each is said of."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from index.schema import Span, part_of
from index.segmenting import key
from rag.answer_spans import quantity_shape
from rag.asking import DATE, YEAR
from rag.quantities import Quantity, quantities
from rag.resolving import neighbour
from rag.retrieval import Found, Retrieval
from rag.scoping import basis_of, is_change, is_dated, is_part, is_planned, periods_in, periods_of
from rag.short_answers import fitting_shapes, short_answer_in
from rag.stated import Day, Value, days_of
from rag.tables import asked_cell, quantity_of

_WINDOW = 30  # characters before a figure that say what it is
_FEW = 4  # pairs of characters: a clause with fewer needs the one before
_YEAR = re.compile(rf"{YEAR.pattern}|([二一][零〇九][零〇一二三四五六七八九]{{2}})年")
_HAN_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})月|([上下]半年)|(?:前|头)(\d{1,2}|[一二三四五六七八九十]+)个?月|([一二三四])季度"
)
MODEL = re.compile(
    r"(?<![a-z0-9])(?=[a-z]*\d)(?=\d*[a-z])[a-z]{1,6}-?\d{1,5}[a-z]{0,3}(?![a-z0-9])"
)
_CLAUSE = re.compile(r"[;；。!！?？]|,(?!\d)|(?<!\d),")  # no comma of 1,250
_STOP = re.compile(r"[;；。]")
_ENUMERATES = re.compile("、")
_SAYS = re.compile(
    r"(?:(?![约近超逾达共计有为是的了在到及和与已则又仅只年月日])[㐀-鿿]){2}|[a-z]{3}"
)  # more than that there is so much
_AFTER = 14  # characters behind a figure that say what it is: 17人受伤
_EMPTY = re.compile(
    r"\d{1,4}\s?[年月日号季](?:[底末初度])?|[\d.,%]+|[约近超逾达共计有为是的了在到及和与已全]|大约|左右|超过|达到|合计|一共|总计|其中"
)
_WORD = re.compile(r"[a-z]{3,}")
_STOP_WORDS = frozenset(
    ("the", "and", "for", "from", "with", "that", "this", "was", "were", "are", "its", "has",
     "had", "about", "over")
)  # fmt: skip
_MOMENT = re.compile(r"(?:(?:19|20)\d\d年)?\d{1,2}月(?:\d{1,2}[日号]|底|初|中旬|上旬|下旬)?")
# 2025 年, 14时, 3号机组: no counts.
_NO_FIGURE = re.compile(
    r"(?:19|20)\d\d 年|\d{1,2}时(?!间)|[\d一二三四五六七八九十]+号[㐀-鿿]|[二三]套住?房"
)
_BESIDE = re.compile(r"[比较](?:19|20)\d\d年")
_AS_OF = re.compile(r"(?:截至|截止到?|到|as of )\s?$")
_NUMBER = re.compile(r"\d")
_BRACKETS = re.compile(r"[(（][^()（）]*[)）]")
_ORDINAL = re.compile(r"第?[\d一二三四五六七八九十]{1,3}[届次期批轮]")
_WHEN = re.compile(
    r"什么时[候间]|啥时|何时|几时|哪一?[年天日]|哪一?个?月|几月|几号|日期|\bwhen\b|"
    r"(?:what|which) (?:year|date|day|month)"
)
_IN_WHICH_YEAR = re.compile(r"哪一?年|(?:what|which) year")
_IN_WHICH_MONTH = re.compile(r"哪一?个?月|几月(?!几)|(?:what|which) month")
_HOW_LONG = re.compile(r"how (?:tall|high|deep|wide)\b|多[高深宽](?![㐀-鿿]?[间久])")
_CHANGE = re.compile(
    r"[涨跌增降升减]了?(?:长|加|幅|速|少|低)?了?(?:多少|几)|how much .*(?:rise|fall|grow)"
)
PLACES = (
    "中国", "美国", "英国", "法国", "德国", "日本", "韩国", "印度", "俄罗斯", "加拿大",
    "澳大利亚", "意大利", "西班牙", "荷兰", "巴西", "阿根廷", "智利", "墨西哥", "越南", "泰国",
    "缅甸", "马来西亚", "新加坡", "印尼", "菲律宾", "欧盟", "欧洲", "非洲", "亚洲", "全球",
    "全国", "境外", "海外", "北京", "上海", "天津", "重庆", "香港", "台湾", "广东",
    "江苏", "浙江", "山东", "河南", "四川", "湖北", "湖南", "河北", "安徽", "福建",
    "江西", "陕西", "山西", "辽宁", "吉林", "黑龙江", "云南", "贵州", "广西", "海南",
    "甘肃", "青海", "宁夏", "新疆", "西藏", "内蒙古",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """What a figure is of: years and months that govern it (none where none is said), and where."""

    clause: str  # key of the clause that it stands in
    years: frozenset[str]
    months: frozenset[str]
    models: frozenset[str]
    places: frozenset[str]
    ordinals: frozenset[str] = frozenset()  # 第三批: which of several
    periods: frozenset[str] = frozenset()  # 上半年, 6月, 国庆
    own: str = ""  # what is said of this figure alone
    before: str = ""  # what its sentence says before it, from the figure or semicolon before
    planned: bool = False

    @property
    def in_part(self) -> bool:
        return is_part(self.clause)

    @property
    def is_change(self) -> bool:
        return is_change(self.clause)


@dataclass(frozen=True)
class Figure:
    """A figure, a date or a name of a sentence, and what it is said of."""

    place: int  # in Retrieval.sentences
    spans: tuple[Span, ...]  # its own characters
    value: Value
    about: str  # what stands right before and after it, a key: its attribute
    find_scope: Callable[[], Scope] = field(compare=False, repr=False)

    @cached_property
    def scope(self) -> Scope:
        """Looked for where two figures differ: most agree."""
        return self.find_scope()


def figures_of(retrieval: Retrieval, place: int) -> list[Figure]:
    """In order; those of another kind than is asked for, and the question's own, left out."""
    found = retrieval.sentences[place]
    if found.candidate.kind in ("heading", "caption", "table_header", "reference"):
        return []
    if retrieval.asked.type == DATE and asks_when(retrieval.question.key):
        return _days(retrieval, place)
    if found.candidate.kind == "table_row":
        return _cell_figure(retrieval, place)
    keyed = found.candidate.key
    fitting = fitting_shapes(retrieval.asked)
    if retrieval.asked.type == DATE:  # 判了几年
        fitting = frozenset(("duration",))
    if retrieval.asked.unit is None and _CHANGE.search(retrieval.question.key):
        fitting &= {"share", "points", "times"}
    if _HOW_LONG.search(retrieval.question.key):
        fitting &= {"measure", "bare"}
    if retrieval.asked.counts and retrieval.asked.unit is None:  # 多少个: no 7.9吉瓦
        fitting &= {"count", "bare"}
    return [
        figure_at(retrieval, place, quantity, _before(keyed, quantity.start, quantity.end))
        for quantity in _quantities(keyed)
        if quantity_shape(quantity) in fitting and not _in_question(keyed, quantity, retrieval)
    ]


def asks_when(question_key: str) -> bool:
    """Whether a date is asked for: not how long, nor at what hour."""
    return _WHEN.search(question_key) is not None


def _days(retrieval: Retrieval, place: int) -> list[Figure]:
    """The date that is likeliest what is asked for, if the sentence has one."""
    found = retrieval.sentences[place]
    if found.candidate.kind in ("table_row", "front_matter"):
        return []
    keyed, question = found.candidate.key, retrieval.question.key
    year = _IN_WHICH_YEAR.search(question)
    finest = "year" if year else "month" if _IN_WHICH_MONTH.search(question) else "day"
    days = days_of(keyed, (), finest)
    if days and not all(d.moment.year for d in days):
        days = days_of(keyed, years_in(context_of(retrieval, found)), finest)
    if not days:
        return []
    best = short_answer_in(keyed, retrieval.asked, question, retrieval.concepts)
    asked = {int(y) for y in retrieval.asked.years}
    return [
        figure_at(retrieval, place, day, around(keyed, day.start, day.end))
        for day in days
        if best is not None
        and best.start < day.end
        and day.start < best.end
        and not (asked and day.moment.year and day.moment.year not in asked)
    ]


def _in_question(keyed: str, quantity: Quantity, retrieval: Retrieval) -> bool:
    return keyed[quantity.start : quantity.end] in retrieval.question.key


def figure_at(retrieval: Retrieval, place: int, value: Value, about: str) -> Figure:
    """What a sentence states at [value.start, value.end) of its key."""
    found, at = retrieval.sentences[place], value.start
    keyed = found.candidate.key

    def scope() -> Scope:
        start, end = _clause(keyed, at)
        clause = keyed[start:end]
        # A date is no year of its own, a name no place of its own.
        own = clause if isinstance(value, Quantity) else about
        dated = _without_events(keyed, at, start)
        years = _governing(_YEAR, dated, at) or years_in(context_of(retrieval, found))
        return Scope(
            clause,
            frozenset() if isinstance(value, Day) else years,
            frozenset() if isinstance(value, Day) else _governing(_MONTH, dated, at),
            frozenset(MODEL.findall(keyed)),
            frozenset(p for p in PLACES if p in own),
            frozenset(_ORDINAL.findall(keyed if isinstance(value, Quantity) else about)),
            periods_of(keyed, at, start) if isinstance(value, Quantity) else frozenset(),
            own := own_words(keyed, at, value.end),
            wide := _since_last(keyed, at),
            is_planned(wide, own),
        )

    spans = part_of(found.sentence.spans, value.start, value.end)
    return Figure(place, spans, value, about, scope)


def _without_events(keyed: str, at: int, start: int) -> str:
    """The key without dates that are not the figure's: those of what happened in clauses before
    («2025年2月，工程开工，涉及21公里»), and of what is compared with (比2024年). As long as before.
    """
    out = keyed
    for match in _MOMENT.finditer(keyed, 0, start):
        clause = _clause(keyed, match.start())
        if not is_dated(keyed, *clause) and not _AS_OF.search(keyed[: match.start()]):
            out = _blank(out, *match.span())
    for match in _BESIDE.finditer(keyed, 0, at):
        out = _blank(out, *match.span())
    return out


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + "_" * (end - start) + text[end:]


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

    def scope() -> Scope:
        return Scope(
            label,
            years_in(label) or years_in(row) or years_in(found.candidate.headings),
            frozenset(m.group() for m in _MONTH.finditer(label)),
            frozenset(MODEL.findall(row)),
            frozenset(p for p in PLACES if p in row),
            periods=periods_in(label),
            own=label,
        )

    text = found.document.text
    cells = found.document.blocks[found.sentence.block].cells
    named = [key(text[c.start : c.end]) for c in cells]
    question = retrieval.question.key
    names = [name for name in named if name and name in question and not _NUMBER.search(name)]
    about = "，".join([_BRACKETS.sub("", label), *names])
    return [Figure(place, (cell.span,), quantity, about, scope)]


def _since_last(keyed: str, at: int) -> str:
    """A sentence from the last figure before `at`, or the last semicolon, on."""
    start = max((m.end() for m in _STOP.finditer(keyed, 0, at)), default=0)
    ends = [q.end for q in _quantities(keyed) if start <= q.start and q.end <= at]
    return keyed[max([start, *ends]) : at]


def _quantities(keyed: str) -> list[Quantity]:
    return [q for q in quantities(keyed) if not _NO_FIGURE.match(keyed, q.start)]


def own_words(keyed: str, at: int, end: int) -> str:
    """What is said of the figure at [at, end) alone: no more of a clause than up to other figures.

    «3人死亡、17人受伤» says 受伤 of 17. Where nothing stands between two figures (5,917亿块、
    4,243亿美元), they share what stands before the first.
    """
    start, stop = _clause(keyed, at)
    left = max([start, *(m.end() for m in _ENUMERATES.finditer(keyed, start, at))])
    others = [q for q in _quantities(keyed) if q.end <= at or q.start >= end]
    left = max([left, *(q.end for q in others if start <= q.start and q.end <= at)])
    right = min([stop, end + _AFTER, *(q.start for q in others if q.start >= end)])
    after = keyed[end:right]
    if left > start and not _SAYS.search(keyed[left:at]) and not _SAYS.search(after):
        left = start
    if not _SAYS.search(keyed[left:at] + " " + after) and start > 1:
        left = _clause(keyed, start - 1)[0]
    return f"{keyed[left:at]} {after}"


def counted_by(keyed: str, value: Value) -> str:
    """How a figure was counted, as its sentence says between the figures beside it; "" if not."""
    others = [q for q in _quantities(keyed) if q.end <= value.start or q.start >= value.end]
    start = max((q.end for q in others if q.end <= value.start), default=0)
    until = min((q.start for q in others if q.start >= value.end), default=len(keyed))
    if stop := _STOP.search(keyed, value.end, until):
        until = stop.start()
    return basis_of(keyed, start, value.end, until)


def _before(keyed: str, at: int, end: int) -> str:
    """The clause up to a figure; where that says little, what follows, else the clause before."""
    start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, at)), default=0)
    if len(tokens(keyed[start:at])) >= _FEW:
        return keyed[max(start, at - _WINDOW) : at]
    stop = _clause(keyed, at)[1]
    after = keyed[end : min(stop, end + _WINDOW)]
    if len(tokens(after)) >= _FEW and not _NUMBER.search(after):
        return f"{keyed[start:at]} {after}"
    start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, max(0, start - 1))), default=0)
    return keyed[max(start, at - _WINDOW) : at]


def around(keyed: str, at: int, end: int) -> str:
    """The clause of a date or a name without it; the next one or the one before, where it is short.

    3月1日，大桥通车: what happened stands in the next clause.
    """
    start, stop = _clause(keyed, at)
    text = f"{keyed[start:at]} {keyed[end:stop]}"
    if len(tokens(text)) < _FEW and stop < len(keyed):
        text += keyed[stop : _clause(keyed, min(stop + 1, len(keyed)))[1]]
    if len(tokens(text)) < _FEW and start > 1:
        text = keyed[_clause(keyed, start - 1)[0] : start] + text
    return text


def tokens(keyed: str) -> frozenset[str]:
    """Pairs of Chinese characters and Latin words, words of degree and figures left out."""
    plain = _EMPTY.sub(" ", keyed)
    han = {
        plain[i : i + 2]
        for i in range(len(plain) - 1)
        if "\u3400" <= plain[i] <= "\u9fff" and "\u3400" <= plain[i + 1] <= "\u9fff"
    }
    return frozenset(han | {w for w in _WORD.findall(plain) if w not in _STOP_WORDS})


def _clause(keyed: str, at: int) -> tuple[int, int]:
    """[start, end) of the clause around `at`."""
    start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, at)), default=0)
    end = _CLAUSE.search(keyed, at)
    return start, end.start() if end else len(keyed)


def years_in(keyed: str) -> frozenset[str]:
    return frozenset(a or b.translate(_HAN_DIGITS) for a, b in _YEAR.findall(keyed))


def _governing(pattern: re.Pattern[str], keyed: str, at: int) -> frozenset[str]:
    """The last mention before a figure, which is what it is of; none where there is none."""
    last = None
    for match in pattern.finditer(keyed, 0, at):
        last = match
    if last is None:
        return frozenset()
    return years_in(last.group()) or frozenset((last.group(),))


def context_of(retrieval: Retrieval, found: Found) -> str:
    """What a sentence may take over: headings, title and the two sentences before."""
    before = [neighbour(found, retrieval, -n) for n in (1, 2)]
    lines = [found.candidate.headings, *(b.candidate.key for b in before if b is not None)]
    return "\n".join(lines)
