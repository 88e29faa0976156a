"""CSV and TSV: a row of the file is a row of the document's one table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.cleaning import Edits
from index.errors import EmptyDocument, TooLarge
from index.parsing.building import Draft, Found, Pair, build, plain
from index.parsing.marks import SOURCE_NOTE
from index.parsing.metadata import language_of
from index.parsing.settings import ParseSettings
from index.schema import BlockKind, Document

_DELIMITERS = ",\t;|"
_MAX_COLUMNS = 16_384  # as in a spreadsheet; a row is one passage with the names of its columns
_NUMBER = re.compile(r"[+\-]?[¥$€]?[\d.,]+%?$")


def parse_csv(
    raw: str, *, doc_id: str, source: str, content_hash: str, title: str, settings: ParseSettings
) -> Document:
    """Text stays as in the file, quotes and separators included; cells' spans leave them out."""
    edits = Edits()
    edits.drop_controls(raw)
    delimiter = _delimiter(raw)
    drafts: list[Draft] = []
    header: list[str] | None = None
    for number, (line, row) in enumerate(_rows(raw, delimiter)):
        if number > settings.max_rows:
            raise TooLarge(f"has over {settings.max_rows} rows; raise max_rows or split it")
        if len(row) > _MAX_COLUMNS:
            raise TooLarge(f"has {len(row)} columns, the limit is {_MAX_COLUMNS}; split it")
        cells = [(j, c) for j, c in enumerate(row) if raw[c[0] : c[1]].strip()]
        if not cells:  # separators of an empty row are no text
            edits.delete(*line)
            continue
        alone = raw[cells[0][1][0] : cells[0][1][1]] if len(cells) == 1 else ""
        if alone and len(row) > 1 and (header is None or SOURCE_NOTE.match(alone)):
            drafts.append(Draft(BlockKind.CAPTION, [line]))
            continue
        first = header is None
        if header is None:
            texts = [plain(raw[a:b]) for a, b in row]
            first = len(cells) >= 2 and not any(_NUMBER.fullmatch(t) for t in texts)
            header = texts if first else []
        names = () if first else tuple(header[j] if j < len(header) else "" for j, _ in cells)
        drafts.append(
            Draft(
                BlockKind.TABLE_ROW,
                [line],
                table=0,
                header=names,
                cells=[c for _, c in cells],
                is_header=first,
            )
        )
    if not drafts:
        raise EmptyDocument("holds no cell with anything in it; nothing to index")
    kind = "tsv" if delimiter == "\t" else "csv"
    found = Found(kind, title, "table", None, language_of(raw[:20_000]))
    return build(raw, drafts, edits, found, doc_id=doc_id, source=source, content_hash=content_hash)


def _delimiter(raw: str) -> str:
    """The one that splits the first lines most evenly."""
    lines = [line for line in raw[:20_000].splitlines() if line.strip()][:20]

    def evenness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines]
        usual = max(set(counts), key=counts.count, default=0)
        return (counts.count(usual) if usual else 0, usual)

    return max(_DELIMITERS, key=evenness)


def _rows(raw: str, delimiter: str) -> Iterator[tuple[Pair, list[Pair]]]:
    """(extent, cells) of each row; quotes are left out of cells, which may hold newlines."""
    row: list[Pair] = []
    at, n = 1 if raw.startswith("\ufeff") else 0, len(raw)
    begin = at
    stop = re.compile(f"[{re.escape(delimiter)}\r\n]")
    while at <= n:
        start = at
        if raw.startswith('"', at) and (close := _closing(raw, at + 1)) is not None:
            cell, at = (at + 1, close), close + 1
        else:
            match = stop.search(raw, at)
            at = match.start() if match else n
            cell = (start, at)
        row.append(cell)
        match = stop.search(raw, at)
        at = match.start() if match else n
        if at >= n or raw[at] != delimiter:
            yield (begin, at), row
            row = []
            if raw.startswith("\r\n", at):
                at += 1
            begin = at + 1
        at += 1


def _closing(raw: str, at: int) -> int | None:
    """The quote that ends the cell; None where it never closes (it is a character then)."""
    while (i := raw.find('"', at)) >= 0:
        if not raw.startswith('""', i):
            return i
        at = i + 2
    return None
