"""Figures in running text, normalised: 1.2万亿美元, 三成, 百分之二十六, 60,000余家, $2.5 billion.

Everything here reads matching keys (half width, simplified, lower case), which are as long as
their text: an offset into the key is an offset into the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rag.units import ANY_UNIT, CURRENCY_SIGNS, UNITS, Unit

_HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "俩": 2}
_HAN_UNITS = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "亿": 10**8}
_ENGLISH_DIGITS = {
    w: i
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    w: 10 * i
    for i, w in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(),  # noqa: SIM905
        start=2,
    )
}
_ENGLISH_SCALES = {
    "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12,
    "mn": 10**6, "bn": 10**9, "tn": 10**12,
}  # fmt: skip

_ARABIC = r"(?<![\d.])\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_HAN = r"[零〇一二三四五六七八九两十百千万亿]+(?:点[零〇一二三四五六七八九]+)?"
_ENGLISH_WORD = "|".join(sorted(_ENGLISH_DIGITS, key=len, reverse=True))
_SCALE_WORD = "|".join(sorted(_ENGLISH_SCALES, key=len, reverse=True))
_WORDS = rf"(?:{_ENGLISH_WORD})(?:[- ](?:and )?(?:{_ENGLISH_WORD}|hundred|thousand))*"
_SIGN = "|".join(sorted(map(re.escape, CURRENCY_SIGNS), key=len, reverse=True))
_FIGURE = re.compile(
    rf"(?P<sign>{_SIGN})?\s?"
    rf"(?:(?P<percent>百分之)(?P<percent_of>{_ARABIC}|{_HAN})"
    rf"|(?P<parts>[一二三四五六七八九十百千万\d]+)分之(?P<part>[一二三四五六七八九十\d]+)"
    rf"|(?P<tenths>[一二三四五六七八九两]|\d(?:\.\d)?)成(?P<tenth>[一二三四五六七八九半])?"
    r"(?![立员功果品就本为交都熟语分])"
    rf"|(?P<arabic>{_ARABIC})|(?P<words>\b{_WORDS}\b)|(?P<han>{_HAN}))"
    rf"(?P<more>[多余几])?\s?(?P<scale>(?:[十百千]?万亿|[十百千]?[万亿]|[百千]"
    rf"|(?:{_SCALE_WORD})\b(?: (?:{_SCALE_WORD})\b)?))?(?P<half>半)?"
    rf"(?P<more2>[多余])?\s?(?P<unit>{ANY_UNIT})?(?P<more3>多)?"
)
_NO_FIGURES = ("万一", "千万", "百万")
_ADVERBS = frozenset("起时代道手步级点对口")  # 一起, 一时, 一道: no counts
_GOES_ON = re.compile(r"[至到][一二三四五六七八九十]")
_LATIN_END = re.compile(r"[a-z]$")
_ABOUT = re.compile(
    r"(?:约|大约|大概|近|将近|接近|几乎|差不多|左右|估计|about|around|nearly|almost|"
    r"approximately|roughly|some)\s*$"
)
_ABOVE = re.compile(
    r"(?:超|超过|超出|逾|突破|高于|不少于|不低于|至少|以上|起码|over|more than|above|at least|"
    r"exceeding|exceeded)\s*$"
)
_BELOW = re.compile(
    r"(?:不到|不足|低于|少于|不超过|至多|最多|以内|less than|under|below|up to|at most|"
    r"no more than)\s*$"
)
_ABOUT_AFTER = re.compile(r"\s?(?:左右|上下|or so)")
_ABOVE_AFTER = re.compile(r"\s?(?:以上|之多)")
_BELOW_AFTER = re.compile(r"\s?(?:以下|以内)")
_TO = re.compile(r"\s?(?:-|–|—|~|至|到|to)\s?")
# 12月3日, 2025年, 第3章, 3.2节, H20, [3]: figures that count nothing.
_ORDINAL = re.compile(r"(?:第|表|图|附件|chapter |table |figure |fig\. |no\.\s?)\s?$")
_DATE = re.compile(
    r"(?:19|20|21)\d\d年(?:度|底|末|初)?(?:\d{1,2}月)?(?:\d{1,2}[日号])?|\d{1,2}月\d{1,2}[日号]|"
    r"\d{1,2}世纪(?:\d0年代)?|\d0年代|(?<![\d.])\d{1,2}月(?:份|底|末|初|上旬|中旬|下旬)?(?![\d])|(?<!\d)\d{1,2}[日号](?=[,，、。至]|$)|"
    r"(?<![\d.,])(?:19|20)\d\d(?![\d.,%亿万年多余个])(?!\s?(?:million|billion|tonnes|kg|km|mw|gw))|"
    r"\d{1,2}:\d\d|[二一][零〇九八七][零〇一二三四五六七八九]{2}年?"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure at [start, end) of a key, words of degree (约, 超过) left out.

    `low` and `high` in the unit's base (1.2万亿 is 1.2e12, 三成 is 30 %); equal unless a range.
    `step`: the worth of the last digit written, so 1.2亿 has 1e7.
    `degree`: "" exact, "~" about, ">" more than, "<" less than.
    """

    start: int
    end: int
    low: float
    high: float
    unit: str  # canonical name; "" where none is written
    dimension: str  # "share", "money:USD", "mass" …; "" where the unit is none or unknown
    step: float
    degree: str

    def agrees(self, other: Quantity) -> bool:
        """Whether both may mean one value: rounding, 约 and 超过 taken as they are meant."""
        if self.dimension and other.dimension and self.dimension != other.dimension:
            return False
        return _close(self, other)


