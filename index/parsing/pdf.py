"""PDF by PDFium. The text layer is written page by page in reading order; where the page shows more
than its words do (size, place, ruled lines, raised figures), the flow is told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

from index.cleaning import HAN, Edits, joint
from index.errors import EmptyDocument, EncryptedFile, ParseError, TooLarge
from index.parsing import marks, ocr
from index.parsing.building import Found, Pair, build
from index.parsing.flow import blocks
from index.parsing.hints import Hints, LineHint
from index.parsing.metadata import date_in, read_facts
from index.parsing.notes import Marker, note_start
from index.parsing.ocr import advice, page_list
from index.parsing.pdf_columns import find_columns, is_apart, is_small
from index.parsing.pdf_layer import Row, Segment
from index.parsing.pdf_page import Page, read_page
from index.parsing.pdf_tables import Grid
from index.parsing.settings import ParseSettings
from index.parsing.tables import SpanTable
from index.schema import Document

_PDF_DATE = re.compile(r"D:(\d{4})(\d{2})(\d{2})")
_PLAIN_NOTE = re.compile(r"(\d{1,2})[.、）)]?\s*(?=[^\d\s.])")
_POOR_TITLE = re.compile(
    r"(?i)untitled|microsoft|\.(?:docx?|indd|pdf|wps)|^anonymous$|[\ufffd\x00]"
)


@dataclass(slots=True)
class Layer:
    """The text layer as it grows."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    hints: Hints = field(default_factory=Hints)
    # Where each segment stands in the text, and the number of its line or cell.
    segments: list[tuple[int, Segment, int]] = field(default_factory=list)

    def say(self, text: str) -> Pair:
        start = self.length
        self.parts.append(text)
        self.length += len(text)
        return start, self.length

    def place(self, start: int, segments: Sequence[Segment]) -> None:
        """A line that was just said, from `start` on."""
        line = len(self.segments)
        for segment in segments:
            self.segments.append((start, segment, line))
            start += len(segment.text) + 1


def parse_pdf(
    data: bytes, source: str, content_hash: str, title: str, settings: ParseSettings
) -> Document:
    """Pages number from 1. Scanned pages are read by a recogniser where one is installed, else
    `meta["pages_without_text"]` names them; nothing but such pages raises EmptyDocument."""
    pages, tags, outline = _read(data, settings)
    silent = page_list([p.number for p in pages if p.is_silent])
    if not any(p.rows for p in pages):
        raise EmptyDocument(
            f"has no text on its {len(pages)} pages: {advice(silent)}"
            if silent
            else f"has {len(pages)} pages and all are blank; nothing to index"
        )
    layer = Layer()
    starts: list[Pair] = []
    running = _running_rows(pages)
    sizes = Counter[int]()
    for page in pages:
        for row in page.rows:
            sizes[round(row.size * 2)] += len(row.text)
    body = sizes.most_common(1)[0][0] / 2
    for page in pages:
        if page.number > 1:
            layer.say("\f")
        starts.append((layer.length, page.number))
        write(page, layer, body, running, outline)
    raw = "".join(layer.parts)
    edits = Edits()
    drafts = blocks(raw, edits, layer.hints)
    given = (tags.get("Title") or "").strip()
    if len(given) < 4 or _POOR_TITLE.search(given) or (HAN.search(raw) and not HAN.search(given)):
        given = ""
    facts = read_facts(raw, drafts)
    stated = _PDF_DATE.match(tags.get("CreationDate") or "")
    meta = dict(facts.meta)
    if tags.get("Author") and "author" not in meta and not _POOR_TITLE.search(tags["Author"]):
        meta["author"] = tags["Author"]
    if stated and (created := date_in("-".join(stated.groups()))):
        meta["created"] = created  # of the file, which may be long after the text
    if silent:
        meta["pages_without_text"] = silent
    found = Found(
        "pdf",
        facts.title or given or title,
        facts.kind,
        facts.date,
        facts.language,
        meta,
        starts,
    )
    return build(raw, drafts, edits, found, doc_id=source, source=source, content_hash=content_hash)


def _read(
    data: bytes, settings: ParseSettings
) -> tuple[list[Page], dict[str, str], dict[str, int]]:
    import pypdfium2 as pdfium

    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise EncryptedFile("needs a password; save a copy without one") from None
        raise ParseError(f"is a broken PDF ({error}); open it and print it to a new PDF") from None
    try:
        if len(pdf) > settings.max_pages:
            raise TooLarge(
                f"has {len(pdf)} pages, the limit is {settings.max_pages}; raise max_pages or spl"
                f"it it"
            )
        pages = []
        left = settings.max_ocr_pages
        # The rest of the file has to be read within the same deadline.
        until = ocr.now() + settings.max_seconds / 2
        for i in range(len(pdf)):
            try:
                page = pdf[i]
            except pdfium.PdfiumError:
                pages.append(Page(i + 1, [], [], 0.0))  # one broken page costs no other
                continue
            try:
                found = read_page(page, i + 1, until=until if left > 0 else -inf)
                left -= found.is_scan
                pages.append(found)
            finally:
                page.close()
        tags = {k: str(v) for k, v in pdf.get_metadata_dict().items() if v}
        return pages, tags, _outline(pdf)
    finally:
        pdf.close()


