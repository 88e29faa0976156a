"""Results as an Excel workbook, made from the JSON Lines of a run that lie beside it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ui.linking import Link, no_link
from ui.messages import say
from ui.results import CITED, citations_of, cited_text, passed_name

COLUMNS = ("id", "question", "as_of", "status", "answer", *CITED, "missing", "confidence", "error")
_MAX_CELL = 32_767  # of Excel
_MAX_URL = 2_000
_MAX_LINKS = 65_000  # of a sheet
_WIDTHS = {"question": 40, "answer": 60, "missing": 20, "error": 30} | dict.fromkeys(CITED, 50)


def write_workbook(records: Path, out: Path, columns: Sequence[str], link: Link = no_link) -> None:
    """A row a record, in the file's order; the questions' own `columns` stand after ours.

    A citation's cell leads to its source. Written row by row, aside, and renamed. Texts are
    texts: nothing in them becomes a formula.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    plain, underlined = Alignment(wrap_text=True, vertical="top"), Font(color="0B57D0", u="single")
    book = Workbook(write_only=True)
    sheet = book.create_sheet(say("sheet_answers"))

    def cell(value: Any) -> Any:
        one = WriteOnlyCell(sheet, _fitting(value))
        if isinstance(one.value, str):
            one.data_type = "s"  # also where it begins like a formula
        return one

    def linked(text: str, url: str) -> Any:
        target, _, place = url.partition("#")
        one = cell(text)
        one.hyperlink, one.font = target, underlined
        one.hyperlink.location = place or None
        return one

    names = [*COLUMNS, *(passed_name(name) for name in columns)]
    for at, name in enumerate(names):
        width = _WIDTHS.get(name, 14) if at < len(COLUMNS) else 14
        sheet.column_dimensions[get_column_letter(at + 1)].width = width
    sheet.freeze_panes = "C2"
    sheet.append([cell(name) for name in names])
    n_links = 0
    with records.open("rb") as file:
        for line in file:
            record = json.loads(line)
            own = _cells(record)
            urls = _links(record, link) if n_links < _MAX_LINKS else {}
            n_links += len(urls)
            row = [
                linked(own[name], urls[name]) if name in urls else cell(own.get(name))
                for name in COLUMNS
            ]
            row += [cell(record.get(name)) for name in names[len(COLUMNS) :]]
            for one in row:
                one.alignment = plain
            sheet.append(row)
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        book.save(aside)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _cells(record: Mapping[str, Any]) -> dict[str, Any]:
    missing = (record["abstention"] or {}).get("missing", ())
    return {**record, **cited_text(citations_of(record)), "missing": "、".join(missing)}


def _links(record: Mapping[str, Any], link: Link) -> dict[str, str]:
    """Column → address, of the citations that have a column and an address."""
    found = {f"citation_{c.n}": link(c) for c in citations_of(record)}
    return {k: url for k, url in found.items() if k in CITED and url and len(url) <= _MAX_URL}


def _fitting(value: Any) -> Any:
    """What a cell can hold: no control characters, no half surrogates, 32,767 characters."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
    clean = "".join(c for c in text if c >= " " or c in "\n\t").encode("utf-8", "replace").decode()
    return clean if len(clean) <= _MAX_CELL else clean[: _MAX_CELL - 1] + "…"
