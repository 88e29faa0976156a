"""XLSX: a sheet is a heading and its tables; a row of cells is a line, cells apart by tabs."""

from __future__ import annotations

import datetime
import io
import re
from typing import Any

from index.cleaning import Edits
from index.errors import EmptyDocument, TooLarge
from index.parsing.building import Draft, Found, Pair, build, plain
from index.parsing.marks import SOURCE_NOTE
from index.parsing.metadata import language_of
from index.parsing.office import check_archive
from index.parsing.settings import ParseSettings
from index.parsing.tables import Table, is_header, table_drafts
from index.schema import BlockKind, Document

_DECIMALS = re.compile(r"0\.(0+)%")


def parse_xlsx(
    data: bytes, source: str, content_hash: str, title: str, settings: ParseSettings
) -> Document:
    """Values as a reader sees them: what a formula gave last, percentages as such, dates in ISO."""
    check_archive(data, settings)
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        writer = _Writer()
        for sheet in book.worksheets:
            writer.sheet(sheet, settings.max_rows)
        named = (book.properties.title or "").strip()
        author = book.properties.creator or ""
    finally:
        book.close()
    if not any(d.kind is BlockKind.TABLE_ROW for d in writer.drafts) and not writer.said:
        raise EmptyDocument("holds no cell with anything in it; nothing to index")
    raw = "".join(writer.parts)
    edits = Edits()
    edits.drop_controls(raw)
    meta = {"author": author} if author and author != "openpyxl" else {}
    found = Found("xlsx", named or title, "table", None, language_of(raw), meta)
    return build(
        raw, writer.drafts, edits, found, doc_id=source, source=source, content_hash=content_hash
    )


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.drafts: list[Draft] = []
        self.n_tables = 0
        self.said = False
        self.mark = self.base = 0  # where the open table begins: among the parts, in the text

    def sheet(self, sheet: Any, max_rows: int) -> None:
        name = " ".join(str(sheet.title).split())
        heading = Draft(BlockKind.HEADING, [self._say(name)], level=1)
        self._put("\n")
        self.drafts.append(heading)
        if not hasattr(sheet, "iter_rows"):  # a sheet that is only a chart
            return
        sheet.reset_dimensions()
        rows: list[list[Pair]] = []
        texts: list[list[str]] = []
        for number, row in enumerate(sheet.iter_rows(), 1):
            if number > max_rows:
                raise TooLarge(
                    f"has more than {max_rows} rows in sheet {name!r}; raise max_rows or split it"
                )
            words = [_shown(cell) for cell in row]
            while words and not words[-1]:
                words.pop()
            filled = sum(map(bool, words))
            if not rows:
                self.mark, self.base = len(self.parts), self.length
            if filled == 0 or (filled == 1 and (not rows or SOURCE_NOTE.match("".join(words)))):
                self._table(rows, texts)
                rows, texts = [], []
                if filled:
                    self._line("".join(words))
                continue
            cells: list[Pair] = []
            for j, text in enumerate(words):
                if j:
                    self._put("\t")
                cells.append(self._say(text))
            self._put("\n")
            rows.append(cells)
            texts.append(words)
        self._table(rows, texts)

    def _line(self, text: str) -> None:
        """A row with a single cell outside a table names it or says where it comes from."""
        self.drafts.append(Draft(BlockKind.CAPTION, [self._say(text)]))
        self._put("\n")
        self.said = True

    def _table(self, rows: list[list[Pair]], texts: list[list[str]]) -> None:
        if not rows:
            return
        head = [plain(t) for t in texts[0]]
        named = len(rows) > 1 and is_header(head) and sum(map(bool, head)) >= 2
        self.drafts += table_drafts(
            "".join(self.parts[self.mark :]), Table(0, 0, rows, named), self.n_tables, self.base
        )
        self.n_tables += 1

    def _say(self, text: str) -> Pair:
        start = self.length
        self._put(text)
        return start, self.length

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def _shown(cell: Any) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time(0)
        return value.date().isoformat() if midnight else value.isoformat(" ", "minutes")
    if isinstance(value, float | int):
        style = str(cell.number_format or "")
        if "%" in style:
            decimals = _DECIMALS.search(style)
            return f"{value * 100:.{len(decimals.group(1)) if decimals else 0}f}%"
        return (
            str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{value:.12g}"
        )
    return " ".join(str(value).split())
