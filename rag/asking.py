"""What kind of answer a question asks for, and what in a sentence would look like one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.heads import kind_of

NUMBER, PERCENT, MONEY, DATE = "number", "percent", "money", "date"
PERSON, PLACE, LIST, REASON = "person", "place", "list", "reason"
MANNER, YESNO, NAME, OTHER = "manner", "yesno", "name", "other"
ORGANISATION, TITLE, DEFINITION = "organisation", "title", "definition"
COMPARISON, SOURCE = "comparison", "source"

# Tried in order: the first that is found names the kind.
_KINDS: tuple[tuple[str, str], ...] = (
    (PERCENT, r"百分之[多几]|百分比|几成|占比|比例|比重|份额|增速|增幅|涨幅|跌幅|降幅|利率|税率|"
              r"几个(?:百分)?点|what (?:percentage|share|proportion|rate)|by how much|"
              r"what percent"),
    (REASON, r"为什么|为啥|为何|凭什么|凭啥|原因|缘由|理由|怎么回事|因为什么|因为啥|图什么|图啥|"
             r"\bwhy\b|"
             r"what (?:caused|reason)|reason"),
    (MONEY, r"多少[^,，。?？]{0,4}(?:钱|元|块|美元|美金|欧元|日元|港元|刀)|花[了费]?多少|几个?钱|"
            r"啥价|"
            r"(?:什么|多少)价|多贵|金额|how much (?:money|did .* (?:cost|pay|spend))|how much"),
    (DATE, r"什么时候|什么时间|啥时候|啥时|何时|哪一?年|哪一?天|哪个?月|几月|几号|几年|日期|哪一日|"
           r"什么日子|\bwhen\b|what (?:year|date|day|month)"),
    (NUMBER, r"多少|几[个家名人次种项条款座所台辆艘架层位倍天年月日成米度吨斤克公里]|第几|"
             r"多[大高长久远重快深宽]|"
             r"how (?:many|long|far|big|high|old|large|fast|tall)|number of|what (?:was|"
             r"is) the (?:value|price|"
             r"net profit|revenue|growth|reading)"),
    (PERSON, r"谁|哪位|什么人|啥人|何人|叫什么名|名字|\bwho\b|\bwhom\b|\bwhose\b"),
    (LIST, r"哪些|哪几|哪[两三四五六七八九十]|分别|各[是有]|都有[什啥]|有[什啥]么?[不好要]?|几类|"
           r"几种|\bwhich .*s\b|"
           r"what are"),
    (PLACE, r"哪里|哪儿|在哪|什么地方|啥地方|何处|哪个?[国省市县区城]|\bwhere\b|which (?:country|"
            r"city|state|province)"),
    (MANNER, r"怎么|怎样|咋|如何|什么[办方]法|啥[办方]法|\bhow\b"),
    (YESNO, r"吗|是不是|有没有|能不能|会不会|是否|(.)不\1|了没|没[有]?[?？]?$|不[?？]?$|"
            r"^(?:is|are|was|were|do|does|did|has|have|will|can)\b"),
    (NAME, r"哪[个家]|什么|啥|何|\bwhich\b|\bwhat\b"),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
# What is counted: 多少[吨], 几[家], how many [companies].
_CURRENCIES = "美元|欧元|港元|日元|英镑|卢布|卢比|比索|韩元|泰铢|法郎|雷亚尔|里拉|新台币"
_MEASURES = "加仑|蒲式耳|兆瓦时|吉瓦时"
_UNIT = re.compile(
    rf"(?:多少|几|第几)(?:个)?(?:[万亿千百]{{0,2}}(?={_CURRENCIES}|{_MEASURES}))?"
    rf"((?:百分点|平方米|平方公里|立方米|千瓦时|公里|公顷|{_CURRENCIES}|{_MEASURES}|万元|亿元|[㐀-鿿]))"
)
_UNIT_ALIASES = {"钱": "元", "块": "元", "刀": "美元", "美金": "美元", "号": "日", "个": ""}
_NOT_UNITS = frozenset("的了是在和呢啊吗才就都被给")

SURNAMES = (
    "[王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余于杜叶程苏魏"
    "吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦傅方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    "覃武戴莫孔向汤殷耿吉庞邢岳]|欧阳|司马|诸葛|上官"
)
_DIGIT = r"[0-9零一二三四五六七八九十两百千]"
# Only whether one is there counts, and most sentences have none: characters that all of them have
# come first, what stands before them is looked at then.
_SIGNS: Mapping[str, re.Pattern[str]] = {
    PERCENT: re.compile(r"\d%|个百分点|百分之|[一二三四五六七八九]成|分之一|倍"),
    MONEY: re.compile(
        r"\d[^，。；,;]{0,3}(?:元|美金|英镑|卢布|法郎|迪拉姆|卢比|韩元|日元)|[￥$€£]\s?\d|(?:usd|"
        r"rmb) ?\d"
    ),
    DATE: re.compile(
        r"(?=[\d一二三四上下年jfmasond])(?:"
        r"\d{4}年|\d{1,2}月|\d{1,2}日|[一二三四]季度|[上下]半年|年底|年初|年末|"
        r"\b(?:19|20)\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b)"
    ),
    NUMBER: re.compile(rf"\d|{_DIGIT}[万亿]|"
                       rf"[一二三四五六七八九十两][个家名人次种项条款座所台辆艘架层位倍天年]"),
    REASON: re.compile(
        r"因为|由于|因此|所以|导致|原因|缘于|源于|造成|受[^,，。]{0,12}影响|为了|从而|是因|"
        r"因[^此而为]|"
        r"担忧|担心|理由|使得|because|due to|owing to|as a result|reason"
    ),
    LIST: re.compile(r"、[^,，。;；]{1,24}(?:、|和|及|以及|与)|;.*;|(?:一是|第一|首先)|"
                     r", [^,.]{2,30}, and "),
    PERSON: re.compile(
        rf"(?:^|[,，、。“:：由师长员家人者任授士理席裁监官])(?:{SURNAMES})[㐀-鿿]|"
        r"·(?<=[㐀-鿿]·)[㐀-鿿]|先生|女士|博士|教授|"
        r"[:：,，](?:(?<=[㐀-鿿]{2}[说称].)|(?<=[㐀-鿿]{2}(?:表示|指出|认为).))"
    ),
    PLACE: re.compile(
        r"(?=[省市县区州镇国港岛湾位坐落i])(?:"
        r"[省市县区州镇国港岛湾](?<=[㐀-鿿]{2}.)|位于|坐落|落户|\bin [a-z])"
    ),
    NAME: re.compile(r"[“《「『\"(（]"),
    MANNER: re.compile(r"通过|采用|利用|采取|以[^,，。]{2,12}(?:方式|方法|手段)|按照|推动|加快|"
                       r"by [a-z]+ing"),
    YESNO: re.compile(r"不|未|没有|无|并非|否认|从未|可以|允许|禁止|\bnot\b|\bno\b"),
}  # fmt: skip
NUMERAL = re.compile(r"\d+(?:[.,]\d+)*")
_SHORT = 2  # digits


# Finer than kinds, for the reader alone; tried in order, the kind where none is found.
_TYPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (DATE, re.compile(
        r"哪几[天日]|哪[天日]|几月|几号|几点|啥时|什么时[候间]|何时|哪一?年|\bwhen\b"
    )),
    (NUMBER, re.compile(r"几[倍毛角度成折]|多少倍|好多倍|第几|how many|number of")),
    (SOURCE, re.compile(
        r"(?:哪|什么|啥)[一]?(?:份|篇|个)?(?:报告|文件|资料|文章|来源)|出处|出自哪|据谁|谁说的|"
        r"which (?:report|document|source|paper|file)|according to (?:whom|which)"
    )),
    (DEFINITION, re.compile(
        r"什么意思|啥意思|指什么|指的?是(?:什么|啥)|定义|何谓|什么叫|啥叫|^(?:什么|啥)是|"
        r"what (?:is|are) meant|what does .* mean|definition of|^define"
    )),
    (COMPARISON, re.compile(
        r"区别|差别|不一样|不同|异同|对比|相比.*(?:哪|谁|怎)|(?:哪|谁)(?:个|家|边)?更|"
        r"difference between|compared? (?:to|with)|\bversus\b|\bvs\b"
    )),
    (ORGANISATION, re.compile(
        r"(?:哪[一]?[个家所支]?|什么|啥|何)(?:公司|企业|机构|单位|大学|学校|学院|银行|部门|组织|媒体|球队|"
        r"医院|集团|团队|协会|政党|厂|店)|哪家|哪支|哪所|哪队|"
        r"which (?:company|university|bank|agency|institute|firm|organi[sz]ation|ministry)"
    )),
    (TITLE, re.compile(
        r"(?:哪[一]?[部本首篇条项份张]|什么|啥)(?:法律?|条例|规定|书|小说|电影|影片|剧|专辑|歌曲?|文件|条约|"
        r"公告|作品|杂志|报纸|节目|游戏)|哪[一]?[部本首张]|"
        r"which (?:law|act|book|film|treaty|notice|rule|section)"
    )),
)  # fmt: skip
_ASKING = re.compile(
    r"百分之[多几]少?|多少|第?几|谁|哪(?:一?[位里儿家个些年天月种部本支所座条项块边国])?|什么|啥|何[时处人]|"
    r"何|多[大高长久远重快深宽]|how (?:many|much|long|far|big|high|old|large)|"
    r"\b(?:what|which|who|whom|where|when|how)\b"
)
_HEAD = re.compile(r"\s?(?:[㐀-鿿]{1,6}|[a-z]+)")
_COUNTS = re.compile(r"how many|几[个名位家]|多少[个名位家人]")
_COPULA = re.compile(
    r"(?:(?:到底|大概|大约|一共|总共|现在|目前|应该)?(?:是|为|有|达到?|得|要|能|会|叫|卖|算|占|在)?(?:到底|大概|大约)?)$"
)
_COMPANY_NAME = re.compile(
    r"(?:公司|企业|机构|单位|集团|银行|学校|大学|医院|球队|组织|协会)的?(?:叫|名字|名称)"
)
YEAR = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)")
_EACH = re.compile(
    r"分别|各[是有自占为多]|各(?:家|方|国|地|省|机构|报告)|两[份篇家边]|几[份篇家][^?？]{0,6}(?:报告|资料|文件)|"
    r"怎么说的|怎样说|不同(?:来源|报告|资料)|different sources|sources|respectively|each|both"
)


_BROAD = re.compile(
    r"(?:干|做|搞|弄|忙)了?(?:点|些|过)?(?:什么|啥|哪些事)(?:事|事情|来着|呢|啊|呀)?[?？。!！ ]*$|"
    r"(?:怎么样|咋样|怎样|如何)了[?？。!！ ]*$|"
    r"(?:咋|怎么|怎麼)(?:一)?回事|(?:什么|啥)(?:个)?(?:情况|状况|来头)[啊呀呢?？。!！ ]*$|来龙去脉|"
    r"有(?:什么|啥|哪些)(?:动作|动静|进展|变化|新闻|新情况)[?？。!！ ]*$|"
    r"^what (?:did|has|have) .{2,60}? (?:do|done)\b|^what(?:'s| is) new\b"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question wants: a kind of answer, and the unit it would be counted in."""

    kind: str
    unit: str | None  # "吨", "家", "美元"; None where it names none
    wants_several: bool  # a list, or two questions in one
    type: str = OTHER  # the kind, or a finer one that the reader knows: organisation, title …
    asking: tuple[tuple[int, int], ...] = ()  # where the question words stand in the key
    head: str = ""  # what the question word stands before: 哪所[学校], which [company]
    years: frozenset[str] = frozenset()  # that the question names
    counts: bool = False  # asks how many there are of a thing
    english: bool = False
    from_each: bool = False  # several sources or sides are asked for: 分别, 两份报告
    is_broad: bool = False  # what somebody did, what became of a thing: no sentence says it all

    @property
    def is_one_thing(self) -> bool:
        """Whether one span can answer it."""
        return not self.wants_several and not self.from_each and self.type in ONE_THING


