"""Files of results: one answer record a row, as JSON Lines or CSV; workbooks are made from these.

A row, once written, is never changed: a file that is continued is read as rows of bytes, and the
rows that stay are copied as they are.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import mmap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rag.schema import Abstention, Answer, Citation, CitedSpan, Conflict, Side, Statement
from ui.errors import OutRefused, UsageError
from ui.linking import Link, no_link
from ui.messages import say
from ui.rendering import place

# A column a citation; what an answer cites beyond them stands in the last.
N_CITED = 5
CITED = tuple(f"citation_{n}" for n in range(1, N_CITED + 1))
LINKS = tuple(f"link_{n}" for n in range(1, N_CITED + 1))
# Columns of a CSV; those of the questions follow.
CSV_COLUMNS = (
    "id", "question", "as_of", "status", "answer", *CITED, "missing", "confidence", "error",
    "engine", "library", *LINKS,
)  # fmt: skip
Bytes = bytes | mmap.mmap  # of a file that may be large
_RECORD_KEYS = frozenset(Answer("", "", "", "error", "", "").to_record())
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
    error: str = ""


class ResultFormat(Protocol):
    @property
    def header(self) -> bytes: ...

    def encode(self, answer: Answer, columns: Mapping[str, Any]) -> bytes:
        """One row, its line end included; `columns` are passed through."""

    def is_ours(self, data: Bytes) -> bool:
        """Whether the file is one of ours, be it cut short anywhere. Empty is ours."""

    def rows(self, data: Bytes) -> Iterator[Row | None]:
        """Rows in file order; None for one that is not whole."""


def result_format(path: Path, columns: Sequence[str], link: Link = no_link) -> ResultFormat:
    """By the file's ending. `columns` are those that are passed through, `link` finds sources.

    Raises UsageError for another ending.
    """
    if path.suffix.lower() == ".jsonl":
        return JsonlResults()
    if path.suffix.lower() == ".csv":
        return CsvResults(columns, path, link)
    raise UsageError(say("out_format", path=path))


def fingerprint(question: str) -> str:
    return hashlib.sha256(question.encode("utf-8", "replace")).hexdigest()[:16]


def passed_name(name: str) -> str:
    """What a column of the questions is called in a record."""
    return f"input_{name}" if name in _RECORD_KEYS else name


def citations_of(record: Mapping[str, Any]) -> list[Citation]:
    """The citations of a record that was read back."""
    return [_citation(raw) for raw in record["citations"]]


def answer_of(record: Mapping[str, Any]) -> Answer:
    """The answer that a record was made from; further columns are left out."""
    missed = record["abstention"]
    abstention = missed and Abstention(
        missed["reason"], tuple(missed["missing"]), tuple(_citation(c) for c in missed["nearest"])
    )
    conflicts = tuple(
        Conflict(c["about"], tuple(Side(**s | {"citations": tuple(s["citations"])})
                                   for s in c["sides"]))
        for c in record["conflicts"]
    )  # fmt: skip
    whole = {key: record[key] for key in _RECORD_KEYS - {"schema"}}
    return Answer(**{
        **whole,
        "statements": tuple(Statement(s["text"], tuple(s["citations"]))
                            for s in record["statements"]),
        "citations": tuple(citations_of(record)),
        "conflicts": conflicts,
        "abstention": abstention,
    })  # fmt: skip


def _citation(raw: Mapping[str, Any]) -> Citation:
    return Citation(**{**raw, "spans": tuple(CitedSpan(**span) for span in raw["spans"])})


def cited_text(citations: Sequence[Citation]) -> dict[str, str]:
    """Column → source, place and quote; one column a citation, numbered as in the answer."""
    texts = [f"{c.source} {place(c)}".rstrip() + f"\n{c.quote}" for c in citations]
    texts[N_CITED - 1 :] = ["\n\n".join(texts[N_CITED - 1 :])] if len(texts) >= N_CITED else []
    return dict(zip(CITED, texts, strict=False))


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

    def is_ours(self, data: Bytes) -> bool:
        head = data[: len(self._begins)]
        return self._begins.startswith(head) or any(self.rows(data))

    def rows(self, data: Bytes) -> Iterator[Row | None]:
        start = 0
        while start < len(data):
            end = data.find(b"\n", start) + 1 or len(data)
            if data[start:end].strip():
                yield self._row(data, start, end)
            start = end

    def _row(self, data: Bytes, start: int, end: int) -> Row | None:
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
                record.get("error") or "",
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None


class CsvResults:
    """For spreadsheets: UTF-8 with a byte order mark, citations as text, no formulas."""

    def __init__(self, columns: Sequence[str], path: Path, link: Link = no_link) -> None:
        self._path = path
        self._link = link
        own = set(CSV_COLUMNS)
        self.columns = (*CSV_COLUMNS, *(f"input_{c}" if c in own else c for c in columns))
        self.header = b"\xef\xbb\xbf" + _csv_line(self.columns)

    def encode(self, answer: Answer, columns: Mapping[str, Any]) -> bytes:
        links = {f"link_{c.n}": self._link(c) for c in answer.citations[:N_CITED]}
        own = {**answer.to_record(), **cited_text(answer.citations), **links}
        own["missing"] = "、".join(answer.abstention.missing if answer.abstention else ())
        row = {**own, **_passed_through(columns, CSV_COLUMNS)}
        return _csv_line([_safe(row.get(column)) for column in self.columns])

    def is_ours(self, data: Bytes) -> bool:
        """Raises OutRefused where it is ours but has other columns."""
        if self.header.startswith(data[: len(self.header) + 1]):
            return True
        _, end, _ = next(_csv_rows(data))
        found = _csv_cells(data[:end])
        if tuple(found) == self.columns:
            return True
        if not set(CSV_COLUMNS) <= set(found):
            return False
        other = sorted(set(found) ^ set(self.columns)) or found
        raise OutRefused(say("out_columns", path=self._path, columns=", ".join(other)[:200]))

    def rows(self, data: Bytes) -> Iterator[Row | None]:
        bounds = _csv_rows(data)
        next(bounds, None)  # the header
        for start, end, whole in bounds:
            cells = _csv_cells(data[start:end]) if whole else []
            if len(cells) != len(self.columns):
                yield None
                continue
            row = dict(zip(self.columns, map(_unsafe, cells), strict=True))
            question = fingerprint(row["question"])
            yield Row(
                start, end, row["id"], question, row["as_of"], row["status"], row["library"],
                row["error"],
            )  # fmt: skip


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


def _csv_rows(data: Bytes) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whole) of each row: a line end is one of a row where all quotes are closed."""
    start = at = quotes = 0
    while start < len(data):
        end = data.find(b"\n", at) + 1
        if not end:
            yield start, len(data), False
            return
        quotes += data[at:end].count(b'"')
        at = end
        if quotes % 2 == 0:
            yield start, end, True
            start, quotes = end, 0


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
