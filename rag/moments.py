"""Dates that a text names, as far as it names them, in Chinese, English and ISO notation."""

from __future__ import annotations

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass

_HAN = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "十": 10}
_MONTH_NAMES = {name.lower(): n for n, name in enumerate(calendar.month_name) if n}
_MONTH_NAMES |= {name.lower(): n for n, name in enumerate(calendar.month_abbr) if n}
_NAME = "|".join(sorted(_MONTH_NAMES, key=len, reverse=True))
_DASH = r"\s?[-–—~至到]+\s?"
_PATTERNS = [
    re.compile(
        r"(?<!\d)(?P<y>(?:19|20|21)\d\d)\s?年(?:度|底|末|"
            r"初)?(?:\s?(?P<m>\d{1,2})\s?月(?:份|底|末|初|上旬|中旬|下旬)?"
        r"(?:\s?(?P<d>\d{1,2})\s?[日号])?)?(?:第?(?P<q>[一二三四1-4])季度?|(?P<h>[上下])半年)?"
    ),
    re.compile(r"(?<!\d)(?P<y>(?:19|20|21)\d\d)[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?(?!\d)"),
    re.compile(r"(?<!\d)(?P<y>[一二][零〇九八七][零〇一二三四五六七八九]{2})年(?:(?P<m>[一二三四五六七八九十]{1,2})月)?"
               r"(?:(?P<d>[一二三四五六七八九十]{1,3})[日号])?"),
    re.compile(rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|"
        rf"th)?\s+(?P<m>{_NAME})\b\.?(?:,?\s+(?P<y>(?:19|20)\d\d))?"),
    re.compile(rf"\b(?P<m>{_NAME})\b\.?\s+(?P<d>\d{{1,2}})(?!\d)(?:st|nd|rd|"
        rf"th)?(?:,?\s+(?P<y>(?:19|20)\d\d))?"),
    re.compile(rf"\b(?P<m>{_NAME})\b\.?,?\s+(?:of )?(?P<y>(?:19|20)\d\d)"),
    re.compile(rf"(?<!\d)(?P<m>\d{{1,2}})(?={_DASH}\d{{1,2}}\s?月)"),
    re.compile(r"(?<![\d.])(?P<m>\d{1,2})\s?月(?:份|底|末|初|上旬|中旬|"
        r"下旬)?(?:\s?(?P<d>\d{1,2})\s?[日号])?"),
    re.compile(r"(?<![个\d一二三四五六七八九十])(?P<m>十[一二]|"
        r"[一二三四五六七八九十])月(?:(?P<d>[一二三四五六七八九十]{1,3})[日号])?"),
    re.compile(r"第?(?P<q>[一二三四1-4])季度|\bq(?P<q2>[1-4])\b|\b(?P<q3>first|second|"
        r"third|fourth) quarter"),
    re.compile(r"(?P<h>[上下])半年|\bh(?P<h2>[12])\b|\b(?P<h3>first|second) half"),
    re.compile(rf"\b(?:in|since|until|by|of|from|to|on)\s+(?P<m>{_NAME})\b"),
    re.compile(r"(?<![\d.,])(?P<y>(?:19|20|21)\d\d)(?![\d%亿万]|[.,]\d)"),
]  # fmt: skip
_WORDS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "上": 1, "下": 2}


@dataclass(frozen=True, slots=True)
class Moment:
    """What is named of a date; 0 for what is not."""

    year: int = 0
    month: int = 0
    day: int = 0
    quarter: int = 0
    half: int = 0
    start: int = 0  # where it stands in the text
    end: int = 0


def moments(key: str) -> list[Moment]:
    """All dates of a matching key in order, none overlapping; the fullest notation counts."""
    taken: list[Moment] = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(key):
            start, end = match.span()
            if any(start < t.end and t.start < end for t in taken):
                continue
            one = _moment(match.groupdict(), start, end)
            if one is not None:
                taken.append(one)
    return sorted(taken, key=lambda t: t.start)


def _moment(parts: dict[str, str | None], start: int, end: int) -> Moment | None:
    def value(*names: str) -> int:
        text = next((t for n in names if (t := parts.get(n))), None)
        return 0 if text is None else _number(text)

    one = Moment(
        value("y"), value("m"), value("d"), value("q", "q2", "q3"), value("h", "h2", "h3"),
        start, end,
    )  # fmt: skip
    return one if one.month <= 12 and one.day <= 31 else None


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text in _WORDS:
        return _WORDS[text]
    if text in _MONTH_NAMES:
        return _MONTH_NAMES[text]
    if len(text) == 4:
        return int("".join(str(_HAN[c] if c != "十" else 1) for c in text))
    if "十" in text:
        tens, _, ones = text.partition("十")
        return (_HAN[tens] if tens else 1) * 10 + (_HAN[ones] if ones else 0)
    return _HAN[text]


def unsupported(
    statement: Sequence[Moment], sources: Sequence[Moment], also: Sequence[Moment] = ()
) -> list[Moment]:
    """Dates of the statement that the sources do not name.

    `also`: dates of headings and titles, which may lend a year where the sources name none.
    """
    every = [*sources, *(() if any(one.year for one in sources) else also)]
    years = {one.year for one in every if one.year}
    return [m for m in statement if not any(_carries(m, one, every, years) for one in every)]


def _carries(wanted: Moment, one: Moment, every: Sequence[Moment], years: set[int]) -> bool:
    if wanted.year and one.year != wanted.year and (one.year or wanted.year not in years):
        return False
    for name in ("month", "day", "quarter", "half"):
        if (need := getattr(wanted, name)) and getattr(one, name) != need:
            return False
    return True