def _close(a: Quantity, b: Quantity) -> bool:
    low, high = max(a.low, b.low), min(a.high, b.high)
    if low <= high:
        return True  # equal, or one lies within the other's range
    gap = low - high
    size = max(abs(a.high), abs(b.high))
    rounding = max(a.step, b.step) / 2 * (1 + 1e-9)
    if gap <= rounding:
        return True
    lower, upper = (a, b) if a.high < b.low else (b, a)
    if lower.degree == ">" or upper.degree == "<":
        return gap <= 0.1 * size  # «more than 8,000» is said of 8,400, not of 20,000
    if "~" in (a.degree, b.degree):
        return gap <= max(rounding * 2, 0.02 * size)
    return gap <= 0.002 * size


def quantities(key: str) -> list[Quantity]:
    """All figures of a key, in order; dates, ordinals and numbers in names are left out."""
    return list(_quantities(key))


@lru_cache(maxsize=256)  # the judge looks at the best sentences, and then who seeks conflicts
def _quantities(key: str) -> tuple[Quantity, ...]:
    taken = [m.span() for m in _DATE.finditer(key)]
    found: list[Quantity] = []
    for match in _FIGURE.finditer(key):
        start, end = match.span()
        start += len(match.group()) - len(match.group().lstrip())
        if any(start < b and a < end for a, b in taken if not _outlasts(match, a, b)):
            continue
        one = _quantity(key, match, start)
        if one is not None:
            found.append(one)
    return tuple(_ranges(key, found))


def _outlasts(match: re.Match[str], start: int, end: int) -> bool:
    """2025吨 is no date: the figure goes on with a unit that the date does not hold."""
    return bool(match["unit"] or match["scale"]) and match.end() > end and match.start() <= start


def _quantity(key: str, match: re.Match[str], start: int) -> Quantity | None:
    before = key[:start]
    if _ORDINAL.search(before) or (_LATIN_END.search(before) and not match["words"]):
        return None
    if before.endswith(("[", "[^")) or (before.endswith(("-", "/")) and _is_latin(before[-2:-1])):
        return None
    if match["percent"]:
        value = number(match["percent_of"])
        if value is None:
            return None
        unit, step = UNITS["%"], _step(match["percent_of"])
        end = match.end("percent_of")
    elif match["parts"]:
        below, above = number(match["parts"]), number(match["part"])
        if not below or above is None:
            return None
        value, unit, step, end = 100 * above / below, UNITS["%"], 0.0, match.end("part")
    elif match["tenths"]:
        value = 10 * (number(match["tenths"]) or 0)
        if tail := match["tenth"]:
            value += 5 if tail == "半" else _HAN_DIGITS[tail]
        unit, step = UNITS["%"], 1.0 if match["tenth"] else 10.0
        end = match.end("tenth") if match["tenth"] else match.end("tenths") + 1
    else:
        return _counted(key, match, start)
    return Quantity(start, end, value, value, unit.name, unit.dimension, step,
                    _degree(key, start, end, None))  # fmt: skip


def _counted(key: str, match: re.Match[str], start: int) -> Quantity | None:
    digits = match["arabic"] or match["words"] or match["han"]
    value = number(digits)
    if value is None:
        return None
    end = match.end()
    unit_text, scale_text = match["unit"], match["scale"]
    after = key[end : end + 1]
    if unit_text and unit_text[-1:].isascii() and unit_text[-1:].isalpha() and _is_latin(after):
        unit_text, end = None, match.end("scale") if scale_text else match.end(_digits(match))
    idle = len(digits) == 1 or digits in _NO_FIGURES  # 一 and 两 in running text
    if match["han"] == "一" and unit_text in _ADVERBS:
        return None
    if match["han"] and not unit_text and idle and not _GOES_ON.match(key, match.end()):
        return None
    if (
        not unit_text
        and not scale_text
        and not key[end - 1].isspace()
        and key[end : end + 1].isascii()
        and key[end : end + 1].isalpha()
    ):
        return None  # 4o, 3d
    scale = _scale(scale_text or "")
    step = _step(digits) * scale
    value *= scale
    if match["half"]:
        if not (unit_text or scale_text):
            return None
        value += 0.5 * scale
        step = min(step, 0.5 * scale)
    unit = UNITS.get(unit_text or "", Unit("", "", 1.0))
    if match["sign"]:
        unit = UNITS[CURRENCY_SIGNS[match["sign"]]]
        start = match.start("sign")
    while end > start and key[end - 1].isspace():
        end -= 1
    more = match["more"] or match["more2"] or match["more3"]
    low = value * unit.factor
    return Quantity(start, end, low, low, unit.name, unit.dimension, step * unit.factor,
                    _degree(key, start, end, more))  # fmt: skip


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _digits(match: re.Match[str]) -> str:
    return next(name for name in ("arabic", "words", "han") if match[name])