def _outline(pdf: Any) -> dict[str, int]:
    """Bookmarks: heading → level. A broken outline is no reason to give up."""
    try:
        return {
            _squeeze(b.get_title()): b.level + 1 for b in pdf.get_toc(max_depth=6) if b.get_title()
        }
    except Exception:  # PDFium reports nothing finer
        return {}


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _running_rows(pages: list[Page]) -> set[int]:
    """ids of rows that are running headers, footers and page numbers."""
    found: set[int] = set()
    edges: list[tuple[str, Row]] = []
    for page in pages:
        for row in page.rows:
            middle = (row.top + row.bottom) / 2 / max(1.0, page.height)
            if not 0.1 < middle < 0.9 and len(row.text) <= 60:
                edges.append((re.sub(r"[\d\s\-–—·•|]+", "", row.text), row))
    counts = Counter(key for key, _ in edges)
    for key, row in edges:
        number = not key or marks.PAGE_NUMBER.fullmatch(row.text.strip())
        if note_start(row.text) is not None or row.text.endswith("。"):
            continue
        if (number and re.search(r"\d", row.text)) or (
            key and counts[key] >= max(2, len(pages) // 4)
        ):
            found.add(id(row))
    return found


def write(
    page: Page, layer: Layer, body: float, running: set[int], outline: dict[str, int]
) -> None:
    columns = find_columns(page.rows, running, body, page.height)
    grids = {g.first: g for g in page.grids}
    i = 0
    above: Row | None = None
    noted = False
    while i < len(page.rows):
        grid = grids.get(i)
        if grid is not None and not any(
            id(r) in running for r in page.rows[grid.first : grid.last]
        ):
            _write_grid(grid, layer)
            above, i = None, grid.last
            continue
        row = page.rows[i]
        text = row.text
        start, _ = layer.say(text + "\n")
        layer.place(start, row.segments)
        hint = LineHint(
            indent=max(0, round((row.left - columns.margin(row)) / max(1.0, row.size) * 2)),
            width=round((row.right - row.left) / max(1.0, row.size) * 2.2),
            apart=above is not None and is_apart(above, row),
            new_column=id(row) in columns.first,
            foot=id(row) in columns.foot,
        )
        layer.hints.lines[start] = hint
        if id(row) in running:
            layer.hints.furniture.add(start)
        else:
            noted = _note(page, row, text, start, layer, body, noted)
            level = outline.get(_squeeze(text)) or _heading(row, text, body)
            if level is not None and not noted:
                layer.hints.headings[start] = level
        _raised(row, start, layer)
        above = None if id(row) in running else row
        i += 1


def _heading(row: Row, text: str, body: float) -> int | None:
    """Set larger than the text, and short: the larger, the higher, unless a number says it (0)."""
    if row.size < 1.15 * body or len(text) > 60 or marks.is_sentence(text) or len(text) < 2:
        return None
    if marks.heading_rank(text) is not None:
        return 0
    if row.size >= 1.4 * body:
        return 1
    return None if re.search(r"[，；、]|：.{8}", text) else 2


def _note(
    page: Page, row: Row, text: str, start: int, layer: Layer, body: float, noted: bool
) -> bool:
    """Small type at the foot of a page that opens with a figure is a note; so is the rest."""
    if not is_small(row, body, page.height):
        return False
    opened = _PLAIN_NOTE.match(text)
    if opened and (
        _is_raised(row, opened.end(1)) or opened.group(1) in {m.label for m in layer.hints.markers}
    ):
        layer.hints.notes[start] = (opened.group(1), text[: opened.end(1)])
        return True
    labelled = re.match(r"[\[［〔①-⑳*]", text) is not None
    if not labelled:
        (layer.hints.note_lines if noted else layer.hints.small).add(start)
    return noted or labelled


def _is_raised(row: Row, end: int) -> bool:
    return any(a == 0 and b >= end for a, b in row.segments[0].raised)


def _raised(row: Row, start: int, layer: Layer) -> None:
    """Small raised figures after a word are markers."""
    at = start
    for segment in row.segments:
        for a, b in segment.raised:
            words = segment.text[a:b].strip("[]［］()（）")
            if a > 0 and words.isdecimal() and len(words) <= 3:
                layer.hints.markers.append(Marker(at + a, at + b, words))
        at += len(segment.text) + 1


def _write_grid(grid: Grid, layer: Layer) -> None:
    rows: list[list[Pair]] = []
    for cells in grid.cells:
        line: list[Pair] = []
        for j, cell in enumerate(cells):
            if j:
                layer.say("\t")
            begins = layer.length
            for segment, at in _placed(cell):
                layer.place(begins + at, [segment])
            line.append(layer.say(cell_text(cell)))
        layer.say("\n")
        rows.append(line)
    layer.hints.tables.append(SpanTable(rows))


def cell_text(segments: Sequence[Segment]) -> str:
    """The lines of a cell as one."""
    text = ""
    for segment in segments:
        text += _glue(text, segment) + segment.text
    return text


def _placed(segments: Sequence[Segment]) -> Iterator[tuple[Segment, int]]:
    """Each line of a cell, and where it stands in `cell_text`."""
    text = ""
    for segment in segments:
        text += _glue(text, segment)
        yield segment, len(text)
        text += segment.text


def _glue(text: str, segment: Segment) -> str:
    hyphen, between = joint(text + segment.text, len(text), len(text))
    return "" if hyphen or not text else between
