"""Files of results: one answer record a row, as JSON Lines or CSV.

A row, once written, is never changed: a file that is continued is read as rows of bytes, and the
rows that stay are copied as they are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.schema import Answer
from ui.errors import OutRefused, UsageError
from ui.messages import say
from ui.rendering import place

# Columns of a CSV; those of the questions follow.
CSV_COLUMNS = (
    "id", "question", "as_of", "status", "answer", "sources", "quotes", "missing", "confidence",
    "error", "engine", "library",
)  # fmt: skip
# What a spreadsheet would run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a result file: bytes [start, end), and what says whether it still holds."""

    start: int
    end: int
    id: str
    question: str  # fingerprint of its text
    as_of: str
    status: str
    library: str


class ResultFormat(Protocol):
    @property
    def header(self) -> bytes: ...

    def encode(self, answer: Answer, columns: Mapping[str, Any]) -> bytes:
        """One row, its line end included; `columns` are passed through."""

    def is_ours(self, data: bytes) -> bool:
        """Whether the file is one of ours, be it cut short anywhere. Empty is ours."""

    def rows(self, data: bytes) -> Iterator[Row | None]:
        """Rows in file order; None for one that is not whole."""


def result_format(path: Path, columns: Sequence[str]) -> ResultFormat:
    """By the file's ending. `columns` are those that are passed through.

    Raises UsageError for another ending.
    """
    if path.suffix.lower() == ".jsonl":
        return JsonlResults()
    if path.suffix.lower() == ".csv":
        return CsvResults(columns, path)
    raise UsageError(say("out_format", path=path))


def fingerprint(question: str) -> str:
    return hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:16]


def _passed_through(columns: Mapping[str, Any], taken: Collection[str]) -> dict[str, Any]:
    """A column whose name the record itself has gets `input_` before it."""
    return {f"input_{name}" if name in taken else name: v for name, v in columns.items()}


class JsonlResults:
    header = b""
    _begins = b'{"schema": 1, "id": "'

    def encode(self, answer: Answer, columns: Mapping[str, Any]) -> bytes:
        record = answer.to_record()
        record |= _passed_through(columns, record)
        try:
            return (json.dumps(record, ensure_ascii=False) + "\n").encode()
        except UnicodeEncodeError:  # half a surrogate pair, from a \ud83d in the questions
            return (json.dumps(record) + "\n").encode()

    def is_ours(self, data: bytes) -> bool:
        head = data[: len(self._begins)]
        return self._begins.startswith(head) or any(self.rows(data))

    def rows(self, data: bytes) -> Iterator[Row | None]:
        start = 0
        while start < len(data):
            end = data.find(b"\n", start) + 1 or len(data)
            if data[start:end].strip():
                yield self._row(data, start, end)
            start = end

    def _row(self, data: bytes, start: int, end: int) -> Row | None:
        if data[end - 1 : end] != b"\n":
            return None  # cut short, even where what is left happens to be JSON
        try:
            record = json.loads(data[start:end])
            return Row(
                start,
                end,
                str(record["id"]),
                fingerprint(record["question"]),
                record["as_of"],
                record["status"],
                record["library"],
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


class CsvResults:
    """For spreadsheets: UTF-8 with a byte order mark, citations as text, no formulas."""

    def __init__(self, columns: Sequence[str], path: Path) -> None:
        self._path = path
        own = set(CSV_COLUMNS)
        self.columns = (*CSV_COLUMNS, *(f"input_{c}" if c in own else c for c in columns))
        self.header = b"\xef\xbb\xbf" + _csv_line(self.columns)

    def encode(self, answer: Answer, columns: Mapping[str, Any]) -> bytes:
        row = {**answer.to_record(), **_as_text(answer), **_passed_through(columns, CSV_COLUMNS)}
        return _csv_line([_safe(row.get(column)) for column in self.columns])

    def is_ours(self, data: bytes) -> bool:
        """Raises OutRefused where it is ours but has other columns."""
        if self.header.startswith(data):
            return True
        _, end, _ = next(_csv_rows(data))
        found = _csv_cells(data[:end])
        if tuple(found) == self.columns:
            return True
        if not set(CSV_COLUMNS) <= set(found):
            return False
        other = sorted(set(found) ^ set(self.columns)) or found
        raise OutRefused(say("out_columns", path=self._path, columns=", ".join(other)[:200]))

    def rows(self, data: bytes) -> Iterator[Row | None]:
        bounds = _csv_rows(data)
        next(bounds, None)  # the header
        for start, end, whole in bounds:
            cells = _csv_cells(data[start:end]) if whole else []
            if len(cells) != len(self.columns):
                yield None
                continue
            row = dict(zip(self.columns, map(_unsafe, cells), strict=True))
            question = fingerprint(row["question"])
            yield Row(start, end, row["id"], question, row["as_of"], row["status"], row["library"])


def _as_text(answer: Answer) -> dict[str, str]:
    """Citations as two columns of text, numbered as in the answer."""
    missing = answer.abstention.missing if answer.abstention else ()
    return {
        "sources": "\n".join(f"[{c.n}] {c.source} {place(c)}".rstrip() for c in answer.citations),
        "quotes": "\n".join(f"[{c.n}] {c.quote}" for c in answer.citations),
        "missing": "、".join(missing),
    }


def _csv_line(cells: Sequence[Any]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue().encode("utf-8", "replace")


def _csv_cells(line: bytes) -> list[str]:
    limit = csv.field_size_limit(len(line) + 1)
    try:
        reader = csv.reader(io.StringIO(line.decode("utf-8-sig", "replace"), newline=""))
        return next(reader, [])
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(limit)


def _csv_rows(data: bytes) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whole) of each row: a line end is one of a row where all quotes are closed."""
    start = at = 0
    while start < len(data):
        end = data.find(b"\n", at) + 1
        if not end:
            yield start, len(data), False
            return
        at = end
        if data.count(b'"', start, end) % 2 == 0:
            yield start, end, True
            start = end


def _safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; `_unsafe` is its inverse."""
    if value is None:
        return ""
    if isinstance(value, (dict, list, tuple)):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith((*_FORMULA, "'")) and not _is_number(value):
        return "'" + value
    return value


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") else cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