COUNTED = (NUMBER, PERCENT, MONEY, DATE)  # types whose answers are figures
ONE_THING = frozenset(
    (NUMBER, PERCENT, MONEY, DATE, PERSON, PLACE, NAME, ORGANISATION, TITLE, OTHER)
)


def asked_of(question_key: str) -> Asked:
    """From the question's matching key."""
    kind = next((k for k, p in _COMPILED if p.search(question_key)), OTHER)
    asking = tuple(m.span() for m in _ASKING.finditer(question_key))
    by_head = _by_head(question_key, kind, asking)
    if by_head != kind:
        kind = NAME if by_head == ORGANISATION else by_head
    unit = None
    if match := _UNIT.search(question_key):
        found = _UNIT_ALIASES.get(match[1], match[1])
        unit = found if found and found not in _NOT_UNITS else None
    several = (
        kind == LIST or len(re.findall(r"多少|哪|什么|啥|谁|几|\bhow\b|\bwhat\b", question_key)) > 1
    )
    is_broad = _BROAD.search(question_key) is not None
    several = several or "分别" in question_key or "各" in question_key or is_broad
    head = ""
    if asking and (noun := _HEAD.match(question_key, asking[0][1])):
        head = noun.group().strip()
    return Asked(
        kind,
        unit,
        several,
        type=next((t for t, p in _TYPES if p.search(question_key)), by_head),
        asking=asking,
        head=head,
        years=frozenset(YEAR.findall(question_key)),
        counts=_COUNTS.search(question_key) is not None,
        english=not re.search(r"[㐀-鿿]", question_key),
        from_each=bool(_EACH.search(question_key)),
        is_broad=is_broad,
    )


