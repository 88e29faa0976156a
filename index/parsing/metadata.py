"""Title, author, date, language and kind of a document, from its text alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from index.parsing.building import Draft, plain
from index.schema import BlockKind

_TRADITIONAL = frozenset(
    "國們這個來時為說對會學後經開關實現長發產業電話還過點種機與將應體從無沒見車馬門東風買賣讓認識"
    "議論設計語調證據護變質貿資費標準樣樓橋單雙報專幾類頭問間聞萬億"
)
_SIMPLIFIED = frozenset(
    "国们这个来时为说对会学后经开关实现长发产业电话还过点种机与将应体从无没见车马门东风买卖让认识"
    "议论设计语调证据护变质贸资费标准样楼桥单双报专几类头问间闻万亿"
)
_SHARED = _TRADITIONAL & _SIMPLIFIED
_HANT, _HANS = _TRADITIONAL - _SHARED, _SIMPLIFIED - _SHARED
_WORD = re.compile(r"[A-Za-z]{2,}")
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d{2})\s*(?:年|[-./])\s*(\d{1,2})(?:\s*(?:月|[-./])\s*(\d{1,2})?(?!\d))?"
    r"|(?<!\d)((?:19|20)\d{2})(0[1-9]|1[0-2])([0-2]\d|3[01])(?!\d)"
)
_CN_DATE = re.compile(
    r"([二一][〇零○九][〇零○一二三四五六七八九]{2})年([一二三四五六七八九十]{1,2})月(?:([一二三四"
    r"五六七八九十]{1,3})日)?"
)
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_EN_DATE = re.compile(
    rf"\b({'|'.join(_MONTHS)})\s{{1,2}}(\d{{1,2}}),?\s{{1,2}}((?:19|20)\d{{2}})|"
    rf"\b(\d{{1,2}})\s{{1,2}}({'|'.join(_MONTHS)})\s+((?:19|20)\d{{2}})",
    re.IGNORECASE,
)
_EN_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)}),?\s+((?:19|20)\d{{2}})\b", re.IGNORECASE)
_DIGIT = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_DATED = re.compile(
    r"时\s?间|日\s?期|发布|更新|发文|成文|收稿|修回|来\s?源|Date|Published|Updated|Issued",
    re.IGNORECASE,
)
_AUTHOR = re.compile(
    r"[【\[]?\s*(?:作\s?者|执\s?笔|文|记者|撰文|撰稿|Authors?)\s*(?:[】\]]|[:：]|[|丨/])\s*([^|"
    r"｜丨:：【\n]{2,60})|By\s+([A-Z][^|\n]{3,60})$"
)
_AFTER_NAME = re.compile(r"\s{2,}|\u3000|\s*(?:19|20)\d{2}\s*[年./-]|\s+(?:来源|时间|日期|编辑)")
_PUBLISHER = re.compile(
    r"(?:信息|稿件)?(?:来\s?源|发布机构|发文机关|Source|Publisher)\s*[:：]\s*([^\s|｜:：]{2,40})"
)
_STATUTE = re.compile(r"^第[零〇一二三四五六七八九十百千]+条", re.MULTILINE)
_STATUTE_TITLE = re.compile(r"(?:法|条例|规定|办法|细则|解释|决定|规则|宪法)(?:[（(].*[）)])?$")
_REPORT_TITLE = re.compile(r"报告|白皮书|蓝皮书|年报|Report|White Paper|Outlook", re.IGNORECASE)
_PAPER = re.compile(
    r"关\s?键\s?词|参\s?考\s?文\s?献|文献标识码|中图分类号|收稿日期|Keywords|References"
)
_NEWS = re.compile(
    r"新华社|中新社|中新网|央视网|人民网|路透社|\d\s?日(?:电|讯|消息)|^.{0,12}讯[（(\s]|"
    r"本[刊报]记者|（完）"
)


@dataclass(slots=True)
class Facts:
    title: str = ""
    date: str | None = None
    language: str = ""
    kind: str = ""
    meta: dict[str, str] = field(default_factory=dict)


def read_facts(raw: str, drafts: Sequence[Draft], *, title: str = "", kind: str = "") -> Facts:
    """What front matter and headings say. A given title or kind stands."""
    facts = Facts(title=title, language=language_of(raw), kind=kind)
    if not facts.title:
        facts.title = _title(raw, drafts)
    for draft in drafts:
        if draft.kind is not BlockKind.FRONT_MATTER:
            continue
        text = plain(raw[draft.start : draft.end])
        written = raw[draft.start : draft.end].strip("*_ ")
        author, publisher = _AUTHOR.match(written), _PUBLISHER.search(text)
        if author and "author" not in facts.meta:
            named = (author.group(1) or author.group(2)).strip(" |丨/")
            facts.meta["author"] = _AFTER_NAME.split(named)[0].strip()
        if publisher and "publisher" not in facts.meta:
            facts.meta["publisher"] = publisher.group(1)
        if facts.date is None and len(text) <= 120 and (_DATED.search(text) or len(text) <= 24):
            facts.date = date_in(text)
    if facts.date is None:
        facts.date = _any_front_date(raw, drafts) or _date_of_foot(raw, drafts)
    if not facts.kind:
        facts.kind = kind_of(raw, facts.title)
        if facts.kind == "document" and sum(d.kind is BlockKind.FOOTNOTE for d in drafts) >= 8:
            facts.kind = "paper"
    return facts


def _title(raw: str, drafts: Sequence[Draft]) -> str:
    """The first heading, where it stands before any paragraph and bears no number."""
    for draft in drafts[:12]:
        if draft.kind is BlockKind.HEADING:
            text = plain(raw[draft.start : draft.end])
            return (
                text
                if len(text) >= 4
                and not re.match(r"第.{1,3}[章节]|[一二三四五六七八九十]、|[（(]", text)
                else ""
            )
        if draft.kind is BlockKind.PARAGRAPH and draft.end - draft.start > 60:
            break
    return ""


def _any_front_date(raw: str, drafts: Sequence[Draft]) -> str | None:
    """A date on any other short line of front matter; funding and births do not count."""
    for draft in drafts:
        text = raw[draft.start : draft.end]
        if draft.kind is BlockKind.FRONT_MATTER and len(text) <= 120:
            found = None if re.search(r"基金|简介|编号|生于|年生", text) else date_in(text)
            if found is not None:
                return found
    return None


def _date_of_foot(raw: str, drafts: Sequence[Draft]) -> str | None:
    """A date beside the click counter at the foot of a page, or a signature at the end."""
    for draft in reversed(drafts[-12:]):
        text = raw[draft.start : draft.end]
        if len(text) <= 40 and draft.kind is not BlockKind.TABLE_ROW and draft.level is None:
            match = _DATE.match(text.strip("（()）[]【】 ")) or _CN_DATE.match(text)
            if match and (draft.kind is BlockKind.FURNITURE or len(text) <= 16):
                return date_in(text)
    return None


def date_in(text: str) -> str | None:
    """The first date, ISO 8601, as precise as written; None without one that exists."""
    if match := _DATE.search(text):
        year, month, day = (
            match.group(1) or match.group(4),
            match.group(2) or match.group(5),
            match.group(3) or match.group(6),
        )
        return _iso(int(year), int(month), int(day) if day else None)
    if match := _CN_DATE.search(text):
        year = "".join(str(_DIGIT[c]) for c in match.group(1))
        return _iso(
            int(year), _number(match.group(2)), _number(match.group(3)) if match.group(3) else None
        )
    if match := _EN_DATE.search(text):
        month_name = (match.group(1) or match.group(5)).lower()
        day, year = match.group(2) or match.group(4), match.group(3) or match.group(6)
        return _iso(int(year), _MONTHS.index(month_name) + 1, int(day))
    if match := _EN_MONTH.search(text):
        return _iso(int(match.group(2)), _MONTHS.index(match.group(1).lower()) + 1, None)
    if match := re.search(r"(?<!\d)((?:19|20)\d{2})年(?!\d)", text):
        return match.group(1)
    return None


def _iso(year: int, month: int, day: int | None) -> str | None:
    if not 1 <= month <= 12 or (day is not None and not 1 <= day <= 31):
        return None
    return f"{year:04d}-{month:02d}" + (f"-{day:02d}" if day is not None else "")


def _number(chinese: str) -> int:
    if "十" not in chinese:
        return _DIGIT.get(chinese[0], 0)
    tens, _, ones = chinese.partition("十")
    return (_DIGIT.get(tens, 1) if tens else 1) * 10 + (_DIGIT.get(ones, 0) if ones else 0)


def language_of(text: str) -> str:
    """zh, zh-Hant, en or mixed (at least a third of the words in the lesser one)."""
    sample = text if len(text) <= 4000 else text[:2000] + text[len(text) // 2 :][:2000]
    # Chinese takes three bytes a character; a word is about 1.7 characters, one of English six.
    wide = (len(sample.encode("utf-8", "replace")) - len(sample)) // 2
    han = wide / 1.7
    words = len(_WORD.findall(sample)) if len(sample) - wide > 0.2 * wide else 0
    if not words and not han:
        return "zh"
    if han < 0.1 * words:
        return "en"
    if words > 0.5 * han:
        return "mixed"
    seen = frozenset(sample)
    return "zh-Hant" if len(seen & _HANT) > len(seen & _HANS) else "zh"


def kind_of(text: str, title: str) -> str:
    if len(_STATUTE.findall(text)) >= 3 or (
        _STATUTE_TITLE.search(title) and len(title) <= 40 and "第" in text[:400]
    ):
        return "statute"
    if len(_PAPER.findall(text)) >= 2:
        return "paper"
    if _REPORT_TITLE.search(title):
        return "report"
    if _NEWS.search(text[:120]):
        return "news"
    return "document"
