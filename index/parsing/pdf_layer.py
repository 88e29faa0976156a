"""The text layer of a PDF page: rows of segments with their boxes, in reading order."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import pi
from statistics import median
from typing import Any

_HYPHENS = (0x02, 0xFFFE)  # what PDFium gives for a hyphen at a line's end
_SAMPLE = 200  # characters of a page that are asked which way they run
_SMALL = 0.8  # a character below this share of its row's height is raised or lowered


@dataclass(slots=True)
class Segment:
    """Characters without a wide gap between them."""

    text: str
    left: float
    right: float
    raised: list[tuple[int, int]]  # [start, end) of small characters in `text`
    lefts: list[float]  # of each character of `text`
    top: float = 0.0  # of its row
    bottom: float = 0.0

    def cut(self, x: float) -> tuple[Segment, Segment] | None:
        """The two sides of a ruled line at `x`; None where it does not run through the segment."""
        at = next((i for i, left in enumerate(self.lefts) if left >= x - 1), len(self.lefts))
        head, tail = self.text[:at].rstrip(), self.text[at:]
        if not head or not tail.strip():
            return None
        first = [(a, b) for a, b in self.raised if b <= at]
        second = [(a - at, b - at) for a, b in self.raised if a >= at]
        return (
            replace(self, text=head, right=x, raised=first, lefts=self.lefts[: len(head)]),
            replace(self, text=tail, left=self.lefts[at], raised=second, lefts=self.lefts[at:]),
        )


@dataclass(slots=True)
class Row:
    """What stands on one baseline, left to right. Points from the bottom left corner of the page as
    it is shown, turned and cropped."""

    segments: list[Segment]
    top: float
    bottom: float
    size: float  # height of its usual character

    @property
    def left(self) -> float:
        return self.segments[0].left

    @property
    def right(self) -> float:
        return self.segments[-1].right

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.segments)


_Char = tuple[str, float, float, float, float]  # character, left, right, bottom, top
_Bounds = tuple[float, float, float, float]  # left, bottom, right, top


def as_shown(page: Any) -> Callable[[float, float, float, float], _Bounds] | None:
    """From the page's own coordinates to those of `Row`; None where they are the same.

    A page can be turned by quarters, and cut out of a larger sheet.
    """
    turn = page.get_rotation()
    x0, y0, x1, y1 = page.get_bbox()
    if turn == 0 and (x0, y0) == (0.0, 0.0):
        return None

    def moved(left: float, bottom: float, right: float, top: float) -> _Bounds:
        if turn == 90:
            return bottom - y0, x1 - right, top - y0, x1 - left
        if turn == 180:
            return x1 - right, y1 - top, x1 - left, y1 - bottom
        if turn == 270:
            return y1 - top, left - x0, y1 - bottom, right - x0
        return left - x0, bottom - y0, right - x0, top - y0

    return moved


def turn_upright(page: Any) -> None:
    """Turns the page by quarters until most of its text runs from left to right: a table is often
    set sideways on a sheet that nobody turned."""
    from pypdfium2 import raw as pdfium

    text_page = page.get_textpage()
    try:
        handle = text_page.raw
        count = max(0, pdfium.FPDFText_CountChars(handle))
        quarters = Counter(
            round(pdfium.FPDFText_GetCharAngle(handle, i) / (pi / 2)) % 4
            for i in range(0, count, max(1, count // _SAMPLE))
            if pdfium.FPDFText_GetUnicode(handle, i) > 32
        )
    finally:
        text_page.close()
    # Angles are counterclockwise in the page's own coordinates, turns are clockwise.
    for quarter, n in quarters.most_common(1):
        turn = -quarter % 4 * 90
        if n > 0.8 * quarters.total() and turn != page.get_rotation():
            page.set_rotation(turn)


def read_rows(page: Any) -> list[Row]:
    """All rows of a page in the order of its content, which follows columns."""
    from pypdfium2 import raw as pdfium

    moved = as_shown(page)
    text_page = page.get_textpage()
    try:
        handle = text_page.raw
        count = pdfium.FPDFText_CountChars(handle)
        box = pdfium.FS_RECTF()
        pointer = ctypes.byref(box)
        lines: list[list[_Char]] = [[]]
        for i in range(max(0, count)):
            code = pdfium.FPDFText_GetUnicode(handle, i)
            if code in (10, 13):
                if lines[-1]:
                    lines.append([])
                continue
            if code in _HYPHENS:
                code = 0x2D
            if code == 0 or 0xD800 <= code <= 0xDFFF:
                code = 0xFFFD
            if not pdfium.FPDFText_GetLooseCharBox(handle, i, pointer):
                lines[-1].append((chr(code), 0.0, 0.0, 0.0, 0.0))
            elif moved is not None:
                left, bottom, right, top = moved(box.left, box.bottom, box.right, box.top)
                lines[-1].append((chr(code), left, right, bottom, top))
            else:
                lines[-1].append((chr(code), box.left, box.right, box.bottom, box.top))
    finally:
        text_page.close()
    rows = [row for line in lines if (row := _row(line)) is not None]
    return same_baseline(rows)


def _row(line: Sequence[_Char]) -> Row | None:
    solid = [c for c in line if not c[0].isspace() and c[4] > c[3]]
    if not solid:
        return None
    size = median(c[4] - c[3] for c in solid)
    usual = [c for c in solid if c[4] - c[3] >= _SMALL * size] or solid
    row = Row([], max(c[4] for c in usual), min(c[3] for c in usual), size)
    text: list[str] = []
    raised: list[tuple[int, int]] = []
    lefts: list[float] = []
    left = right = solid[0][1]
    for char in line:
        if char[0].isspace() or char[4] <= char[3]:
            if text and not text[-1].isspace():
                text.append("\u3000" if char[0] == "\u3000" else " ")
                lefts.append(right)
            continue
        if text and char[1] - right > max(0.95 * size, 7.0):
            _close(row, text, left, right, raised, lefts)
            text, raised, lefts, left = [], [], [], char[1]
        if char[4] - char[3] < _SMALL * size:
            at = len(text)
            if raised and raised[-1][1] == at:
                raised[-1] = (raised[-1][0], at + 1)
            else:
                raised.append((at, at + 1))
        text.append(char[0])
        lefts.append(char[1])
        right = max(char[2], right) if text[:-1] else char[2]
    _close(row, text, left, right, raised, lefts)
    return row if row.segments else None


def _close(
    row: Row,
    text: list[str],
    left: float,
    right: float,
    raised: list[tuple[int, int]],
    lefts: list[float],
) -> None:
    words = "".join(text).rstrip()
    if words:
        lefts = lefts[: len(words)]
        row.segments.append(Segment(words, left, right, raised, lefts, row.top, row.bottom))


def same_baseline(rows: list[Row]) -> list[Row]:
    """Rows that PDFium broke apart although they stand side by side (cells of a table)."""
    merged: list[Row] = []
    for row in rows:
        last = merged[-1] if merged else None
        if last is not None and row.left >= last.right - 1 and _overlap(last, row) > 0.6:
            last.segments += row.segments
            last.top, last.bottom = max(last.top, row.top), min(last.bottom, row.bottom)
        else:
            merged.append(row)
    return merged


def _overlap(a: Row, b: Row) -> float:
    shared = min(a.top, b.top) - max(a.bottom, b.bottom)
    return shared / max(1.0, min(a.top - a.bottom, b.top - b.bottom))


def in_reading_order(rows: list[Row]) -> list[Row]:
    """From top to bottom where the page has one column; else as the content has them.

    Headers and notes are often drawn first, wherever they stand.
    """
    by_height = sorted(rows, key=lambda r: -r.top)
    for a, b in pairwise(by_height):
        if _overlap(a, b) > 0.5 and (a.right < b.left or b.right < a.left):
            return _outer_rows(rows)
    return by_height


def _outer_rows(rows: list[Row]) -> list[Row]:
    """Two columns: what is drawn first but stands beneath all others goes last, and the reverse."""
    middle = list(rows)
    foot: list[Row] = []
    while len(middle) > 1 and all(middle[0].top <= r.bottom + 1 for r in middle[1:]):
        foot.append(middle.pop(0))
    head: list[Row] = []
    while len(middle) > 1 and all(middle[-1].bottom >= r.top - 1 for r in middle[:-1]):
        head.insert(0, middle.pop())
    return head + middle + sorted(foot, key=lambda r: -r.top)
