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
from rag.quantities import Quantity
from rag.resolving import carried_over
from rag.retrieval import Retrieval
from rag.scoping import is_change, is_dated, is_part, is_planned, periods_in, periods_of
from rag.short_answers import fitting_shapes, likeliest
from rag.stated import Day, Value, days_of
from rag.surroundings import (
    around,
    attribute_of,
    clause_at,
    own_words,
    since_last,
    stated_quantities,
)
from rag.tables import asked_cell, cells_of, quantity_of

# A sentence with more is a list, or a table without its lines: none of them is what it says. Each
# is held against each of other sentences, so they would cost minutes, too.
_MOST_FIGURES = 20
_YEAR = re.compile(rf"{YEAR.pattern}|([二一][零〇九][零〇一二三四五六七八九]{{2}})年")
_HAN_DIGITS = str.maketrans("零〇一二三四五六七八九", "00123456789")
_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})月|([上下]半年)|(?:前|头)(\d{1,2}|[一二三四五六七八九十]+)个?月|([一二三四])季度|(?<![上去前百比较])年[末底](?!蕴)"
)
MODEL = re.compile(
    r"(?<![a-z0-9])(?=[a-z]*\d)(?=\d*[a-z])[a-z]{1,6}-?\d{1,5}[a-z]{0,3}(?![a-z0-9])"
)
_MOMENT = re.compile(r"(?:(?:19|20)\d\d年)?\d{1,2}月(?:\d{1,2}[日号]|底|初|中旬|上旬|下旬)?")
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
STATES_NOTHING = frozenset(("heading", "caption", "table_header", "reference"))  # kinds of blocks
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
    """In order; those of another kind than is asked for, and the question's own, left out.

    [] for a sentence of very many.
    """
    found = retrieval.sentences[place]
    if found.candidate.kind in STATES_NOTHING:
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
    stated = [
        quantity
        for quantity in stated_quantities(keyed)
        if quantity_shape(quantity) in fitting and not _in_question(keyed, quantity, retrieval)
    ]
    if len(stated) > _MOST_FIGURES:
        return []
    return [figure_at(retrieval, place, q, attribute_of(keyed, q.start, q.end)) for q in stated]


def asks_when(question_key: str) -> bool:
    """Whether a date is asked for: not how long, nor at what hour."""
    return _WHEN.search(question_key) is not None


def finest_of(question_key: str) -> str:
    """What a question after a date wants told at the finest: year, month or day."""
    if _IN_WHICH_YEAR.search(question_key):
        return "year"
    return "month" if _IN_WHICH_MONTH.search(question_key) else "day"


def _days(retrieval: Retrieval, place: int) -> list[Figure]:
    """The date that is likeliest what is asked for, if the sentence has one."""
    found = retrieval.sentences[place]
    if found.candidate.kind in ("table_row", "front_matter"):
        return []
    keyed, question = found.candidate.key, retrieval.question.key
    finest = finest_of(question)
    days = days_of(keyed, (), finest)
    if days and not all(d.moment.year for d in days):
        days = days_of(keyed, years_in(carried_over(found, retrieval)), finest)
    if not days:
        return []
    best = likeliest(retrieval, place)
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
        start, end = clause_at(keyed, at)
        clause = keyed[start:end]
        # A date is no year of its own, a name no place of its own.
        own = clause if isinstance(value, Quantity) else about
        dated = _without_events(keyed, at, start)
        years = _governing(_YEAR, dated, at) or years_in(carried_over(found, retrieval))
        return Scope(
            clause,
            frozenset() if isinstance(value, Day) else years,
            frozenset() if isinstance(value, Day) else _governing(_MONTH, dated, at),
            frozenset(MODEL.findall(keyed)),
            frozenset(p for p in PLACES if p in own),
            frozenset(_ORDINAL.findall(keyed if isinstance(value, Quantity) else about)),
            periods_of(keyed, at, start) if isinstance(value, Quantity) else frozenset(),
            own := own_words(keyed, at, value.end),
            wide := since_last(keyed, at),
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
        clause = clause_at(keyed, match.start())
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
            frozenset(_month(m.group()) for m in _MONTH.finditer(label)),
            frozenset(MODEL.findall(row)),
            frozenset(p for p in PLACES if p in row),
            periods=periods_in(label),
            own=label,
        )

    named = cells_of(found.document, found.document.blocks[found.sentence.block])
    question = retrieval.question.key
    names = [name for name in named if name and name in question and not _NUMBER.search(name)]
    about = "，".join([_BRACKETS.sub("", label), *names])
    return [Figure(place, (cell.span,), quantity, about, scope)]


def years_in(keyed: str) -> frozenset[str]:
    return frozenset(a or b.translate(_HAN_DIGITS) for a, b in _YEAR.findall(keyed))


def _governing(pattern: re.Pattern[str], keyed: str, at: int) -> frozenset[str]:
    """The last mention before a figure, which is what it is of; none where there is none."""
    last = None
    for match in pattern.finditer(keyed, 0, at):
        last = match
    if last is None:
        return frozenset()
    return years_in(last.group()) or frozenset((_month(last.group()),))


def _month(said: str) -> str:
    """年末 and 12月 are one."""
    return "12月" if said in ("年末", "年底") else said
