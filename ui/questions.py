"""Files of questions: JSON Lines, CSV, Excel, or plain text with a question a line."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from ui.errors import BadQuestions
from ui.messages import say

ID_COLUMNS = ("id", "编号", "序号", "编码", "qid", "no", "no.")
QUESTION_COLUMNS = ("question", "问题", "提问", "問題", "query", "q")
AS_OF_COLUMNS = ("as_of", "日期基准")
HISTORY_COLUMNS = ("history", "之前的问题", "历史", "上文")
# Read by us, not passed through: the record has them under the same name.
_OWN = ("id", "question", "as_of", "schema")
# A spreadsheet's own way; one that holds a time as well has midnight.
_DAY = re.compile(r"(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?(?: 0?0:00(?::00)?)?", re.ASCII)
_MAX_CELL_CHARS = 10_000_000  # csv's own limit, 131072, is less than a passage can have


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a file. With a `problem`, it cannot be asked and becomes an error record."""

    id: str
    text: str
    as_of: date | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)  # passed through, in file order
    problem: str | None = None
    history: tuple[Any, ...] = ()  # earlier turns, oldest first, as `Answerer.answer` takes them


@dataclass(frozen=True, slots=True)
class QuestionFile:
    questions: tuple[Question, ...]  # in file order, ids unique
    columns: tuple[str, ...]  # names that are passed through, in order of first appearance
    renamed: int  # ids that occurred twice and got "#2"


def read_questions(path: Path) -> QuestionFile:
    """All questions of the file. A row that cannot be read is a question with a `problem`.

    Questions without an id are q1, q2, … by their place among the questions.
    Raises BadQuestions for a file that is missing, unreadable, of another format, or empty.
    """
    readers = {".jsonl": _jsonl, ".csv": _csv, ".tsv": _csv, ".xlsx": _xlsx, ".txt": _txt}
    reader = readers.get(path.suffix.lower())
    if path.is_dir():
        raise BadQuestions(say("questions_folder", path=path))
    if not path.is_file():
        raise BadQuestions(say("questions_missing", path=path))
    if reader is None:
        raise BadQuestions(say("questions_format", path=path))
    try:
        questions = list(reader(path))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadQuestions(say("questions_unreadable", path=path, error=error)) from error
    if not questions:
        raise BadQuestions(say("questions_none", path=path))
    return _with_unique_ids(questions)


def decode(data: bytes) -> str:
    """Text of a file that people made: UTF-8 or UTF-16 with their marks, else GB18030 (Excel)."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def _with_unique_ids(questions: list[Question]) -> QuestionFile:
    taken: set[str] = set()
    unique: list[Question] = []
    columns: dict[str, None] = {}
    renamed = 0
    for place, question in enumerate(questions, 1):
        wanted = question.id or f"q{place}"
        name, again = wanted, 1
        while name in taken:
            again += 1
            name = f"{wanted}#{again}"
        renamed += name != wanted
        taken.add(name)
        columns.update(dict.fromkeys(question.columns))
        unique.append(replace(question, id=name))
    return QuestionFile(tuple(unique), tuple(columns), renamed)


# --- formats -------------------------------------------------------------------------------------


def _txt(path: Path) -> Iterator[Question]:
    for line in decode(path.read_bytes()).splitlines():
        if line.strip():
            yield Question("", line.strip())


def _jsonl(path: Path) -> Iterator[Question]:
    # Not splitlines: a JSON text may hold U+2028 as it is.
    for number, line in enumerate(decode(path.read_bytes()).split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            problem = say("line_broken", line=number, error=str(error)[:120])
            yield Question("", line.strip()[:200], problem=problem)
            continue
        if isinstance(row, str):
            yield Question("", row)
        elif isinstance(row, dict) and isinstance(row.get("question"), str):
            yield _from_row(row)
        else:
            found = str(row.get("id") or "") if isinstance(row, dict) else ""
            yield Question(found, line.strip()[:200], problem=say("line_no_question", line=number))


def _csv(path: Path) -> Iterator[Question]:
    text = decode(path.read_bytes())
    head = text.split("\n", 1)[0]
    delimiter = max("\t;,", key=head.count) if path.suffix.lower() != ".tsv" else "\t"
    limit = csv.field_size_limit(_MAX_CELL_CHARS)
    try:
        yield from _table(path, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    finally:
        csv.field_size_limit(limit)


def _xlsx(path: Path) -> Iterator[Question]:
    import zipfile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise BadQuestions(say("questions_unreadable", path=path, error=error)) from error
    try:
        rows = book.worksheets[0].iter_rows(values_only=True)
        yield from _table(path, ([_cell(value) for value in row] for row in rows))
    finally:
        book.close()


def _cell(value: object) -> Any:
    """A cell as JSON can hold it: whole floats as integers, dates in ISO 8601, empty as ""."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return value if isinstance(value, (int, float, bool, str)) else str(value)


def _table(path: Path, rows: Iterable[list[Any]]) -> Iterator[Question]:
    """Rows under a header; rows without any text are no questions."""
    header: list[str] | None = None
    for row in rows:
        if not any(str(cell).strip() for cell in row):
            continue
        if header is None:
            header = [str(cell).strip() for cell in row]
            names = _canonical(header)
            if "question" not in names:
                shown = ", ".join(filter(None, header))[:200]
                raise BadQuestions(say("id_and_question", path=path, columns=shown))
            continue
        cells = [*row, *[""] * (len(names) - len(row))]
        yield _from_row({name: cell for name, cell in zip(names, cells, strict=False) if name})


def _canonical(header: list[str]) -> list[str]:
    """Column names with ours in English; only the first column of a meaning is ours."""
    names = list(header)
    for ours, accepted in (
        ("id", ID_COLUMNS),
        ("question", QUESTION_COLUMNS),
        ("as_of", AS_OF_COLUMNS),
        ("history", HISTORY_COLUMNS),
    ):
        lowered = [name.lower() for name in names]
        for one in accepted:
            if one in lowered:
                names[lowered.index(one)] = ours
                break
    return names


def _from_row(row: Mapping[str, Any]) -> Question:
    text, given = str(row["question"]).strip(), str(row.get("as_of") or "").strip()
    as_of, problem = None, None
    if given:
        try:
            as_of = _day(given)
        except ValueError:
            problem = say("bad_date", text=given[:40])
    name = row.get("id")
    return Question(
        "" if name is None else str(name).strip(),
        text,
        as_of,
        {key: value for key, value in row.items() if key not in _OWN},
        problem,
        _history(row.get("history")),
    )


def _day(text: str) -> date:
    """2026-01-31, or as spreadsheets write it: 2026/1/31, 2026年1月31日. Raises ValueError."""
    found = _DAY.fullmatch(text)
    return date(*map(int, found.groups())) if found else date.fromisoformat(text)


def _history(given: Any) -> tuple[Any, ...]:
    """A list of turns, as JSON or as it is; of another text, an earlier question a line."""
    if isinstance(given, str):
        try:
            given = json.loads(given) if given.lstrip().startswith("[") else given.splitlines()
        except (ValueError, RecursionError):
            given = given.splitlines()
    return tuple(given) if isinstance(given, (list, tuple)) else ()
