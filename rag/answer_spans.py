"""Stretches of a sentence that may be what a question asks for: figures, dates, names, phrases.

All offsets are into the sentence's key, which is as long as its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from index.segmenting import token_spans
from rag.asking import SURNAMES
from rag.normalising import FUNCTION_WORDS
from rag.quantities import Quantity, quantities

MAX_TOKENS = 7  # of a phrase
LONGEST = 40  # characters

DATE_PATTERN = re.compile(
    r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:至|到|~)(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|"
    r"\d{1,2}:\d\d(?:至|到|[-–—~])\d{1,2}:\d\d|"
    r"(?:公元前?)?\d{1,4}年(?:至|到|[-–—~])\d{1,4}年|"
    r"(?:公元前|公元)?\d{1,4}年(?:度|底|末|初|春|夏|秋|冬)?(?:(?:\d{1,2}月(?:\d{1,2}[日号])?|[上下]半年|"
    r"第?[一二三四]季度|[一二三四]季度)(?:(?:至|到|[-–—~])(?:\d{1,2}月)?\d{1,2}[日号])?)?(?:[凌早]晨|上午|下午|晚)?|"
    r"\d{1,2}月(?:\d{1,2}[日号]|份|底|末|初|上旬|中旬|下旬)?(?:(?:至|到|[-–—~])(?:\d{1,2}月)?\d{1,2}[日号]?)?|"
    r"(?<![\d.])\d{1,2}[日号](?:(?:至|到|[-–—~])\d{1,2}[日号])?|"
    r"\d{1,2}世纪(?:\d0年代)?(?:[初中末早晚]期?)?|(?:19|20)?\d0年代(?:[初中末早晚]期?)?|"
    r"[二一][零〇九八七][零〇一二三四五六七八九]{2}年(?:[一二三四五六七八九十]{1,2}月(?:[一二三四五六七八九十]{1,3}[日号])?)?|"
    r"(?:[一二三四]季度|[上下]半年|\d{1,2}(?::|时|点)\d{0,2}分?)|"
    r"(?:[零一二三四五六七八九十]{1,3}月)(?:[零一二三四五六七八九十]{1,3}[日号]|底|初)?|"
    r"(?:\d{1,2} )?(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december)\b(?: \d{1,2}(?!\d))?,?(?: \d{4})?|(?<![\d.,$])(?:19|20)\d\d(?:[-/.]\d{1,2}"
    r"(?:[-/.]\d{1,2})?)?(?![\d.,%])"
)
_QUOTED = re.compile(
    r"《[^《》]{1,40}》|“[^“”]{1,30}”|「[^「」]{1,30}」|『[^『』]{1,30}』|\"[^\"]{2,40}\""
)
_LATIN = re.compile(r"[a-z][a-z0-9.&'-]*(?: (?:[a-z0-9][a-z0-9.&'-]*)){0,5}")
_FOREIGN = re.compile(r"[㐀-鿿]{1,6}(?:[·•・][㐀-鿿a-z]{1,8})+")
_CLAUSE_END = re.compile(r"[,，;；。!！?？:：\n]")
_PERSON = re.compile(rf"(?:{SURNAMES})[㐀-鿿]{{1,2}}")
# How the names of organisations and of places end; what a shorter ending covers is left out.
_ORGANISATION = (
    "公司", "集团", "银行", "大学", "学院", "协会", "学会", "委员会", "部", "局", "厅", "署", "院",
    "所", "中心", "基金", "基金会", "联盟", "组织", "党", "军", "队", "社", "厂", "店", "学校",
    "中学", "小学", "乐团", "教会", "政府", "工会", "证券", "券券", "企业", "机构",
)  # fmt: skip
_PLACE = (
    "省", "市", "县", "区", "州", "国", "镇", "乡", "村", "岛", "山", "河", "江", "湖", "海", "港",
    "湾", "路", "街", "桥", "站", "寺", "庙", "宫", "城", "洲", "机场", "公园",
)  # fmt: skip
_COUNTRIES = frozenset(
    [
        "中国",
        "美国",
        "英国",
        "法国",
        "德国",
        "日本",
        "韩国",
        "朝鲜",
        "印度",
        "俄罗斯",
        "苏联",
        "加拿大",
        "澳大利亚",
        "意大利",
        "西班牙",
        "荷兰",
        "瑞士",
        "瑞典",
        "挪威",
        "芬兰",
        "丹麦",
        "比利时",
        "奥地利",
        "波兰",
        "乌克兰",
        "土耳其",
        "以色列",
        "伊朗",
        "沙特",
        "埃及",
        "南非",
        "巴西",
        "阿根廷",
        "智利",
        "墨西哥",
        "越南",
        "泰国",
        "缅甸",
        "老挝",
        "柬埔寨",
        "马来西亚",
        "新加坡",
        "印尼",
        "菲律宾",
        "蒙古",
        "哈萨克斯坦",
        "北京",
        "上海",
        "天津",
        "重庆",
        "香港",
        "澳门",
        "台湾",
        "台北",
        "广州",
        "深圳",
        "欧洲",
        "亚洲",
        "非洲",
        "欧盟",
    ]
)


class SpanCandidate(NamedTuple):
    """[start, end) of a sentence's key; `shape` says what it looks like."""

    start: int
    end: int
    shape: str
    quantity: Quantity | None = None


