"""What stands around a figure, a date or a name in its sentence, and says what it is.

Everything here reads matching keys; places are characters of them.
"""

from __future__ import annotations

import re

from rag.quantities import Quantity, quantities

_WINDOW = 30  # characters before a figure that say what it is
_AFTER = 14  # characters behind a figure that say what it is: 17人受伤
_FEW = 4  # pairs of characters: a clause with fewer needs the one before
COMMA = r",(?!\d)|(?<!\d),"  # no comma of 1,250
_CLAUSE = re.compile(rf"[;；。!！?？]|{COMMA}")
STOP = re.compile(r"[;；。]")
_ENUMERATES = re.compile("、")
_SAYS = re.compile(
    r"(?:(?![约近超逾达共计有为是的了在到及和与已则又仅只年月日])[㐀-鿿]){2}|[a-z]{3}"
)  # more than that there is so much
_EMPTY = re.compile(
    r"\d{1,4}\s?[年月日号季](?:[底末初度])?|[\d.,%]+|[约近超逾达共计有为是的了在到及和与已全]|大约|左右|超过|达到|合计|一共|总计|其中"
)
_WORD = re.compile(r"[a-z]{3,}")
_STOP_WORDS = frozenset(
    ("the", "and", "for", "from", "with", "that", "this", "was", "were", "are", "its", "has",
     "had", "about", "over")
)  # fmt: skip
_NUMBER = re.compile(r"\d")
# 2025 年, 14时, 3号机组: no counts.
_NO_FIGURE = re.compile(
    r"(?:19|20)\d\d 年|\d{1,2}时(?!间)|[\d一二三四五六七八九十]+号[㐀-鿿]|[二三]套住?房"
)


def attribute_of(keyed: str, at: int, end: int) -> str:
    """The clause up to a figure; where that says little, what follows, else the clause before."""
    start, stop = clause_at(keyed, at)
    if len(tokens(keyed[start:at])) >= _FEW:
        return keyed[max(start, at - _WINDOW) : at]
    after = keyed[end : min(stop, end + _WINDOW)]
    if len(tokens(after)) >= _FEW and not _NUMBER.search(after):
        return f"{keyed[start:at]} {after}"
    start = clause_at(keyed, max(0, start - 1))[0]
    return keyed[max(start, at - _WINDOW) : at]


def around(keyed: str, at: int, end: int) -> str:
    """The clause of a date or a name without it; the next one or the one before, where it is short.

    3月1日，大桥通车: what happened stands in the next clause.
    """
    start, stop = clause_at(keyed, at)
    text = f"{keyed[start:at]} {keyed[end:stop]}"
    if len(tokens(text)) < _FEW and stop < len(keyed):
        text += keyed[stop : clause_at(keyed, min(stop + 1, len(keyed)))[1]]
    if len(tokens(text)) < _FEW and start > 1:
        text = keyed[clause_at(keyed, start - 1)[0] : start] + text
    return text


def tokens(keyed: str) -> frozenset[str]:
    """Pairs of Chinese characters and Latin words, words of degree and figures left out."""
    plain = _EMPTY.sub(" ", keyed)
    han = {
        plain[i : i + 2]
        for i in range(len(plain) - 1)
        if "\u3400" <= plain[i] <= "\u9fff" and "\u3400" <= plain[i + 1] <= "\u9fff"
    }
    return frozenset(han | {w for w in _WORD.findall(plain) if w not in _STOP_WORDS})


def clause_at(keyed: str, at: int) -> tuple[int, int]:
    """[start, end) of the clause around `at`."""
    start = max((m.end() for m in _CLAUSE.finditer(keyed, 0, at)), default=0)
    end = _CLAUSE.search(keyed, at)
    return start, end.start() if end else len(keyed)


def own_words(keyed: str, at: int, end: int) -> str:
    """What is said of the figure at [at, end) alone: no more of a clause than up to other figures.

    «3人死亡、17人受伤» says 受伤 of 17. Where nothing stands between two figures (5,917亿块、
    4,243亿美元), they share what stands before the first.
    """
    start, stop = clause_at(keyed, at)
    left = max([start, *(m.end() for m in _ENUMERATES.finditer(keyed, start, at))])
    others = stated_quantities(keyed)
    left = max([left, *(q.end for q in others if start <= q.start and q.end <= at)])
    right = min([stop, end + _AFTER, *(q.start for q in others if q.start >= end)])
    after = keyed[end:right]
    if left > start and not _SAYS.search(keyed[left:at]) and not _SAYS.search(after):
        left = start
    if not _SAYS.search(keyed[left:at] + " " + after) and start > 1:
        left = clause_at(keyed, start - 1)[0]
    return f"{keyed[left:at]} {after}"


def since_stop(keyed: str, at: int) -> int:
    """Where what a semicolon or a stop ends before `at` is over."""
    return max((m.end() for m in STOP.finditer(keyed, 0, at)), default=0)


def since_last(keyed: str, at: int) -> str:
    """A sentence from the last figure before `at`, or the last semicolon, on."""
    start = since_stop(keyed, at)
    ends = [q.end for q in stated_quantities(keyed) if start <= q.start and q.end <= at]
    return keyed[max([start, *ends]) : at]


def stated_quantities(keyed: str) -> list[Quantity]:
    """In order, without what only looks like one: years, hours, numbers of things."""
    return [q for q in quantities(keyed) if not _NO_FIGURE.match(keyed, q.start)]
