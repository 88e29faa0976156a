"""What stands in a row of numbered or marked items: each of them is a part of the answer.

«第一，… 第二，…», «（一）… （二）…», «一个是… 第二个是…», bullets. Who asks which conditions there
are wants all of them, whichever the question's words fit best.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.asking import LIST, REASON
from rag.resolving import neighbour
from rag.retrieval import Found, Retrieval
from rag.spellings import chinese_number

MOST = 8  # items that are shown
_APART = 4  # sentences between two items, that say more of the first
_NUMERALS = "一二三四五六七八九十"
_OF = "[个条项种类点招方面大步样件块笔处家道重层则]"
# By what an item begins with; the group is its number. The name of a style stands for its kin.
_STYLES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (style, re.compile(pattern))
    for style, pattern in (
        ("bracket", rf"[(（]([{_NUMERALS}]{{1,2}}|\d{{1,2}}|[a-z])[)）]"),
        ("half", r"(\d{1,2}|[a-z])[)）]"),
        ("point", r"(\d{1,2})[.．](?!\d)"),
        ("pause", rf"([{_NUMERALS}]{{1,2}})、"),
        ("ordinal", rf"第([{_NUMERALS}])(?:(?!条|方(?![面法案])){_OF}|大|[,，、:：是])"),
        ("ordinal", rf"([首头])(?:先|一?{_OF})[,，、是]|(再次|其次|最后)[,，、是]"),
        ("ordinal", rf"([一另])一?{_OF}是"),
        (
            "ordinal",
            r"(first|second|third|fourth|fifth|final|last)(?:ly)?(?:[,:]| (?:reason|step|point)\b)",
        ),
        ("other", rf"其([{_NUMERALS}])[,，、是:：]"),
        ("is", rf"([{_NUMERALS}])[是曰]"),
        ("named", rf"[㐀-鿿]{{2,4}}([{_NUMERALS}]|\d)[:：]"),
        ("bullet", r"()[-*·•●▪■◆]\s?"),
    )
)
_LAST = 99  # 最后, finally: whatever came before
_NUMBERS = {
    **{c: n for n, c in enumerate("abcdefghij", 1)},
    **{"首": 1, "头": 1, "其次": 2, "另": 2, "再次": 3, "最后": _LAST},
    **{"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5},
    **{"final": _LAST, "last": _LAST},
}
_CIRCLES = "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮"
_ARTICLE = re.compile(r"第[一二三四五六七八九十百零\d]+[条款章节]")  # of a law: no part of a list
_SPEAKER = re.compile(r"[^:：,，。]{1,10}[:：]\s*")
_ANNOUNCES = re.compile(
    rf"[:：]\s*$|[两二三四五六七八九十几\d]+{_OF}[^,，。]{{0,12}}(?:[:：]|。|$)|(?:如下|以下|following)"
)
_LISTED = re.compile(
    r"(?:什么|啥|哪些|哪几|哪[两三四五六七八九十])[^,，。?？]{0,6}?(?:条件|要求|材料|手续|措施|建议|办法|好处|坏处|限制|"
    r"局限|不足|风险|规定|内容|项目|原因|理由|缘故|因素|问题|情形|情况|步骤|特点|优势|义务|权利|任务|目标|方面|地方|东西|事)|"
    rf"[两三四五六七八九十几]{_OF}[^,，。?？]{{0,8}}?(?:是|有|为|叫)?(?:什么|啥|哪)|"
    r"\b(?:conditions|requirements|steps|reasons|risks|limits|limitations|measures|documents|"
    r"recommendations|recommend)\b"
)


@dataclass(frozen=True, slots=True)
class _Item:
    style: str
    number: int  # from 1; 0 where none is told


def asks_for_all(retrieval: Retrieval) -> bool:
    """Whether a question that an item answers wants the others, too."""
    asked = retrieval.asked
    return asked.kind in (LIST, REASON) or _LISTED.search(retrieval.question.key) is not None


def announced(place: int, retrieval: Retrieval) -> list[int]:
    """Places of the items that a sentence announces: «三种情形：», «有两个原因。»"""
    found = retrieval.sentences[place]
    if not _announces(found):
        return []
    for shift in range(1, _APART + 2):
        following = neighbour(found, retrieval, shift)
        if following is None or following.candidate.kind == "heading":
            return []
        item = _item(following)
        if item is not None:
            first = place + shift
            return [first, *_run(first, retrieval, item, 1)] if item.number <= 1 else []
    return []


def items_with(place: int, retrieval: Retrieval) -> list[int]:
    """Places of the items among which a sentence stands, or that it announces; in order.

    [] where it does neither, or fewer than two were retrieved. What announces them comes first.
    """
    item = _item(retrieval.sentences[place])
    if item is None:
        items = announced(place, retrieval)
        return [place, *items] if len(items) > 1 else []
    before = _run(place, retrieval, item, -1)[::-1] if item.number != 1 else []
    items = [*before, place, *_run(place, retrieval, item, 1)]
    if len(items) < 2:
        return []
    above = neighbour(retrieval.sentences[items[0]], retrieval, -1)
    return [items[0] - 1, *items] if above is not None and _announces(above) else items


def _announces(found: Found) -> bool:
    return _item(found) is None and _ANNOUNCES.search(found.candidate.key) is not None


def _run(place: int, retrieval: Retrieval, item: _Item, step: int) -> list[int]:
    """Places of the items behind (step 1) or before (-1) one, from it on."""
    out: list[int] = []
    shift = apart = 0
    while apart <= _APART and len(out) < MOST:
        shift += step
        found = neighbour(retrieval.sentences[place], retrieval, shift)
        if found is None or found.candidate.kind == "heading":
            break
        now = _item(found)
        if now is not None and (_follows(item, now) if step > 0 else _follows(now, item)):
            item, apart = now, 0
            out.append(place + shift)
            if step < 0 and item.number == 1:
                break
        elif item.style == "bullet":
            break
        else:
            apart += 1
    return out


def _follows(one: _Item, other: _Item) -> bool:
    return one.style == other.style and (
        one.number == other.number == 0 or other.number == one.number + 1 or other.number == _LAST
    )


def _item(found: Found) -> _Item | None:
    """What a sentence begins with, a speaker's name aside; None where it is no item."""
    keyed = found.candidate.key.lstrip(" “\"'「")
    if _ARTICLE.match(keyed):
        return None
    start = found.sentence.spans[0].start
    circle = _CIRCLES.find(found.document.text[start])  # a 1 in the key
    if circle >= 0:
        return _Item("circle", circle + 1)
    speaker = _SPEAKER.match(keyed)
    for text in (keyed, keyed[speaker.end() :] if speaker else ""):
        for style, pattern in _STYLES:
            if match := pattern.match(text):
                return _Item(style, _number(next((g for g in match.groups() if g), "")))
    first = found.document.blocks[found.sentence.block].spans[0].start
    begins = found.candidate.kind == "list_item" and found.sentence.spans[0].start <= first
    return _Item("bullet", 0) if begins else None


def _number(told: str) -> int:
    if told.isdigit():
        return int(told)
    return _NUMBERS.get(told) or chinese_number(told) or 0
