"""Where words of a document stand on the pages of its PDF, and pictures of these pages.

No boxes are kept in a library: the page is read again from the original, by the very code that read
it before, and is believed only where it says the same, character for character.
"""

from __future__ import annotations

import io
import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from index.errors import OriginalUnavailable
from index.parsing.pdf import Layer, write
from index.parsing.pdf_page import Page, read_page
from index.schema import Document, Span

_MOST_PIXELS = 4000  # along a page's longer side
_SLACK = 64  # characters at the start of a page that cleaning may have dropped
_PDFIUM = threading.Lock()  # PDFium is not safe to use from several threads


@dataclass(frozen=True, slots=True)
class Box:
    """Points from the top left corner of the page as it is shown; `bottom` is the larger."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageView:
    """A page that spans touch. No boxes: on it, but where exactly cannot be said for sure."""

    number: int  # from 1
    width: float  # points, as shown
    height: float
    boxes: tuple[Box, ...]  # one a line, in order of the text
    scale: float  # pixels of `image` a point; less than was asked for on an enormous page
    image: bytes  # PNG


def view_pages(
    data: bytes, document: Document, spans: Sequence[Span], scale: float = 1.5
) -> list[PageView]:
    """The pages that `spans` of `document` stand on, in order; no spans give [].

    `data` is the PDF that the document was read from (`index.originals.read_original`). A page that
    was read by a recogniser is read by it again, which takes seconds. Raises OriginalUnavailable
    where it is no PDF, or lacks a page.
    """
    import pypdfium2 as pdfium

    wanted: dict[int, list[int]] = {}
    for span in spans:
        for offset in range(span.start, min(span.end, len(document.text))):
            number = document.page_at(offset)
            if number is not None and not document.text[offset].isspace():
                wanted.setdefault(number, []).append(offset)
    if not wanted:
        return []
    with _PDFIUM:
        try:
            pdf = pdfium.PdfDocument(data)
        except pdfium.PdfiumError as error:
            raise OriginalUnavailable(f"{document.source} is no readable PDF ({error})") from None
        try:
            return [
                _view(pdf[number - 1], document, number, offsets, scale)
                for number, offsets in sorted(wanted.items())
            ]
        except (pdfium.PdfiumError, IndexError) as error:
            raise OriginalUnavailable(
                f"{document.source}: a page cannot be shown ({error}); index it again"
            ) from None
        finally:
            pdf.close()


def _view(
    page: Any, document: Document, number: int, offsets: Sequence[int], scale: float
) -> PageView:
    try:
        read = read_page(page, number)  # which may turn it
        width, height = page.get_size()
        boxes = _boxes(read, document, offsets, height)
        scale = min(scale, _MOST_PIXELS / max(width, height, 1.0))
        bitmap = page.render(scale=scale)
        try:
            out = io.BytesIO()
            bitmap.to_pil().save(out, "PNG")
        finally:
            bitmap.close()
    finally:
        page.close()
    return PageView(number, width, height, boxes, scale, out.getvalue())


def _boxes(
    page: Page, document: Document, offsets: Sequence[int], height: float
) -> tuple[Box, ...]:
    raw = [document.raw_offset(offset) for offset in offsets]
    whole = _page_text(document, page.number)
    # A table is written as rows of text where a running header reaches into it.
    for grids in [page.grids, []] if page.grids else [[]]:
        layer = Layer()
        write(Page(page.number, page.rows, grids, page.height), layer, 1.0, set(), {})
        start = _start(layer, whole)
        if start is not None:
            places = [r - start for r in raw if r is not None]
            return _joined(layer, places, height)
    return ()


def _page_text(document: Document, number: int) -> dict[int, str]:
    """Raw offset → character, of all that the document has of the page."""
    starts = [page for _, page in document.page_starts]
    i = bisect_right(starts, number) - 1
    begin = document.page_starts[i][0]
    later = document.page_starts[i + 1 :]
    end = later[0][0] if later else len(document.text)
    return {
        raw: document.text[offset]
        for offset in range(begin, end)
        if (raw := document.raw_offset(offset)) is not None and not document.text[offset].isspace()
    }


def _start(layer: Layer, whole: dict[int, str]) -> int | None:
    """The raw offset at which the page begins; None where the page says something else."""
    text = "".join(layer.parts)
    if not whole:
        return None
    first = min(whole)
    for start in range(first, first - _SLACK, -1):
        if max(whole) - start < len(text) and all(text[r - start] == c for r, c in whole.items()):
            return start
    return None


def _joined(layer: Layer, places: Sequence[int], height: float) -> tuple[Box, ...]:
    """The boxes of these characters of the layer, those of one line as one."""
    begins = [start for start, _, _ in layer.segments]
    lines: dict[int, Box] = {}
    for place in places:
        i = bisect_right(begins, place) - 1
        if i < 0:
            continue
        start, segment, line = layer.segments[i]
        at = place - start
        if not 0 <= at < len(segment.text):
            continue
        left = segment.lefts[at]
        right = segment.lefts[at + 1] if at + 1 < len(segment.lefts) else segment.right
        box = Box(left, height - segment.top, max(left, right), height - segment.bottom)
        known = lines.get(line, box)
        lines[line] = Box(
            min(known.left, box.left),
            min(known.top, box.top),
            max(known.right, box.right),
            max(known.bottom, box.bottom),
        )
    return tuple(lines.values())
