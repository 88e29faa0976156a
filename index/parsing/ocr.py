"""Scanned pages: what a recogniser sees on the picture of a page, as rows of the text layer.

The recogniser is an extra, wenju[ocr]: RapidOCR, which carries its models (PP-OCR, Chinese and
English) in its package and fetches nothing.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

from index.parsing.pdf_layer import Row, Segment, same_baseline

SCALE = 150 / 72  # pixels a point: small print is still read, and a page takes seconds
_MOST_PIXELS = 4000  # along a page's longer side, however large it says it is
now = time.monotonic
_LEAST = 0.5  # confidence below which words are more likely dirt


@dataclass(frozen=True, slots=True)
class Seen:
    """Words on a picture, in pixels from its top left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float


Recogniser = Callable[[Any], Sequence[Seen]]  # of an (height, width, 3) uint8 picture, BGR


@functools.cache
def recogniser() -> Recogniser | None:
    """The installed one, loaded; None without the extra."""
    if find_spec("rapidocr") is None or find_spec("onnxruntime") is None:
        return None
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})

    def read(picture: Any) -> list[Seen]:
        result = engine(picture)
        if result.boxes is None or result.txts is None:
            return []
        return [
            Seen(text, *(float(v) for v in (*box.min(axis=0), *box.max(axis=0))))
            for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True)
            if score >= _LEAST and text.strip()
        ]

    return read


def read_page(page: Any, read: Recogniser) -> list[Row]:
    """The rows of a scanned page in reading order, in points; [] where nothing is written."""
    width, height = page.get_size()
    scale = min(SCALE, _MOST_PIXELS / max(width, height, 1.0))
    bitmap = page.render(scale=scale)
    try:
        seen = read(bitmap.to_numpy())
    finally:
        bitmap.close()
    seen = [s for s in seen if s.text.strip() and s.right > s.left and s.bottom > s.top]
    if not seen:
        return []
    # A box is drawn a little larger than its type, and now more, now less: sizes are evened out.
    usual = median(s.bottom - s.top for s in seen)
    ordered = _in_columns(seen, width * scale)
    rows = []
    for words in ordered:
        own = words.bottom - words.top
        size = (usual if 0.75 * usual < own < 1.35 * usual else own) * 0.8 / scale
        rows.append(_row(words, size, height, scale))
    return same_baseline(rows)


def _row(seen: Seen, size: float, height: float, scale: float) -> Row:
    text = seen.text.strip()
    left, right = seen.left / scale, seen.right / scale
    step = (right - left) / len(text)
    lefts = [left + i * step for i in range(len(text))]
    top, bottom = height - seen.top / scale, height - seen.bottom / scale
    return Row([Segment(text, left, right, [], lefts, top, bottom)], top, bottom, size)


def _in_columns(seen: Sequence[Seen], width: float) -> list[Seen]:
    """From top to bottom; where the page has two columns of text, one after the other."""
    middle = width / 2
    left = [s for s in seen if s.right <= middle + 0.02 * width]
    right = [s for s in seen if s.left >= middle - 0.02 * width]
    prose = min(len(left), len(right)) >= 4 and all(
        median(s.right - s.left for s in side) >= 0.25 * width for side in (left, right)
    )
    if not prose:
        return _from_top(seen)
    ordered: list[Seen] = []
    across = _from_top([s for s in seen if s not in left and s not in right])
    top = 0.0
    for bar in [*across, None]:
        end = bar.top if bar is not None else float("inf")
        for side in (left, right):
            ordered += _from_top([s for s in side if top <= (s.top + s.bottom) / 2 < end])
        if bar is not None:
            ordered.append(bar)
            top = end
    return ordered


def _from_top(seen: Sequence[Seen]) -> list[Seen]:
    """Lines from top to bottom, the words of a line from left to right."""
    ordered: list[Seen] = []
    line: list[Seen] = []
    for words in sorted(seen, key=lambda s: (s.top + s.bottom, s.left)):
        if line and (words.top + words.bottom) / 2 > line[0].bottom:
            ordered += sorted(line, key=lambda s: s.left)
            line = []
        line.append(words)
    return ordered + sorted(line, key=lambda s: s.left)


def page_list(pages: Sequence[int]) -> str:
    """Ascending pages as a reader writes them: 1, 3–7."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page == runs[-1][1] + 1:
            runs[-1][1] = page
        else:
            runs.append([page, page])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in runs)


def advice(pages: str) -> str:
    """What to do about pages without a text layer, given as `page_list` writes them."""
    some = f"{'pages' if not pages.isdecimal() else 'page'} {pages}"
    has = "has" if pages.isdecimal() else "have"
    if recogniser_is_there():
        return (
            f"{some} {has} no text layer and nothing could be read there, or not within "
            "max_ocr_pages and half of max_seconds; look, or raise these"
        )
    return (
        f"{some} {has} no text layer (a scan?); for OCR pip install 'wenju[ocr]', then index "
        "with --rebuild"
    )


def recogniser_is_there() -> bool:
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None
