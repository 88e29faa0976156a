"""PPTX: a slide is a page, its title a heading, its speaker notes a section of their own."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from index.cleaning import Edits
from index.parsing import marks
from index.parsing.building import Draft, Found, Pair, build, plain
from index.parsing.judging import is_byline
from index.parsing.merged import Cell, merged_table
from index.parsing.metadata import language_of, read_facts
from index.parsing.office import check_archive
from index.parsing.settings import ParseSettings
from index.parsing.tables import Table, is_header, table_drafts
from index.schema import BlockKind, Document

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "http://schemas.openxmlformats.org/drawingml/2006/diagram"
_DATA_OF_DIAGRAM = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}dm"
_POOR_TITLES = ("PowerPoint Presentation", "PowerPoint 演示文稿", "演示文稿", "Slide 1")
_POOR_AUTHORS = ("python-pptx", "Steve Canny")  # who made the template


def parse_pptx(
    data: bytes, source: str, content_hash: str, title: str, settings: ParseSettings
) -> Document:
    """The text layer has a paragraph a line and a table row a line, its cells apart by tabs."""
    check_archive(data, settings)
    import pptx

    deck = pptx.Presentation(io.BytesIO(data))
    reader = _Reader()
    for number, slide in enumerate(deck.slides, 1):
        reader.slide(slide, number)
    raw = "".join(reader.parts)
    edits = Edits()
    edits.drop_controls(raw)
    properties = deck.core_properties
    given = (properties.title or "").strip()
    named = reader.title or (given if given not in _POOR_TITLES else "")
    reader.name_sections(named, language_of(raw))
    facts = read_facts(raw, reader.drafts, title=named)
    meta = dict(facts.meta)
    if properties.author and properties.author not in _POOR_AUTHORS:
        meta.setdefault("author", properties.author)
    found = Found(
        "pptx", facts.title or title, facts.kind, facts.date, facts.language, meta, reader.starts
    )
    return build(
        raw, reader.drafts, edits, found, doc_id=source, source=source, content_hash=content_hash
    )


class _Reader:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.drafts: list[Draft] = []
        self.starts: list[Pair] = []  # (offset, slide)
        self.title = ""  # of the first slide
        self.n_tables = 0
        self.number = 0
        self.named = ""  # title of the slide
        self.notes: set[int] = set()  # ids of drafts that are speaker notes

    def slide(self, slide: Any, number: int) -> None:
        """A title comes first, then the shapes from top to bottom, then the speaker notes."""
        self.number, self.named = number, ""
        self.starts.append((self.length, number))
        title = slide.shapes.title
        if title is not None and title.text_frame.text.strip():
            words = " ".join(title.text_frame.text.split())
            self.named = plain(words)
            self._add(BlockKind.HEADING, words).level = 1
            if number == 1:
                self.title = words
        identity = title.shape_id if title is not None else None
        for shape in _in_order(slide.shapes):
            if shape.shape_id != identity:
                self._shape(shape)
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) is not None:
            for paragraph in frame.paragraphs:
                if text := _words(paragraph):
                    self.notes.add(id(self._add(BlockKind.PARAGRAPH, text)))

    def name_sections(self, title: str, language: str) -> None:
        """The deck's own title says nothing about the place; notes stand beneath their slide."""
        notes = "Notes" if language == "en" else "备注"
        for draft in self.drafts:
            above = tuple(name for name in draft.section or () if name != plain(title))
            draft.section = (*above, notes) if id(draft) in self.notes else above

    def _shape(self, shape: Any) -> None:
        if hasattr(shape, "shapes"):  # a group
            for inner in _in_order(shape.shapes):
                self._shape(inner)
        elif getattr(shape, "has_table", False):
            self._table(shape.table)
        elif getattr(shape, "has_chart", False):
            self._chart(shape.chart)
        elif shape.has_text_frame:
            self._frame(shape)
        else:
            for text in _diagram(shape):
                self._add(BlockKind.LIST_ITEM, text)

    def _frame(self, shape: Any) -> None:
        paragraphs = [text for p in shape.text_frame.paragraphs if (text := _words(p))]
        edge = shape.is_placeholder and _is_edge(shape)
        for text in paragraphs:
            kind = BlockKind.LIST_ITEM if len(paragraphs) > 1 else BlockKind.PARAGRAPH
            near_top = self.number == 1
            if edge or marks.is_furniture(text):
                kind = BlockKind.FURNITURE
            elif marks.is_front(text, near_top=near_top) or (near_top and is_byline(text)):
                kind = BlockKind.FRONT_MATTER
            elif marks.is_caption(text) or (marks.SOURCE_NOTE.match(text) and len(text) <= 120):
                kind = BlockKind.CAPTION
            self._add(kind, text)

    def _table(self, table: Any) -> None:
        mark, base = len(self.parts), self.length
        rows: list[list[Cell]] = []
        for row in table.rows:
            cells: list[Cell] = []
            for cell in row.cells:
                if cell.is_spanned:
                    continue
                if cells:
                    self._put("\t")
                words = " ".join(cell.text_frame.text.split())
                wide, high = (cell.span_width, cell.span_height) if cell.is_merge_origin else (1, 1)
                cells.append(Cell(self._say(words), words, wide, high))
            self._put("\n")
            rows.append(cells)
        self._keep(rows, mark, base, marked=int(bool(table.first_row)))

    def _chart(self, chart: Any) -> None:
        """The figures behind a chart: a row a category, a column a series."""
        if chart.has_title and chart.chart_title.has_text_frame:
            title = " ".join(chart.chart_title.text_frame.text.split())
            if title:
                self._add(BlockKind.CAPTION, title)
        for plot in chart.plots:
            series = list(plot.series)
            names = [" ".join((s.name or "").split()) for s in series]
            lines = [["", *names]]
            for i, category in enumerate(plot.categories):
                values = [s.values[i] if i < len(s.values) else None for s in series]
                lines.append([str(category), *(_figure(v) for v in values)])
            mark, base = len(self.parts), self.length
            rows: list[list[Cell]] = []
            for line in lines:
                cells: list[Cell] = []
                for j, words in enumerate(line):
                    if j:
                        self._put("\t")
                    cells.append(Cell(self._say(words), words))
                self._put("\n")
                rows.append(cells)
            self._keep(rows, mark, base, marked=int(any(names)))

    def _keep(self, rows: list[list[Cell]], mark: int, base: int, *, marked: int) -> None:
        def shows(head: list[str]) -> bool:
            return len(rows) > 1 and is_header(head) and sum(map(bool, head)) >= 2

        table: Table | None = merged_table(rows, marked=marked, shows=shows)
        if table is None:
            return
        for draft in table_drafts("".join(self.parts[mark:]), table, self.n_tables, base):
            draft.section = self._section()
            self.drafts.append(draft)
        self.n_tables += 1

    def _section(self) -> tuple[str, ...]:
        return (self.named,) if self.named else ()

    def _add(self, kind: BlockKind, text: str) -> Draft:
        draft = Draft(kind, [self._say(text)])
        draft.section = () if kind is BlockKind.HEADING else self._section()
        self._put("\n")
        self.drafts.append(draft)
        return draft

    def _say(self, text: str) -> Pair:
        start = self.length
        self._put(text)
        return start, self.length

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def _in_order(shapes: Any) -> Sequence[Any]:
    """From top to bottom; shapes that stand side by side from left to right.

    A shape without a place of its own stands where the layout has it, as it is drawn.
    """
    placed = list(shapes)
    if any(s.top is None or s.left is None for s in placed):
        return placed
    line = max((s.height or 0 for s in placed), default=0) / 4
    placed.sort(key=lambda s: (s.top, s.left))
    ordered: list[Any] = []
    row: list[Any] = []
    for shape in placed:
        if row and shape.top - row[0].top > line:
            ordered += sorted(row, key=lambda s: s.left)
            row = []
        row.append(shape)
    return ordered + sorted(row, key=lambda s: s.left)


def _words(paragraph: Any) -> str:
    """A paragraph's text; a line broken by hand inside it reads on."""
    return " ".join(paragraph.text.replace("\v", " ").split())


def _is_edge(shape: Any) -> bool:
    """A slide's number, date or footer."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    return shape.placeholder_format.type in (
        PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER,
        PP_PLACEHOLDER.HEADER,
    )  # fmt: skip


def _figure(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float | int):
        return str(int(value)) if float(value).is_integer() else f"{value:.12g}"
    return str(value)


def _diagram(shape: Any) -> Iterator[str]:
    """The words of a SmartArt diagram, which stand in a part of their own."""
    data = shape._element.find(f".//{_A}graphicData")
    if data is None or data.get("uri") != _DIAGRAM or not len(data):
        return
    relation = data[0].get(_DATA_OF_DIAGRAM)
    if relation is None:
        return
    from lxml import etree  # type: ignore[import-untyped]

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(shape.part.related_part(relation).blob, parser)
    for body in root.iter(f"{{{_DIAGRAM}}}t"):
        text = "".join(t.text or "" for t in body.iter(f"{_A}t"))
        if text.strip():
            yield " ".join(text.split())
