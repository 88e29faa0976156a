"""DOCX: paragraphs, headings, lists, tables, notes, headers and footers, in order."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from index.cleaning import Edits
from index.parsing import marks
from index.parsing.building import Draft, Found, Pair, build
from index.parsing.judging import is_byline
from index.parsing.merged import Cell, merged_table
from index.parsing.metadata import read_facts
from index.parsing.notes import UNLABELLED, link, note_start
from index.parsing.office import check_archive
from index.parsing.settings import ParseSettings
from index.parsing.tables import is_header, table_drafts
from index.schema import BlockKind, Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_STYLE = re.compile(r"(?:heading|标题)\s*(\d)", re.IGNORECASE)


def parse_docx(
    data: bytes, source: str, content_hash: str, title: str, settings: ParseSettings
) -> Document:
    """The text layer has a paragraph a line and a table row a line, its cells apart by tabs.

    A note's number, which the file keeps out of the text, is written as it is shown: [1].
    """
    check_archive(data, settings)
    import docx

    document = docx.Document(io.BytesIO(data))
    reader = _Reader(document)
    reader.read()
    raw = "".join(reader.parts)
    edits = Edits()
    edits.drop_controls(raw)
    link(raw, reader.drafts)
    properties = document.core_properties
    named = reader.title or (properties.title or "").strip()
    facts = read_facts(raw, reader.drafts, title=named)
    meta = dict(facts.meta)
    if properties.author and properties.author != "python-docx":
        meta.setdefault("author", properties.author)
    found = Found("docx", facts.title or title, facts.kind, facts.date, facts.language, meta)
    return build(
        raw, reader.drafts, edits, found, doc_id=source, source=source, content_hash=content_hash
    )


class _Reader:
    def __init__(self, document: Any) -> None:
        self.document = document
        self.parts: list[str] = []
        self.length = 0
        self.drafts: list[Draft] = []
        self.title = ""
        self.n_tables = 0
        self.numbers: dict[tuple[str, str], int] = {}  # (kind, id) of a note → its number
        self.bibliography = self.begun = False
        self.styles = {s.style_id: (s.name or "") for s in document.styles}
        self.outline = {
            s.style_id: int(level.get(f"{_W}val"))
            for s in document.styles
            if (level := s.element.find(f"{_W}pPr/{_W}outlineLvl")) is not None
        }

    def read(self) -> None:
        self._edges("header")
        for element in self.document.element.body:
            self._element(element)
        if self.title:  # what it stands above is a level below it
            for draft in self.drafts:
                draft.level = draft.level + 1 if draft.level and draft.opens else draft.level
        self._notes()
        self._edges("footer")

    def _element(self, element: Any) -> None:
        if element.tag == f"{_W}p":
            self._paragraph(element)
        elif element.tag == f"{_W}tbl":
            self._table(element)
        elif element.tag == f"{_W}sdt":
            for child in element.iterfind(f"{_W}sdtContent/*"):
                self._element(child)

    def _paragraph(self, element: Any) -> None:
        boxes = [b for b in element.iter(f"{_W}txbxContent") if not _within(b, _FALLBACK)]
        text = "".join(self._words(element)).strip()
        if text:
            draft = Draft(self._kind(element, text), [self._say(text)])
            self._newline()
            if draft.kind is BlockKind.HEADING:
                draft.level = self._level(element) or self._shown_level(text) or 1
                draft.opens = self._style(element).lower() not in (
                    "title",
                    "标题",
                    "subtitle",
                    "副标题",
                )
                self.begun = self.begun or draft.opens
                self.bibliography = marks.BIBLIOGRAPHY.fullmatch(text) is not None
            if draft.kind is BlockKind.REFERENCE and (opened := note_start(text)):
                draft.label = opened[1]
            self.begun = self.begun or (draft.kind is BlockKind.PARAGRAPH and len(text) > 60)
            self.drafts.append(draft)
        for box in boxes:
            for child in box:
                self._element(child)

    def _kind(self, element: Any, text: str) -> BlockKind:
        style = self._style(element).lower()
        if style in ("title", "标题"):
            self.title = self.title or text
            return BlockKind.HEADING
        if self._level(element) or style in ("subtitle", "副标题"):
            return BlockKind.HEADING
        if style in ("caption", "题注") or marks.is_caption(text):
            return BlockKind.CAPTION
        if marks.SOURCE_NOTE.match(text) and self.begun and len(text) <= 120:
            return BlockKind.CAPTION
        if style.startswith("toc"):
            return BlockKind.FURNITURE
        if not self.begun and self.drafts and is_byline(text):
            return BlockKind.FRONT_MATTER
        if marks.is_front(text, near_top=not self.begun):
            return BlockKind.FRONT_MATTER
        if self._shown_level(text) and not _is_list(element):
            return BlockKind.HEADING
        if marks.is_furniture(text):
            return BlockKind.FURNITURE
        if self.bibliography or UNLABELLED.match(text):
            return BlockKind.REFERENCE
        listed = _is_list(element) or style.startswith("list") or marks.LIST_ITEM.match(text)
        return BlockKind.LIST_ITEM if listed else BlockKind.PARAGRAPH

    def _style(self, element: Any) -> str:
        style = element.find(f"{_W}pPr/{_W}pStyle")
        return self.styles.get(style.get(f"{_W}val"), "") if style is not None else ""

    def _level(self, element: Any) -> int | None:
        """Level from the style's name, its outline level or the paragraph's own."""
        match = _STYLE.match(self._style(element))
        if match:
            return int(match.group(1))
        own = element.find(f"{_W}pPr/{_W}outlineLvl")
        style = element.find(f"{_W}pPr/{_W}pStyle")
        level = int(own.get(f"{_W}val")) if own is not None else None
        if level is None and style is not None:
            level = self.outline.get(style.get(f"{_W}val"))
        return level + 1 if level is not None and level < 9 else None

    def _shown_level(self, text: str) -> int:
        """Level that the words alone show; 0 for no heading."""
        if marks.NAMED.fullmatch(text):
            return 1
        rank = marks.heading_rank(text)
        if rank is None or rank >= marks.NUMBER_RANK or marks.is_terminal(text):
            return 0
        return {1: 1, 2: 1, 3: 2, 4: 3, 5: 1, 6: 2}.get(rank, 3)

    def _words(self, element: Any) -> Iterator[str]:
        """What a reader sees of a paragraph: no deletions, no fallback pictures, no text boxes."""
        for child in element:
            tag = child.tag
            if tag == f"{_W}t":
                yield child.text or ""
            elif tag in (f"{_W}tab", f"{_W}ptab"):
                yield "\t" if element.tag == f"{_W}r" else ""
            elif tag in (f"{_W}br", f"{_W}cr"):
                yield "\n"
            elif tag == f"{_W}noBreakHyphen":
                yield "-"
            elif tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
                key = (tag.removeprefix(_W).removesuffix("Reference"), child.get(f"{_W}id"))
                yield f"[{self.numbers.setdefault(key, len(self.numbers) + 1)}]"
            elif tag not in (
                f"{_W}del",
                f"{_W}txbxContent",
                _FALLBACK,
                f"{_W}instrText",
                f"{_W}pPr",
            ):
                yield from self._words(child)

    def _table(self, element: Any) -> None:
        rows: list[list[Cell]] = []
        marked = 0
        mark, base = len(self.parts), self.length
        open_cells: dict[int, tuple[int, int]] = {}  # column → (row, position) of a merged cell
        for i, row in enumerate(element.iterfind(f"{_W}tr")):
            if marked == i and row.find(f"{_W}trPr/{_W}tblHeader") is not None:
                marked += 1
            cells: list[Cell] = []
            column = 0
            for n, cell in enumerate(row.iterfind(f"{_W}tc")):
                if n:
                    self._put("\t")
                words = " ".join("".join(self._words(p)).strip() for p in cell.iter(f"{_W}p"))
                span = cell.find(f"{_W}tcPr/{_W}gridSpan")
                wide = min(int(span.get(f"{_W}val") or 1), 100) if span is not None else 1
                merged = cell.find(f"{_W}tcPr/{_W}vMerge")
                goes_on = merged is not None and merged.get(f"{_W}val") != "restart"
                if goes_on and column in open_cells:
                    above, at = open_cells[column]
                    origin = rows[above][at]
                    rows[above][at] = replace(origin, high=i - above + 1)
                else:
                    words = "" if goes_on else " ".join(words.split())
                    cells.append(Cell(self._say(words), words, wide))
                    open_cells.pop(column, None)
                    if merged is not None:
                        open_cells[column] = (i, len(cells) - 1)
                column += max(1, wide)
            self._newline()
            rows.append(cells)

        def shows(head: list[str]) -> bool:
            return len(rows) > 1 and is_header(head) and sum(map(bool, head)) >= 2

        table = merged_table(rows, marked=marked, shows=shows)
        if table is not None:
            raw = "".join(self.parts[mark:])
            self.drafts += table_drafts(raw, table, self.n_tables, base)
            self.n_tables += 1

    def _notes(self) -> None:
        """Footnotes and endnotes that the text points at, in the order of their numbers."""
        for (kind, identity), number in sorted(self.numbers.items(), key=lambda n: n[1]):
            for relation in self.document.part.rels.values():
                if not relation.reltype.endswith(f"/{kind}s") or relation.is_external:
                    continue
                from lxml import etree  # type: ignore[import-untyped]

                parser = etree.XMLParser(resolve_entities=False, no_network=True)
                root = etree.fromstring(relation.target_part.blob, parser)
                for note in root.iterfind(f"{_W}{kind}"):
                    if note.get(f"{_W}id") == identity:
                        words = " ".join("".join(self._words(p)) for p in note.iter(f"{_W}p"))
                        place = self._say(f"[{number}] {words.strip()}")
                        self._newline()
                        self.drafts.append(Draft(BlockKind.FOOTNOTE, [place], label=f"[{number}]"))

    def _edges(self, name: str) -> None:
        """Running headers or footers, each once, as furniture."""
        seen: set[str] = set()
        for section in self.document.sections:
            part = getattr(section, name)
            if part.is_linked_to_previous:
                continue
            for paragraph in part.paragraphs:
                text = "".join(self._words(paragraph._p)).strip()
                if text and text not in seen:
                    seen.add(text)
                    self.drafts.append(Draft(BlockKind.FURNITURE, [self._say(text)]))
                    self._newline()

    def _say(self, text: str) -> Pair:
        start = self.length
        self._put(text)
        return start, self.length

    def _newline(self) -> None:
        self._put("\n")

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def _is_list(element: Any) -> bool:
    return element.find(f"{_W}pPr/{_W}numPr") is not None


def _within(element: Any, tag: str) -> bool:
    return any(above.tag == tag for above in element.iterancestors())
