"""Where a Chinese name begins that a bracket after it ends: 报告由|美国半导体行业协会（SIA）.

Only on evidence; None where there is none.
"""

from __future__ import annotations

import re

from index.alias_words import (
    FOREIGN,
    GENERIC,
    INSTITUTIONS,
    PAPERS,
    PLACE_NAMES,
    PLACES,
    ROLES,
    STOPS,
)
from index.schema import Span
from index.segmenting import token_spans

_HAN = "〇㐀-鿿豈-﫿"
_QUOTES = {"”": "“", "』": "『", "」": "「", "》": "《", "〉": "〈", "’": "‘", "»": "«", '"': '"'}
_SPOKEN = re.compile(r"[。！？；!?;\n]|.{61}")  # a quotation that is no name
_RUN = 30  # characters before a bracket that may belong to the name
_DOTS = "·・•‧･"
_HAN_RUN = re.compile(rf"[{_HAN}{_DOTS}\-－—‑]+\Z")
HAN_NAME = re.compile(rf"[{_HAN}{_DOTS}]{{2,20}}")
ACRONYM = re.compile(r"[A-Za-z]{0,2}[A-Z][A-Za-z0-9&\-/]{0,8}[A-Z0-9]s?")
AND_WORDS = ("和", "与", "及", "同")
SMALL_WORDS = frozenset(
    {"of", "and", "the", "for", "in", "on", "to", "de", "la", "du", "a", "an", "et", "with", "&"}
)


def quoted_name(text: str, first: int, end: int) -> Span | None:
    """《芯片与科学法》 without its marks; “大而美”法案 with them."""
    if end <= first:
        return None
    if text[end - 1] in _QUOTES:
        at = text.rfind(_QUOTES[text[end - 1]], first, end - 1)
        if not 0 <= at < end - 2 or _SPOKEN.search(text, at, end):
            return None
        is_title = text[at] in "《〈«"
        return Span(at + 1, end - 1) if is_title or end - at <= 22 else None
    tail = re.search(rf"[{_HAN}]{{1,4}}\Z", text[first:end])
    if tail is None or tail.start() == 0:
        return None
    close = first + tail.start() - 1
    if text[close] not in _QUOTES or not tail[0].endswith(INSTITUTIONS):
        return None
    at = text.rfind(_QUOTES[text[close]], first, close)
    return Span(at, end) if at >= 0 and close - at > 2 else None


def fitting_length(latin: str, is_institution: bool) -> tuple[int, int, int]:
    """Chinese characters that the equal of a Latin name has: at least, likely at least, at most."""
    if ACRONYM.fullmatch(latin):
        n = sum(c.isalnum() for c in latin.removesuffix("s"))
        return max(2, n), max(3, round(1.6 * n)), 3 * n + 1
    words = [w for w in re.split(r"[\s\-/]+", latin) if w and w.lower() not in SMALL_WORDS]
    if len(words) < 2:
        return 2, 3, max(3, round(len(latin) / 1.7))
    return len(words), 2 * len(words), (5 if is_institution else 3) * len(words)


def is_stop(token: str) -> bool:
    """Whether no name reaches over the word: 的, 由, 投了."""
    return token in STOPS or (len(token) > 1 and token[-1] in "了着的")


def _is_institution(name: str) -> bool:
    return name.endswith(INSTITUTIONS)


def chinese_name(text: str, first: int, end: int, latin: str) -> Span | None:
    """The Chinese name that ends at `end` and that `latin` stands for; None without evidence."""
    run = _HAN_RUN.search(text[first:end])
    if run is None:
        return None
    start = max(first + run.start(), end - _RUN)
    if (name := _foreign_name(text, start, end, latin)) is not None:
        return name
    edges, is_hard = _edges(text, start, end, " and " in latin.lower() or "&" in latin)
    low, likely, high = fitting_length(latin, _is_institution(text[start:end]))
    fitting = [at for at in edges if low <= end - at <= high]
    if not fitting:
        return None
    whole = is_hard and edges[0] == fitting[0]
    if whole and _is_institution(text[start:end]):
        return _without_place(text, edges[0], end, likely)
    for at in fitting:  # longest first
        if end - at >= likely and _is_repeated(text, at, end):
            return _without_place(text, at, end, likely)
    # The whole stretch since a word that no name reaches over.
    if not whole or end - edges[0] < likely or text[edges[0] : end] in PLACES:
        return None
    return _without_place(text, edges[0], end, likely)


def _edges(text: str, start: int, end: int, joins: bool = False) -> tuple[list[int], bool]:
    """Where words begin in [start, end) after the last stop word; whether the first is certain.

    `joins`: the name may hold an "and".
    """
    edges: list[int] = []
    before = text[max(0, start - 3) : start].rstrip()[-1:]
    is_hard = not before.isalnum() and end - start < _RUN
    run = text[start:end]
    institution = _is_institution(run)
    for token, a, b in token_spans(run):
        if edges and token in AND_WORDS and len(run) - b >= 3 and (joins or institution):
            continue  # 工业和安全局
        is_role = token in ROLES and b < len(run) and not (institution and edges)
        if is_stop(token) or is_role:
            edges, is_hard = [], True
        elif token[0] == "由":  # no name begins with it, but a segmenter may glue it to one
            edges, is_hard = [start + a + 1], True
        else:
            edges.append(start + a)
    return edges, is_hard