def _by_head(question_key: str, kind: str, asking: Sequence[tuple[int, int]]) -> str:
    """The kind that the head noun gives, where the question words say less: 奖金是多少, 票价."""
    if kind == OTHER:
        return kind_of(question_key) or OTHER
    if kind not in (NUMBER, NAME, PERSON) or not asking:
        return kind
    if kind == PERSON:
        return ORGANISATION if _COMPANY_NAME.search(question_key) else PERSON
    named = kind_of(_COPULA.sub("", question_key[: asking[0][0]]))
    if kind == NUMBER:
        return named if named in (MONEY, PERCENT) else NUMBER
    return named or NAME


def given_numbers(question_key: str) -> frozenset[str]:
    """The numbers of a question: a short one with what it stands before, 6月 being no 6万元."""
    found = set()
    for number in NUMERAL.finditer(question_key):
        after = question_key[number.end() :].strip()[:1]
        found.add(number[0] + after if len(number[0]) <= _SHORT else number[0])
    return frozenset(found)


def is_given(number: re.Match[str], given: frozenset[str]) -> bool:
    """Whether a number found in a text is one of `given_numbers`."""
    return number[0] in given or number[0] + number.string[number.end() :][:1] in given


class Sign:
    """What a sentence must hold, beyond the question's own words, to be an answer of its kind."""

    def __init__(self, kind: str, question_key: str) -> None:
        self._pattern = _SIGNS.get(kind)
        # The unit of a column stands in its header, far from the figure.
        self._of_row = _SIGNS[NUMBER] if kind in (MONEY, PERCENT) else self._pattern
        # Numbers that the question itself gives are constraints, not answers.
        counts = kind in (NUMBER, PERCENT, MONEY, DATE)
        self._given = given_numbers(question_key) if counts else frozenset()

    def found_in(self, sentence_key: str, *, is_row: bool = False) -> float:
        """1 where a sentence, or a table's row, holds it, else 0; 0 for kinds without a sign."""
        pattern = self._of_row if is_row else self._pattern
        if pattern is None:
            return 0.0
        given = self._given
        if given and any(number in sentence_key for number in given):
            sentence_key = NUMERAL.sub(lambda m: "" if is_given(m, given) else m[0], sentence_key)
        return 1.0 if pattern.search(sentence_key) else 0.0


def has_unit(unit: str, sentence_key: str) -> bool:
    """Whether a number stands right before the unit."""
    return re.search(rf"{_DIGIT}[多余万亿点 ]{{0,3}}{re.escape(unit)}", sentence_key) is not None