def quantity_shape(quantity: Quantity) -> str:
    dimension = quantity.dimension
    if dimension in ("share", "points", "times"):
        return dimension
    if dimension.startswith("money"):
        return "money"
    if dimension in ("seconds", "days", "months"):
        return "duration"
    if dimension.startswith("count:"):
        return "count"
    return "measure" if dimension else "bare"


def figures(key: str) -> list[SpanCandidate]:
    """Quantities and dates, in no order."""
    found = [SpanCandidate(q.start, q.end, quantity_shape(q), q) for q in quantities(key)]
    for match in DATE_PATTERN.finditer(key):
        if not match.group():
            continue
        found.append(SpanCandidate(match.start(), match.end(), "date"))
        year = re.match(r"(?:公元前?)?\d{3,4}年", match.group())
        if year and year.end() < len(match.group()):
            found.append(SpanCandidate(match.start(), match.start() + year.end(), "year"))
    return found


def phrases(key: str) -> list[SpanCandidate]:
    """Names, quoted titles, Latin words and runs of words within a clause; in no order."""
    found: dict[tuple[int, int], str] = {}
    for match in _QUOTED.finditer(key):
        found[match.span()] = "quoted"
        if match.end() - match.start() > 3:
            found[match.start() + 1, match.end() - 1] = "in_quotes"
    for match in _FOREIGN.finditer(key):
        found.setdefault(match.span(), "foreign")
    for match in _LATIN.finditer(key):
        if len(match.group()) > 1:
            found.setdefault(match.span(), "latin")
    for start, end in _runs(key, token_spans(key)):
        if (start, end) not in found:
            found[start, end] = shape_of(key[start:end])
    return [SpanCandidate(start, end, shape) for (start, end), shape in found.items()]


def _runs(key: str, tokens: list[tuple[str, int, int]]) -> Iterable[tuple[int, int]]:
    """Runs of words that neither begin nor end with a function word, within a clause."""
    count = len(tokens)
    inner = [t[0] in FUNCTION_WORDS for t in tokens]
    broken = [
        bool(_CLAUSE_END.search(key, tokens[i][2], tokens[i + 1][1])) for i in range(count - 1)
    ]
    for first in range(count):
        if inner[first]:
            continue
        start = tokens[first][1]
        for last in range(first, min(first + MAX_TOKENS, count)):
            if last > first and broken[last - 1]:
                break
            end = tokens[last][2]
            if end - start > LONGEST:
                break
            if not inner[last] and end - start > 1:
                yield start, end
        # The rest of the clause, for what is longer than a phrase.
        stop = edge.start() if (edge := _CLAUSE_END.search(key, start)) else len(key)
        if start + 2 < stop <= start + LONGEST and (
            first == 0 or inner[first - 1] or broken[first - 1]
        ):
            yield start, stop


def shape_of(text: str) -> str:
    if text in _COUNTRIES:
        return "place"
    named = "\n" not in text
    if named and len(text) > 2 and text.endswith(_ORGANISATION):
        return "organisation"
    if named and len(text) <= 10 and text.endswith(_PLACE):
        return "place"
    if len(text) <= 3 and _PERSON.fullmatch(text):
        return "person"
    if "、" in text:
        return "list"
    if text.isascii():
        return "latin"
    return "word" if len(text) <= 4 else "phrase" if len(text) <= 10 else "clause"
