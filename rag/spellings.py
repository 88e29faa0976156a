"""Stretches of a question that documents write in another way: dates, numbers, amounts, units.

上半年 → 1—6月; 两个亿 → 2亿; five billion → 50亿; 10月5号 → 10月5日. Days, months and years are
counted from `as_of`.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date, timedelta

# (start, end, spellings): characters [start, end) of a question's matching key.
Spelling = tuple[int, int, tuple[str, ...]]

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"两": 2, "俩": 2, "〇": 0}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "零〇一二三四五六七八九两十百千"
_CHINESE_NUMBER = re.compile(f"[{_NUMERAL}]+")
_HAN_DIGITS = "零一二三四五六七八九"

# Not 之一成为, 第一成员: the number ends before such a word.
_SHARE = re.compile(
    r"(?<![之第唯])([一二三四五六七八九两十])成([一二三四五六七八九半])?(?!立|员|功|果|品|就|不变)"
)
_BIG = re.compile(rf"([{_NUMERAL}]+)(?:来|多)?个?([万亿])([一二三四五六七八九](?![百十万]))?")
_ABOUT = re.compile(rf"([{_NUMERAL}]+)(?:来|多)(万|亿)")  # 一百来万
_COUNT = re.compile(
    rf"(?<![{_NUMERAL}第之周星期])([{_NUMERAL}]{{2,}})(?:来|多|余)?(?=[个家名人次种项"
    r"条款座所台辆艘架层位倍天年吨米元块岁])"
)
_FRACTION = re.compile(rf"([{_NUMERAL}]+)分之([{_NUMERAL}]+)")
_SHORT_YEAR = re.compile(r"(?<!\d)([012]\d)年(?!前|后|内|期|来|间|以)")
_DAY = re.compile(r"(\d{1,2})月(\d{1,2})号")

# Not where the first character ends another word: 目前年产能, 过去年均, 成本年报.
_RELATIVE_YEARS = {
    r"(?<!如)今年": 0, r"(?<![基资成])本年": 0, r"(?<![过除])去年": -1, r"(?<![以网线])上年": -1,
    r"(?<![目之此当以提大])前年": -2, "大前年": -3, r"(?<![文证表说声])明年": 1,
    r"(?<![战之以此今最大])后年": 2, "大后年": 3,
    r"\bthis year\b": 0, r"\blast year\b": -1, r"\bnext year\b": 1,
}  # fmt: skip
_RELATIVE_MONTHS = {
    "上个月": -1, r"(?<![以年])上月": -1, "这个月": 0, r"(?<![基日])本月(?!薪)": 0, "下个月": 1,
    r"\blast month\b": -1, r"\bthis month\b": 0, r"\bnext month\b": 1,
}  # fmt: skip
_RELATIVE_DAYS = {
    "大前天": -3, r"(?<!大)前天": -2, "昨天|昨日": -1, r"今天|今日(?!头条)": 0,
    r"\byesterday\b": -1, r"\btoday\b": 0,
}  # fmt: skip
_YEARS_AGO = re.compile(rf"(?<![\d.{_NUMERAL}])(\d{{1,2}}|[{_NUMERAL}]{{1,2}})年前(?!后)")
_YEARS_AGO_EN = re.compile(r"\b(\d{1,2}|two|three|four|five|ten) years ago\b")
_HALF_YEAR = re.compile(r"(上|下)半年|\b(first|second) half\b|\bh([12])\b")
_QUARTER = re.compile(
    r"第?([一二三四1-4])季度|(?<!第)([一二三四1-4])季(?=[报的末初]|$)|(?<![a-z0-9])q([1-4])(?![0-9])"
    r"|\b(first|second|third|fourth) quarter\b"
)
_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_name) if n}
_MONTHS |= {name.lower()[:3]: n for n, name in enumerate(calendar.month_name) if n and n != 5}
_ENGLISH_DATE = re.compile(
    rf"\b({'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?\s+(?:(\d{{1,2}})(?:st|nd|rd|th)?"
    r"(?!\d),?)?\s*((?:19|20)\d\d)?\b"
)

_IN = re.compile(r"\b(?:in|since|until|by|of|last|this|next|from|to)\s+$")

_SMALL = {"half": 0.5, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
          "eight": 8, "nine": 9, "ten": 10}  # fmt: skip
_MAGNITUDES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
               "mn": 10**6, "bn": 10**9, "tn": 10**12}  # fmt: skip
_ENGLISH_AMOUNT = re.compile(
    rf"(\d+(?:,\d{{3}})*(?:\.\d+)?|\b(?:{'|'.join(_SMALL)}|a|half a))[ -]?"
    rf"({'|'.join(_MAGNITUDES)})s?\b"
)
_CHINESE_AMOUNT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)(万亿|亿|万)")
_PARTS = {"third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
_ENGLISH_FRACTION = re.compile(
    r"\b(a|one|two|three|four)[ -](third|quarter|fifth|tenth)s?\b(?! (?:of )?(?:the )?year)"
)
_WORDS = {
    r"\b(?:a )?dozen\b": ("12", "十二", "十几"),
    r"\bhalf\b(?! (?:of (?:the |this |last )?year|a ))": ("一半", "50%", "半数"),
    r"一半|半数": ("50%", "一半", "半数"),
}
# Units as people say them → as documents write them; after a number.
_MEASURES = {
    "块钱?": ("元",), "美金|美刀|刀": ("美元",), "公里|千米|km": ("公里", "千米", "km"),
    "公斤|千克|kg": ("公斤", "千克", "kg"), "度电": ("千瓦时", "度电"), "平米|平方": ("平方米",),
    "个点": ("个百分点",),
}  # fmt: skip
_MEASURED = {
    re.compile(rf"(\d+(?:\.\d+)?[万亿]?)({unit})(?![㐀-鿿a-z]?(?:长|币))"): forms
    for unit, forms in _MEASURES.items()
}


def spellings_of(keyed: str, as_of: date) -> list[Spelling]:
    """In order of the question, none overlapping; of those that do, the longest."""
    found = [*_dates(keyed, as_of), *_numbers(keyed)]
    taken: list[Spelling] = []
    for start, end, forms in sorted(found, key=lambda s: (s[0] - s[1], s[0])):
        own = keyed[start:end]
        others = tuple(dict.fromkeys(form for form in forms if form != own))
        if others and not any(start < b and a < end for a, b, _ in taken):
            taken.append((start, end, others))
    return sorted(taken)


def _dates(keyed: str, as_of: date) -> Iterator[Spelling]:
    for words, shift in _RELATIVE_YEARS.items():
        for match in re.finditer(words, keyed):
            yield *match.span(), (f"{as_of.year + shift}年", f"{as_of.year + shift}")
    for words, shift in _RELATIVE_MONTHS.items():
        for match in re.finditer(words, keyed):
            year, month = divmod(as_of.year * 12 + as_of.month - 1 + shift, 12)
            yield *match.span(), (f"{year}年{month + 1}月", f"{month + 1}月")
    for words, shift in _RELATIVE_DAYS.items():
        for match in re.finditer(words, keyed):
            day = as_of + timedelta(days=shift)
            forms = (f"{day.year}年{day.month}月{day.day}日", f"{day.month}月{day.day}日")
            yield *match.span(), forms
    for match in _YEARS_AGO.finditer(keyed):
        n = int(match[1]) if match[1].isdigit() else chinese_number(match[1])
        if n is not None and 0 < n <= 30:
            yield *match.span(), (f"{as_of.year - n}年", f"{as_of.year - n}")
    for match in _YEARS_AGO_EN.finditer(keyed):
        n = int(match[1]) if match[1].isdigit() else int(_SMALL[match[1]])
        yield *match.span(), (f"{as_of.year - n}年", f"{as_of.year - n}")
    for match in _SHORT_YEAR.finditer(keyed):
        yield *match.span(), (f"20{match[1]}年",)
    for match in _DAY.finditer(keyed):
        yield *match.span(), (f"{match[1]}月{match[2]}日",)
    for match in _HALF_YEAR.finditer(keyed):
        first = match[1] == "上" or match[2] == "first" or match[3] == "1"
        yield *match.span(), _half(1 if first else 2)
    for match in _QUARTER.finditer(keyed):
        said = next(group for group in match.groups() if group)
        ordinals = {"first": 1, "second": 2, "third": 3, "fourth": 4}
        yield *match.span(), _quarter(ordinals.get(said) or chinese_number(said) or int(said))
    for match in _ENGLISH_DATE.finditer(keyed):
        month, day_said, year_said = _MONTHS[match[1]], match[2], match[3]
        if not (day_said or year_said):
            if _IN.search(keyed[: match.start()]):  # not: they march on
                yield match.start(1), match.end(1), (f"{month}月",)
            continue
        short = f"{month}月{int(day_said)}日" if day_said else f"{month}月"
        yield *match.span(), (f"{year_said}年{short}", short) if year_said else (short,)


def _half(n: int) -> tuple[str, ...]:
    months = ("1—6月", "1-6月", "1至6月") if n == 1 else ("7—12月", "7-12月", "7至12月")
    return ("上" if n == 1 else "下") + "半年", f"{'first' if n == 1 else 'second'} half", *months


def _quarter(n: int) -> tuple[str, ...]:
    word = ("first", "second", "third", "fourth")[n - 1]
    return f"{_HAN_DIGITS[n]}季度", f"{n}季度", f"q{n}", f"{word} quarter"


def _numbers(keyed: str) -> Iterator[Spelling]:
    for match in _SHARE.finditer(keyed):
        tenths = chinese_number(match[1])
        if tenths is not None:
            tail = 5 if match[2] == "半" else _DIGITS.get(match[2] or "", 0)
            yield *match.span(), (f"{tenths * 10 + tail}%",)
    for match in _BIG.finditer(keyed):
        number = chinese_number(match[1])
        if number is not None:
            decimals = f".{_DIGITS[match[3]]}" if match[3] else ""
            yield *match.span(), (f"{number}{decimals}{match[2]}",)
    for match in _ABOUT.finditer(keyed):
        number = chinese_number(match[1])
        if number is not None:
            whole = f"{number}{match[2]}"
            yield *match.span(), (whole, f"{number}多{match[2]}", f"{number}余{match[2]}")
    for match in _COUNT.finditer(keyed):
        number = chinese_number(match[1])
        if number is not None:
            yield match.start(1), match.end(1), (str(number),)
    for match in _FRACTION.finditer(keyed):
        below, above = chinese_number(match[1]), chinese_number(match[2])
        if below == 100 and above is not None:
            yield *match.span(), (f"{above}%",)
        elif below and above is not None:
            yield *match.span(), (f"{above}/{below}",)
    for match in _ENGLISH_FRACTION.finditer(keyed):
        above = int(_SMALL.get(match[1], 1))
        below = _PARTS[match[2]]
        plain = (f"{_chinese(below)}分之{_chinese(above)}", f"{above}/{below}")
        exact = (f"{above * 100 // below}%",) if above * 100 % below == 0 else ()
        yield *match.span(), plain + exact
    for match in _ENGLISH_AMOUNT.finditer(keyed):
        said = match[1]
        times = float(said.replace(",", "")) if said[0].isdigit() else _SMALL.get(said)
        if times is None:
            times = 0.5 if said == "half a" else 1
        yield *match.span(), tuple(_in_chinese(times * _MAGNITUDES[match[2]]))
    for match in _CHINESE_AMOUNT.finditer(keyed):
        unit = {"万": 10**4, "亿": 10**8, "万亿": 10**12}[match[2]]
        yield *match.span(), tuple(_in_english(float(match[1]) * unit))
    for words, others in _WORDS.items():
        for match in re.finditer(words, keyed):
            yield *match.span(), others
    for pattern, units in _MEASURED.items():
        for match in pattern.finditer(keyed):
            yield *match.span(), tuple(match[1] + unit for unit in units)


def _chinese(n: int) -> str:
    return "十" if n == 10 else _HAN_DIGITS[n]


def _in_chinese(amount: float) -> Iterator[str]:
    """50亿 for five billion; with and without the thousands' comma."""
    for unit, size in (("万亿", 10**12), ("亿", 10**8), ("万", 10**4)):
        if amount >= size:
            value = amount / size
            yield f"{value:g}{unit}" if value < 10**5 else f"{value:.0f}{unit}"
            if value >= 1000:
                yield f"{value:,.0f}{unit}"
            return
    yield f"{amount:.0f}"


def _in_english(amount: float) -> Iterator[str]:
    for word, size in (("trillion", 10**12), ("billion", 10**9), ("million", 10**6)):
        if amount >= size:
            yield f"{amount / size:g} {word}"
            return
    yield f"{amount:,.0f}"


def chinese_number(text: str) -> int | None:
    """三十五 → 35, 一百零二 → 102; None for what is not a number below 10,000."""
    if not _CHINESE_NUMBER.fullmatch(text):
        return None
    total = 0
    digit: int | None = None
    for char in text:
        if char in _UNITS:
            total += (1 if digit is None else digit) * _UNITS[char]
            digit = None
        elif digit is not None and digit != 0:
            return None  # 一五: digits in a row are not a number word
        else:
            digit = _DIGITS[char]
    return total + (digit or 0)
