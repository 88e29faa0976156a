"""What a figure is of, beside year, place and model: a period, a plan, a part, a way of counting.

Two figures that differ in one of these are of two things. Where the sides have different words of
one kind (首套 and 二套, 职工 and 居民) and the question has none, these words name the scopes.
Everything here reads matching keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from rag.surroundings import COMMA, STOP, clause_at, stated_quantities

# Words of one kind: a figure that has one of them is not of the others.
_KINDS: tuple[tuple[str, ...], ...] = (
    ("城镇", "农村|乡村", "城乡居民"),
    ("职工", "居民"),
    ("户籍", "常住|permanent", "流动|外来"),
    ("首套", "二套|第二套"),
    ("新购", "置换|换购", "报废"),
    ("实物量?", "折[^,，。;；的]{1,6}"),
    ("编制", "开放|实有"),
    ("含税", "不含税|税前|税后"),
    ("批发", "零售"),
    ("线上|网上", "线下"),
    ("公办", "民办"),
    ("男", "女"),
    ("旺季", "淡季"),
)
# Words of one kind that no question leaves open: they make two attributes.
_OPPOSITES: tuple[tuple[str, ...], ...] = (
    ("名义", "扣除价格|实际增"),
    ("进口|import", "出口|export"),
    ("毛利", "净利"),
    ("产量|output", "销量|sales", "产值", "产能"),
    ("最高|上限|highest", "最低|下限|lowest", "平均|均价|average"),
    ("发电量", "上网电量", "用电量"),
    ("收入|revenue", "支出|spending", "利润|profit"),
)
_COMPILED = tuple(tuple(re.compile(word) for word in kind) for kind in (*_KINDS, *_OPPOSITES))
# Said of one figure and not of the other, they make it another one.
_MARKS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"海外|境外|国外|overseas|abroad",
        r"新增|新建|新签(?!订单总)|净增|当年|当月|本月|单月|单日|当日",
        r"每|人均|户均|亩均|单位|平均|\b(?:per|each|average|every)\b",
        r"环比|上月|上季|quarter[- ]on[- ]quarter|month[- ]on[- ]month",
    )
)
_PARTS = re.compile(
    r"其中|来自|只计|仅计|不算|只算|如果|若|包括|分别|另有|另外|扣除|剔除|不含|不包括"
)
_CHANGES = re.compile(
    r"[增下][长降滑跌]|增加|减少|提高|上升|上涨|涨幅|跌幅|降幅|增幅|增速|[涨跌降升](?:了|幅|到|至|价)|跌去|"
    r"回落|\b(?:rose|fell|grew|rise|fall|growth|increase|decrease)"
)
_PLANNED = re.compile(
    r"计划|规划|拟建|拟投|目标|力争|争取|预算|概算|原定|有望|预计|预期|原设计|"
    r"(?:设计|核准|核定|批复|备案)[^,，。;；\d]{0,6}(?:产能|能力|规模|容量|产量|气量|容纳|[床泊车座]位)|"
    r"提出|要求|确定的|部署|\b(?:plan(?:s|ned)?|target|expected|budget(?:ed)?|forecast|will)\b"
)
_MONTH = re.compile(r"\d{1,2}月")
_DONE = re.compile(r"实际|完成|已经?|建成(?!后)|决算|\b(?:actual|actually|completed)\b")
# Said of what there is, beside what was meant or allowed: 编制床位2,000张，实际开放1,620张.
_THERE = re.compile(
    r"实际|实有|现有|现存|在[运用产册岗营]|已经|已?(?:建成(?!后)|投[产运用]|投入(?:运行|使用|生产|运营))|并网|开[放机工]|运[行营]|营业|有效|形成|"
    r"\b(?:actual(?:ly)?|existing|operating)\b"
)
_REVISED = re.compile(r"修订|订正|更正|修正为|勘误|可比口径|最终核实|\brevised\b|\bcorrected\b")
_BASES = (
    re.compile(r"按[^,，。;；、]{1,14}?(?:计算|统计|口径|折算|估算|计(?!划))"),
    re.compile(
        r"(?:不含|不计|不包括|扣除|剔除|未扣除|只计|仅计)[^,，。;；()（）]{2,14}?(?=之?[后外]|的|[,，。;；()（）]|$)"
    ),
    re.compile(r"(?:净额|抽样|自行估算|初步核算)"),
)
_BRACKET = re.compile(r"\s?[(（]([^()（）\d]{2,12})[)）]")
_PERIOD = re.compile(
    r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})(?:月份?)?\s?(?:[-–—~至到]\s?\d{1,2})\s?月(?!\s?\d{1,2}\s?[日号])|"
    r"(?:前|头)(?:\d{1,2}|[一二三四五六七八九十两]{1,2})个?(?:月|季度)|(?:第?[一二三四1-4])季度|[上下]半年|"
    r"(?<![\d个])\d{1,2}月(?:份|底|末|初|上旬|中旬|下旬)?(?!\s?\d{1,2}\s?[日号])|"
    r"(?:五一|国庆|春节|中秋|端午|清明|元旦|暑期|寒假)(?!档)|\bq[1-4]\b|\b(?:first|second) half\b"
)
_DATED = re.compile(
    r"[\s\d年月日号底末初份度至到\-–—全今去本截止第一二三四季上下半前后个(),，在于到了,]+"
)
_NOT = re.compile(r"非([㐀-鿿]{2})")
_SERIAL = re.compile(
    r"([一二三四五六七八九十百甲乙丙丁东西南北\d]+)(期|线|套|标段|号(?:机组?|线|楼|井|炉)?|类|楼|批|届|轮|次(?=会|大会))"
)


def periods_of(keyed: str, at: int, start: int) -> frozenset[str]:
    """Months, quarters, half years and holidays that a figure at `at` is of.

    Those of its clause, which begins at `start`, or of one before it that says nothing else:
    «2025年2月，工程开工，涉及21公里» dates an event, no length. A day dates something, too.
    """
    clause_start = start
    while True:
        found = [_month(m.group()) for m in _PERIOD.finditer(keyed, clause_start, at)]
        if found or clause_start <= 1:
            return frozenset(found[-1:])
        end = clause_start - 1
        before = clause_at(keyed, end)[0]
        if not is_dated(keyed, before, end):
            return frozenset()
        clause_start = before


def is_dated(keyed: str, start: int, end: int) -> bool:
    """Whether a clause is a date and nothing else."""
    return _DATED.fullmatch(keyed, start, end) is not None


def _month(period: str) -> str:
    """6月份 and 6月 are one."""
    return re.sub(r"\s|份|第", "", period)


def periods_in(keyed: str) -> frozenset[str]:
    """All of them that a text names."""
    return frozenset(_month(m.group()) for m in _PERIOD.finditer(keyed))


def is_part(clause: str) -> bool:
    """Whether a clause gives a part of something: 其中."""
    return _PARTS.search(clause) is not None


def is_change(clause: str) -> bool:
    """Whether a clause gives by how much something rose or fell."""
    return _CHANGES.search(clause) is not None


def is_planned(before: str, own: str) -> bool:
    """Whether a figure is a plan: it says so itself, or what stands before it in its sentence."""
    if _DONE.search(own):
        return False
    if _PLANNED.search(own):
        return True
    # 原计划10月开工，全长18公里: the day is planned.
    clauses = re.split(COMMA, before)
    return any(_PLANNED.search(c) and not _MONTH.search(c) for c in clauses)


def is_there(own: str) -> bool:
    """Whether a figure is said to be what there is: 实际, 在运, 已投产."""
    return _THERE.search(own) is not None


def without_standing(own: str) -> str:
    """What is said of a figure without that it is there: 月产能, of 实际月产能."""
    return _THERE.sub(" ", own)


def is_other(one: str, other: str) -> bool:
    """Whether one figure is a part or a mean as the other is not, or its opposite."""
    if any(_differ(n, one, other) for n in range(len(_KINDS), len(_COMPILED))):
        return True
    return any(bool(mark.search(one)) != bool(mark.search(other)) for mark in _MARKS)


def contrast(question: str, one: str, other: str) -> tuple[str, str] | None:
    """Words of one kind by which the two differ: ("首套", "二套"); None where there are none."""
    for n in range(len(_KINDS)):
        if _differ(n, one, other):
            ours, theirs = (next(iter(_words(text)[n].values())) for text in (one, other))
            return ours, theirs
    return _negated(one, other) or _serial(question, one, other)


def is_against(question: str, text: str) -> bool:
    """Whether the question names another of a kind than the figure has: 农村, of 城镇."""
    if any(_differ(n, question, text) for n in range(len(_COMPILED))):
        return True
    return _negated(question, text) is not None or is_of_other(question, text)


def is_of_other(question: str, text: str) -> bool:
    """Whether a text names another of several than the question: 4号机组, 第十三届."""
    asked = {m[2]: m.group() for m in _SERIAL.finditer(question)}
    return any(m[2] in asked and asked[m[2]] not in text for m in _SERIAL.finditer(text))


def _negated(one: str, other: str) -> tuple[str, str] | None:
    """非居民 and 居民: a word that is denied in one text, and not in the other."""
    for text, beside, turned in ((one, other, False), (other, one, True)):
        for word in _NOT.findall(text):
            if word in beside and f"非{word}" not in beside:
                return (word, f"非{word}") if turned else (f"非{word}", word)
    return None


def _differ(n: int, one: str, other: str) -> bool:
    """Whether two texts have different words of the nth kind."""
    ours, theirs = _words(one)[n], _words(other)[n]
    return bool(ours and theirs and not ours.keys() & theirs.keys())


@lru_cache(maxsize=1024)  # a figure is held against many
def _words(text: str) -> tuple[Mapping[int, str], ...]:
    """Of each kind, which of it stand in a text, and how they are written there."""
    return tuple(
        {n: m.group() for n, word in enumerate(kind) if (m := word.search(text))}
        for kind in _COMPILED
    )


def _serial(question: str, one: str, other: str) -> tuple[str, str] | None:
    """一期 and 二期, 3号机组 and 4号机组: which of several, where the question does not say."""
    ours = {m[2]: m.group() for m in _SERIAL.finditer(one)}
    theirs = {m[2]: m.group() for m in _SERIAL.finditer(other)}
    for noun in ours:
        if noun in theirs and ours[noun] != theirs[noun] and ours[noun] not in question:
            return ours[noun], theirs[noun]
    return None


def is_revised(keyed: str) -> bool:
    """Whether a sentence says itself that it gives another figure than was given before."""
    return _REVISED.search(keyed) is not None


def counted_by(keyed: str, start: int, end: int) -> str:
    """How its sentence says that the figure at [start, end) was counted; "" where it does not.

    实物量 in brackets after it, 按折氧化物计算, 扣除国货复进口, between the figures beside it.
    """
    if bracket := _BRACKET.match(keyed, end):
        return bracket[1]
    others = stated_quantities(keyed)
    after = max((q.end for q in others if q.end <= start), default=0)
    until = min((q.start for q in others if q.start >= end), default=len(keyed))
    if stop := STOP.search(keyed, end, until):
        until = stop.start()
    found = (pattern.search(keyed, after, until) for pattern in _BASES)
    return next((match.group() for match in found if match is not None), "")