def _degree(key: str, start: int, end: int, more: str | None) -> str:
    before = key[max(0, start - 14) : start]
    if _BELOW.search(before) or _BELOW_AFTER.match(key, end):
        return "<"
    if more or _ABOVE.search(before) or _ABOVE_AFTER.match(key, end):
        return ">"
    if _ABOUT.search(before) or _ABOUT_AFTER.match(key, end):
        return "~"
    return ""


def _ranges(key: str, found: list[Quantity]) -> list[Quantity]:
    """Neighbours joined where 至, 到 or a dash stands between them: 5.5%—6%, 四到六个月."""
    out: list[Quantity] = []
    for one in found:
        last = out[-1] if out else None
        if last is None or not _TO.fullmatch(key, last.end, one.start) or last.low != last.high:
            out.append(one)
            continue
        low = last.low
        if not last.unit and one.unit:
            unit = next(u for u in UNITS.values() if u.name == one.unit)
            low *= unit.factor
            # 3-5万吨: the scale stands once, too.
            while low and low * 10**4 <= one.high * 1.0001 and one.step >= 10**4 and low < 10**4:
                low *= 10**4
        elif last.unit != one.unit:
            out.append(one)
            continue
        if low > one.high:
            out.append(one)
            continue
        out[-1] = Quantity(last.start, one.end, low, one.high, one.unit, one.dimension,
                           max(one.step, 0.0), one.degree or last.degree)  # fmt: skip
    return out


def number(text: str) -> float | None:
    """1,250.5 → 1250.5, 三十五点二 → 35.2, 二〇二五 → 2025, thirty-three → 33; None for others."""
    text = text.strip()
    if not text:
        return None
    if text[0].isdigit():
        try:
            return float(text.replace(",", ""))
        except ValueError:
            return None
    if text[0].isascii():
        return _english(text)
    whole, _, fraction = text.partition("点")
    value = _han(whole)
    if value is None:
        return None
    if fraction:
        value += sum(_HAN_DIGITS[c] / 10**i for i, c in enumerate(fraction, start=1))
    return value


def _han(text: str) -> float | None:
    if len(text) > 1 and all(c in _HAN_DIGITS for c in text):
        return float("".join(str(_HAN_DIGITS[c]) for c in text))
    total = part = 0.0
    digit: int | None = None
    last = 1
    for char in text:
        if char in _LARGE:
            part += digit or 0
            if not part and not total:
                return None
            total = (total + part) * _LARGE[char] if char == "亿" else total + part * _LARGE[char]
            part, digit, last = 0.0, None, _LARGE[char]
        elif char in _HAN_UNITS:
            part += (1 if digit is None else digit) * _HAN_UNITS[char]
            digit, last = None, _HAN_UNITS[char]
        elif char in _HAN_DIGITS:
            if digit:
                return None
            digit = _HAN_DIGITS[char]
            if not digit:
                last = 1  # 一百零二: what follows are ones
        else:
            return None
    if digit and last >= 100:
        digit *= last // 10  # 五千四百八 is 5,480
    return total + part + (digit or 0)


def _english(text: str) -> float | None:
    total = part = 0.0  # a whole number of 160 hundreds is too large for a float
    for word in re.split(r"[- ]", text):
        if word in _ENGLISH_DIGITS:
            part += _ENGLISH_DIGITS[word]
        elif word == "hundred":
            part = max(part, 1) * 100
        elif word in _ENGLISH_SCALES:
            total += max(part, 1) * _ENGLISH_SCALES[word]
            part = 0
        elif word != "and":
            return None
    return total + part


def _scale(text: str) -> float:
    product = 1.0
    for word in re.findall(r"[a-z]+|[^a-z ]", text):
        product *= _ENGLISH_SCALES.get(word) or _LARGE.get(word) or _HAN_UNITS.get(word) or 1
    return product


def _step(digits: str) -> float:
    """The worth of the last digit: 1 for 1,250 and 1,200, 0.1 for 3.5; 0 for number words.

    Trailing zeros count as written: 1,200 may well be exact.
    """
    if digits[0].isdigit():
        _, _, fraction = digits.partition(".")
        return float(10 ** -len(fraction))
    _, _, fraction = digits.partition("点")
    return float(10 ** -len(fraction))