def _is_repeated(text: str, start: int, end: int) -> bool:
    """Whether the name stands elsewhere, nearby, and not only after the same word."""
    name, before = text[start:end], text[max(0, start - 2) : start]
    low, high = max(0, start - 100_000), end + 100_000
    at = text.find(name, low, high)
    while at >= 0:
        if at != start and (not before or text[max(0, at - 2) : at] != before):
            return True
        at = text.find(name, at + 1, high)
    return False


def _without_place(text: str, start: int, end: int, likely: int) -> Span:
    """美国人工智能（AI） is about 人工智能; 美国地质调查局（USGS） keeps its country."""
    spans = token_spans(text[start:end])
    if len(spans) < 2 or spans[0][0] not in PLACES:
        return Span(start, end)
    rest = Span(start + spans[0][2], end)
    if _is_institution(text[start:end]):  # 美国德国马歇尔基金会
        return rest if spans[1][0] in PLACES else Span(start, end)
    return rest if end - start > 1.5 * likely and len(rest) >= likely else Span(start, end)


def _foreign_name(text: str, start: int, end: int, latin: str) -> Span | None:
    """约翰·诺伊弗（John Neuffer）: the characters that foreign names are written with."""
    words = latin.split()
    if ACRONYM.fullmatch(latin) or not all(w[0].isupper() for w in words):
        return None
    at = end
    while at > start and (text[at - 1] in FOREIGN or text[at - 1] in _DOTS + "-－"):
        at -= 1
    dot = min((i for i in range(at, end) if text[i] in _DOTS), default=end)
    edges = [start + a for token, a, _ in token_spans(text[start:end]) if not is_stop(token)]
    begin = next((edge for edge in edges if at <= edge < dot), None)  # 经理|迈克尔
    if begin is None:
        return None
    low, high = 2, min(6, max(2, round(len(words[-1]) / 1.4)))
    if dot < end:
        low, high = 4, 16
    return Span(begin, end) if low <= end - begin <= high else None


# --- 以下简称 ---


def full_name(text: str, first: int, end: int, short: str, is_abridged: bool) -> Span | None:
    """The full name that ends at `end`, of which `short` keeps characters in their order."""
    if _is_generic(short) or not HAN_NAME.fullmatch(short):
        return None
    quoted = quoted_name(text, first, end)
    if quoted is not None:
        long = text[quoted.start : quoted.end]
        kept = _kept_from(long, short) is not None
        return quoted if kept and len(long) > len(short) and not _is_tail(long, short) else None
    stop = end
    if end > first and text[end - 1] in "）)":  # 合伙企业（有限合伙）（以下简称…）
        stop = max(text.rfind("（", first, end), text.rfind("(", first, end))
        if stop < first:
            return None
    run = re.search(rf"[{_HAN}]+(?:[（(][{_HAN}]{{2,6}}[）)][{_HAN}]+)?\Z", text[first:stop])
    if run is None:
        return None
    start = max(first + run.start(), end - 40)
    kept_from = _kept_from(text[start:stop], short)
    if kept_from is None:  # another name altogether: 城市定制型商业医疗保险（俗称惠民保）
        edges, is_hard = _edges(text, start, stop)
        whole = edges and is_hard and len(short) < stop - edges[0] <= 14
        return Span(edges[0], end) if whole and not is_abridged else None
    begin = start + kept_from
    if begin == start and text[start - 1 : start].isalpha():
        return None  # 成渝RCEP跨境贸易中心
    at = begin
    for token, a, b in reversed(token_spans(text[start:stop])):
        # A place before the name belongs to it.
        cuts_place = a < at - start < b and token.startswith(PLACE_NAMES)
        if cuts_place or (start + b == at and token in PLACES):
            at = start + a
    long = text[begin:stop]
    return Span(at, end) if len(long) > len(short) + 1 and not _is_tail(long, short) else None


def _is_generic(short: str) -> bool:
    """Words that every document calls something else by."""
    tokens = [token for token, _, _ in token_spans(short)]
    if len(short) < 2 or short in GENERIC or all(t in GENERIC or t in STOPS for t in tokens):
        return True
    return len(short) <= 4 and short.endswith(PAPERS)


def _kept_from(long: str, short: str) -> int | None:
    """Where the last alignment of `short`, in order, begins in `long`; None where there is none."""
    at = len(long)
    for char in reversed(short):
        at = long.rfind(char, 0, at)
        if at < 0:
            return None
    return at


def _is_tail(long: str, short: str) -> bool:
    """合作中心 of 中非海洋科学合作中心 tells nothing of which."""
    return len(short) <= 4 and long.endswith(short)
