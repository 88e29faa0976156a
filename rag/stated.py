"""Dates and names that sources state for one attribute, and when two of them may mean the same.

All offsets are into matching keys, which are as long as their texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from rag.moments import Moment, moments
from rag.quantities import Quantity

# A date that bounds or dates something else is no answer: 截至2025年末, 3月1日以前, 较2024年.
_BOUND = re.compile(
    r"(?:截至|截止到?|直到|[比较]|不迟于|晚于|早于|as of|before|after|until|since|than)\s*$"
)
_BOUNDS = re.compile(r"\s?(?:以[来前后]|之[前后]|[前后](?![往])|同期)")
_TO = re.compile(r"\s?(?:[-–—~至到]|to\b)\s?(?=[\d一二三四五六七八九十])")
_PLANNED = re.compile(
    r"预[计期定]|计划|拟|将[于在会]?|原定|原计划|争取|力争|目标|"
    r"\b(?:will|plan(?:s|ned)?|expected|due|scheduled)\b"
)
_QUARTER_MONTHS = 3
_HALF_MONTHS = 6

_MARKS = re.compile(r"[《》“”「」『』\"'‘’()（）\s·•・.]")
_TITLES = re.compile(r"(?:先生|女士|小姐|同志|教授|博士|院士|老师|主任|局长|院长|校长|总)$")
_FORMS = re.compile(r"(?:股份|有限|责任|公司|集团|控股|特别行政区|自治区|[省市县区])")
_HAN = re.compile(r"[㐀-鿿]")


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is named; its year may be taken from what stands before it."""

    dimension: ClassVar[str] = "date"

    start: int
    end: int
    moment: Moment
    is_planned: bool


@dataclass(frozen=True, slots=True)
class Named:
    """A person, an organisation or a place."""

    dimension: ClassVar[str] = "name"

    start: int
    end: int
    name: str
    is_heard: bool  # in speech, where names are written as they sound
    is_formed: bool = False  # stands right beside the office or the deed that is asked for


@dataclass(frozen=True, slots=True)
class Standing:
    """That something has come about, or has not: 已开通, 尚未开通."""

    dimension: ClassVar[str] = "standing"

    start: int
    end: int
    is_denied: bool


Value = Quantity | Day | Named | Standing


def agree(a: Value, b: Value) -> bool:
    """Whether both may mean one thing; values of two kinds cannot be held against each other."""
    if isinstance(a, Day) and isinstance(b, Day):
        return same_day(a.moment, b.moment)
    if isinstance(a, Named) and isinstance(b, Named):
        return same_name(a, b)
    if isinstance(a, Standing) and isinstance(b, Standing):
        return a.is_denied == b.is_denied
    return isinstance(a, Quantity) and isinstance(b, Quantity) and a.agrees(b)


def days_of(keyed: str, years: Iterable[str] = (), finest: str = "day") -> list[Day]:
    """Dates that may say when; parts of ranges and bounds left out, in order.

    `years`: of what stands around, lent to dates without one where there is one alone.
    `finest`: "year" or "month" where no more is asked for.
    """
    around = sorted(set(years))
    lent = int(around[0]) if len(around) == 1 else 0
    found: list[Day] = []
    last_end = -1
    for one in moments(keyed):
        lent = one.year or lent
        goes_on = _TO.match(keyed, one.end)
        is_range = goes_on is not None
        ends = last_end == one.start
        last_end = goes_on.end() if goes_on is not None else -1
        if is_range or ends or not (one.year or one.month):
            continue
        if _BOUND.search(keyed[: one.start]) or _BOUNDS.match(keyed, one.end):
            continue
        moment = replace(one, year=one.year or lent)
        if finest == "year":
            moment = replace(moment, month=0, day=0, quarter=0, half=0)
        elif finest == "month":
            moment = replace(moment, day=0)
        near = keyed[max(0, one.start - 12) : one.end + 12]
        found.append(Day(one.start, one.end, moment, _PLANNED.search(near) is not None))
    return found


def same_day(a: Moment, b: Moment) -> bool:
    """Whether two dates may be one: what either leaves open is no difference."""
    if a.year and b.year and a.year != b.year:
        return False
    if not _covers(a, b) or not _covers(b, a):
        return False
    if a.month and b.month and a.month != b.month:
        return False
    return not (a.day and b.day and a.day != b.day)


def _covers(a: Moment, b: Moment) -> bool:
    """Whether b may lie in a's quarter and half year."""
    if a.quarter and b.quarter and a.quarter != b.quarter:
        return False
    if a.half and b.half and a.half != b.half:
        return False
    month = b.month or (b.quarter - 1) * _QUARTER_MONTHS + 1 if b.month or b.quarter else 0
    if not month:
        return True
    if a.quarter and b.month and (month - 1) // _QUARTER_MONTHS + 1 != a.quarter:
        return False
    return not (a.half and (month - 1) // _HALF_MONTHS + 1 != a.half)


def same_name(a: Named, b: Named) -> bool:
    """Whether two names may be of one: titles, short forms and other scripts are no difference."""
    one, two = _bare(a.name), _bare(b.name)
    if not one or not two or bool(_HAN.search(one)) != bool(_HAN.search(two)):
        return True
    short, long = sorted((one, two), key=len)
    if _is_kept_in(short, long):
        return True
    # 张岚 and 张兰, as they are heard.
    return (a.is_heard or b.is_heard) and len(one) == len(two) and one[0] == two[0]


def _bare(name: str) -> str:
    plain = _MARKS.sub("", name)
    short = _TITLES.sub("", plain) or plain
    return _FORMS.sub("", short) or short


def _is_kept_in(short: Sequence[str], long: Sequence[str]) -> bool:
    """Whether the characters of a short form stand in the long one, in order."""
    rest = iter(long)
    return all(character in rest for character in short)
