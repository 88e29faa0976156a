"""One page of a PDF: what stands on it, by its text layer or by a recogniser."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Any

from index.parsing import ocr
from index.parsing.pdf_layer import Row, in_reading_order, read_rows, turn_upright
from index.parsing.pdf_tables import Grid, find_grids, read_rules

_STAMP = 30  # characters; a page with more has a text layer


@dataclass(slots=True)
class Page:
    number: int
    rows: list[Row]
    grids: list[Grid]
    height: float
    is_scan: bool = False
    is_silent: bool = False  # something is on it, but no text that could be read


def read_page(page: Any, number: int, *, until: float = inf) -> Page:
    """A page by its text layer, or what a recogniser sees on the picture in its place.

    A page whose text runs sideways is turned, here and wherever `page` is used afterwards.
    `until`: on the clock of `ocr.now`; later, no recogniser is asked.
    """
    turn_upright(page)
    rows = in_reading_order(read_rows(page))
    if _is_scan(page, rows):
        found = _recognised(page) if ocr.now() < until else []
        return Page(number, found or rows, [], page.get_height(), True, not found)
    grids = find_grids(rows, read_rules(page)) if rows else []
    return Page(number, rows, grids, page.get_height())


def _is_scan(page: Any, rows: list[Row]) -> bool:
    """A picture, or outlines, in place of text; a stamp or a page number over it does not count."""
    from pypdfium2 import raw as pdfium

    if sum(len(row.text) for row in rows) > _STAMP:
        return False
    if not rows:
        return next(iter(page.get_objects(max_depth=2)), None) is not None
    width, height = page.get_size()
    for picture in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) >= 0.6 * width * height:
            return True
    return False


def _recognised(page: Any) -> list[Row]:
    read = ocr.recogniser()
    return ocr.read_page(page, read) if read is not None else []
