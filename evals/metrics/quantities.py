"""Quantities in running text: 1.2万亿美元, 三成, 60,000家, 3.8 percent, $2 billion.

Only what comparing needs: a value in base units and a unit. Written apart from any parser of the
code under test.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_HAN_SMALL = {"十": 10, "百": 100, "千": 1000}
_HAN_LARGE = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_ENGLISH = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

# Longest first: an alternation takes the first that fits.
_UNITS = {
    "%": "%", "％": "%", "percent": "%", "per cent": "%", "个百分点": "pp", "百分点": "pp",
    "個百分點": "pp", "percentage points": "pp", "percentage point": "pp",
    "美元": "USD", "美金": "USD", "dollars": "USD", "dollar": "USD", "usd": "USD",
    "人民币": "CNY", "元": "CNY", "yuan": "CNY", "rmb": "CNY", "欧元": "EUR", "歐元": "EUR",
    "euros": "EUR", "euro": "EUR", "英镑": "GBP", "日元": "JPY", "日圆": "JPY", "韩元": "KRW",
    "港元": "HKD", "卢比": "INR", "吨": "t", "公吨": "t", "噸": "t", "tonnes": "t",
    "tonne": "t", "tons": "t", "公斤": "kg", "千克": "kg", "kg": "kg", "克": "g",
    "公里": "km", "千米": "km", "km": "km", "米": "m", "平方公里": "km2", "公顷": "ha", "亩": "mu",
    "吉瓦时": "GWh", "gwh": "GWh", "吉瓦": "GW", "gw": "GW", "千瓦时": "kWh", "kwh": "kWh",
    "兆瓦": "MW", "mw": "MW", "千瓦": "kW", "度": "kWh", "纳米": "nm", "奈米": "nm", "nm": "nm",
    "桶": "barrel", "立方米": "m3", "小时": "hour", "hours": "hour", "分钟": "minute",
    "minutes": "minute", "天": "day", "日": "day", "days": "day", "周": "week", "weeks": "week",
    "个月": "month", "月": "month", "months": "month", "年": "year", "years": "year",
    "人次": "visit", "人": "person", "名": "person", "people": "person", "workers": "person",
    "家": "firm", "倍": "times", "次": "time", "项": "item", "个": "item", "辆": "vehicle",
    "台": "machine", "颗": "piece", "枚": "piece", "件": "piece", "种": "kind", "岁": "age",
}  # fmt: skip

_NUMBER = re.compile(
    r"(?P<dollar>[$€£￥¥])?\s*"
    r"(?:(?P<latin>\d[\d,]*(?:\.\d+)?)|(?P<han>[零〇一二三四五六七八九十百千两兩]+))"
    r"\s*(?P<scale>(?:[十百千万萬亿億]|thousand\b|million\b|billion\b|trillion\b)*)"
    r"\s*(?P<share>成)?"
    r"\s*(?P<unit>" + "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True)) + r")?",
    re.IGNORECASE,
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY"}


@dataclass(frozen=True, slots=True)
class Quantity:
    value: float  # in base units: 1.2万亿 is 1.2e12, 三成 is 30 %
    unit: str  # "" where none is written

    def same(self, other: Quantity) -> bool:
        """Equal values, and equal units where both have one."""
        close = abs(self.value - other.value) <= 1e-9 * max(abs(self.value), abs(other.value))
        return close and (self.unit == other.unit or "" in (self.unit, other.unit))


def han_number(text: str) -> int:
    """二百三十 → 230, 二〇二五 → 2025. Raises KeyError on any other character."""
    if not any(c in _HAN_SMALL for c in text):
        return int("".join(str(_HAN_DIGITS[c]) for c in text))
    total = digit = 0
    for character in text:
        if character in _HAN_SMALL:
            total += (digit or 1) * _HAN_SMALL[character]
            digit = 0
        else:
            digit = _HAN_DIGITS[character]
    return total + digit


def _scale(text: str) -> int:
    product = 1
    for word in re.findall(r"[a-z]+|.", text.lower()):
        product *= _ENGLISH.get(word) or _HAN_LARGE.get(word) or _HAN_SMALL.get(word) or 1
    return product


def quantities(text: str) -> list[Quantity]:
    """Every quantity in the text, in order. Years and list numbers are quantities too."""
    found: list[Quantity] = []
    for match in _NUMBER.finditer(unicodedata.normalize("NFKC", text)):
        latin, han = match["latin"], match["han"]
        value = float(latin.replace(",", "")) if latin else float(han_number(han))
        value *= _scale(match["scale"] or "")
        unit = _UNITS.get((match["unit"] or "").lower(), "")
        if match["share"]:
            value, unit = value * 10, "%"
        if match["dollar"]:
            unit = _SIGNS.get(match["dollar"], unit)
        found.append(Quantity(value, unit))
    return found
