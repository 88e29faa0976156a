"""What a question without a question word asks for: its head noun tells («故宫淡季票价», «负责人»).

Many type a few words and nothing more. In Chinese the head stands last, of the question or of one
of its words («票价 故宫 淡季»); in English before "of", or last.
"""

from __future__ import annotations

import re

# Kind of answer → nouns, the last part of the words that end in them.
_CHINESE: tuple[tuple[str, str], ...] = (
    ("percent", r"占比|比例|比重|份额|增速|增幅|涨幅|跌幅|降幅|百分比|[^频效汇新]率|更新率"),
    ("money", r"价格?|[票房单均售]价|金额|费用?|[总]?投资额?|[总]?造价|注册资本|资金|预算|"
              r"成本|收入|工资|[月年起底]薪|薪[酬资水]|补[贴助]|营收|利润|罚款|押金|学费|房租|"
              r"市值|奖金|汇率|[总]产值|gdp"),
    ("date", r"(?:[^用工学耗课营长短业]|开工)时间|日期|时候|日子|生日|年份|期限|截止日?"),
    ("number", r"人数|[数总产销存流含]量|面积|震级|[长高宽深厚]度|海拔|人口|规模|里程|距离|"
               r"年龄|寿命|届数|名额|排名|名次|比分|票房|时长|容量|票数|个数|次数|编号|文号"),
    ("person", r"作者|导演|编剧|主演|演员|负责人|联系人|法人代表?|法定代表人|董事长|总裁|"
               r"总经理|总统|总理|主席|主任|局长|校长|院长|部长|市长|省长|县长|书记|秘书长|"
               r"创[始办]人|发明[人者]|设计[师者]|获[得奖]者|发言人|主持人|教练|队长|ceo"),
    ("place", r"地[址点]|首都|省会|首府|总部|产地|出生地|所在地|举[办行]地|举办国|主办国|位置|"
              r"目的地|籍贯|户籍|国籍|故乡"),
    ("organisation", r"[施建设监]理?[工设计]?单位|[主承协]办[方单]位?|主管部门|发[布证]机[构关]|"
                     r"供应商|厂[家商]|开发商|运营商|母公司|经营者|甲方|乙方|中标[方人]"),
    ("reason", r"起因|成因|根源|动机|目的"),
    ("manner", r"流程|步骤|途径|做法|办法|措施|对策"),
    ("list", r"名单|成员|种类|条件|材料|清单|目录|分类|构成|内容"),
)  # fmt: skip
_ENGLISH: tuple[tuple[str, str], ...] = (
    ("percent", r"share|percentage|proportion|growth rate|rate"),
    ("money", r"price|cost|fee|budget|revenue|salary|subsidy|amount"),
    ("date", r"date|time|deadline|year|birthday"),
    ("number", r"number|population|size|area|length|height|capacity|magnitude|age"),
    ("person", r"author|director|writer|founder|head|chair(?:man|woman)?|president|ceo|inventor"),
    ("place", r"location|address|headquarters|capital|venue|birthplace"),
    ("manner", r"procedure|process|steps"),
    ("list", r"members|requirements|list"),
)
_END = r"(?=[\s,，。.、?？!！]|$)"
_COMPILED = tuple(
    (kind, re.compile(rf"(?:{nouns}){_END}(?! ?(?:of|是|为))")) for kind, nouns in _CHINESE
)
_COMPILED_ENGLISH = tuple(
    (kind, re.compile(rf"\b(?:{nouns})\b(?:\s+(?:of|for)\b|\s*\??$)")) for kind, nouns in _ENGLISH
)
# What is asked about may end so, too: a law on prices, a prize. Such names stand in marks.
_NAMED = re.compile(r"《[^》]*》|“[^”]*”|\"[^\"]*\"")


def kind_of(question_key: str) -> str | None:
    """The kind of answer by the head noun; None where none is known."""
    bare = _NAMED.sub("《》", question_key)
    found: tuple[int, str] | None = None
    for kind, pattern in _COMPILED:
        for match in pattern.finditer(bare):
            # The last head is the one that is asked for; of two that end alike, the longer noun.
            if found is None or match.end() > found[0]:
                found = match.end(), kind
    if found:
        return found[1]
    return next((k for k, p in _COMPILED_ENGLISH if p.search(bare)), None)
