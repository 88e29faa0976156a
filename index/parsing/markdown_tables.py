"""HTML tables inside Markdown, as converters of PDF write them: their tags go, their cells stay."""

from __future__ import annotations

import re

from index.cleaning import Edits
from index.parsing.building import Draft, Pair
from index.parsing.merged import Cell, merged_table
from index.parsing.tables import is_header, table_drafts

OPENS = re.compile(r"\s{0,3}<table[\s>]", re.IGNORECASE)
_CLOSES = re.compile(r"</table\s*>", re.IGNORECASE)
_ROW = re.compile(r"<tr[\s>].*?(?=<tr[\s>]|</table)", re.IGNORECASE | re.DOTALL)
_CELL = re.compile(
    r"<(t[hd])((?:\s[^<>]*)?)>(.*?)(?=</?t[hdr][\s>]|</table|</thead|</tbody|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_SPAN = re.compile(r"(col|row)span\s*=\s*[\"']?(\d{1,3})", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_LONGEST = 2_000_000  # characters


def html_table(raw: str, start: int, number: int, edits: Edits) -> tuple[list[Draft], int] | None:
    """The rows of the table that opens at `start`, and the offset at which it ends.

    None where it has no end, no cell, or a table within: then it is text like any other.
    """
    close = _CLOSES.search(raw, start, start + _LONGEST)
    if close is None or OPENS.search(raw, start + 6, close.start()):
        return None
    rows: list[list[Cell]] = []
    marked = 0
    for row in _ROW.finditer(raw, start, close.end()):
        found = list(_CELL.finditer(raw, row.start(), row.end()))
        if found:
            rows.append([_cell(raw, m) for m in found])
            marked += marked == len(rows) - 1 and all(m[1].lower() == "th" for m in found)
    table = merged_table(rows, marked=marked, shows=is_header)
    if table is None:
        return None
    at = start
    for i, cells in enumerate(rows):
        for j, cell in enumerate(cells):
            first, last = cell.place
            edits.replace(at, first, "\t" if j else "\n" if i else "")
            for tag in _TAG.finditer(raw, first, last):
                edits.replace(tag.start(), tag.end(), " " if tag[0][1:3].lower() == "br" else "")
            at = last
    edits.replace(at, close.end(), "")
    drafts = table_drafts(raw, table, number)
    for draft in drafts:  # names are made of the raw text
        draft.header = tuple(map(_plain, draft.header))
        draft.under = tuple(map(_plain, draft.under))
    return drafts, close.end()


def _plain(words: str) -> str:
    return " ".join(_TAG.sub(" ", words).split())


def _cell(raw: str, match: re.Match[str]) -> Cell:
    spans = {kind.lower(): max(1, int(n)) for kind, n in _SPAN.findall(match[2])}
    place = _trimmed(raw, *match.span(3))
    return Cell(place, _plain(raw[slice(*place)]), spans.get("col", 1), spans.get("row", 1))


def _trimmed(raw: str, start: int, end: int) -> Pair:
    """Without white space and tags at either end."""
    edge = re.compile(rf"(?:\s|{_TAG.pattern})+", re.DOTALL)
    if opening := edge.match(raw, start, end):
        start = opening.end()
    while start < end:
        if raw[end - 1].isspace():
            end -= 1
        elif raw[end - 1] == ">" and (tag := re.search(r"<[^<>]*>\Z", raw[start:end])):
            end = start + tag.start()
        else:
            break
    return start, end
