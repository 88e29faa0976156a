"""CSV exports of ragas test sets and LangSmith data sets.

ragas: user_input (or question), reference (or ground_truth), reference_contexts (or contexts).
LangSmith: inputs and outputs as JSON objects, or columns input_question / output_answer. Lists may
be JSON or Python literals. Contexts become documents, and the gold is the whole of each; without
contexts the set has answers only and is asked on a library of your own.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evals.errors import BadQuestionSet
from evals.loaders import LoadedSet
from evals.schema import Evidence, Question

QUESTION = ("user_input", "question", "input_question", "inputs.question", "query", "input")
ANSWER = (
    "reference", "ground_truth", "ground_truths", "output_answer", "outputs.answer", "answer",
    "output",
)  # fmt: skip
_LONGEST_FIELD = 2**30  # characters
CONTEXTS = ("reference_contexts", "contexts", "retrieved_contexts")


def load_table(path: Path, lang: str = "zh") -> LoadedSet:
    """Raises BadQuestionSet where a row has no question, or the file is no CSV in UTF-8."""
    documents: dict[str, str] = {}
    questions: list[Question] = []
    try:
        rows = list(_rows(path))
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadQuestionSet(f"{path} is not CSV in UTF-8 ({error}): save it as such") from error
    for number, raw in enumerate(rows, 1):
        row = _opened(raw)
        text = _first(row, QUESTION)
        if text is None:
            columns = ", ".join(str(name) for name in raw if name is not None)
            raise BadQuestionSet(
                f"{path}, row {number}: has columns {columns}; one of {', '.join(QUESTION)} must "
                "hold the question"
            )
        answers = tuple(a for a in _strings(_first(row, ANSWER)) if a.strip())
        contexts = [c for c in _strings(_first(row, CONTEXTS)) if c.strip()]
        for context in contexts:
            documents.setdefault(_id(context), context)
        questions.append(
            Question(
                id=str(row.get("id") or f"{path.stem}-{number:04}"),
                question=str(text),
                lang=lang,
                type="entity" if answers or contexts else "unanswerable",
                answerable=bool(answers or contexts),
                answers=answers,
                match="any" if answers or contexts else "none",
                evidence=tuple(Evidence(_id(c), "") for c in contexts),
                split="test",
            )
        )
    return LoadedSet(
        path.stem,
        tuple(questions),
        lambda: ({"id": i, "title": "", "text": text} for i, text in documents.items()),
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    before = csv.field_size_limit(_LONGEST_FIELD)  # contexts are whole documents
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from csv.DictReader(file)
    finally:
        csv.field_size_limit(before)


def _opened(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with LangSmith's `inputs` and `outputs` objects spread into columns."""
    opened = dict(row)
    for side in ("inputs", "outputs"):
        value = _parsed(row.get(side))
        if isinstance(value, dict):
            opened |= {f"{side}.{key}": inner for key, inner in value.items()}
            if len(value) == 1:  # whatever its key is called
                opened.setdefault(side[:-1], next(iter(value.values())))
    return opened


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((row[n] for n in names if row.get(n) not in (None, "")), None)


def _strings(value: Any) -> list[str]:
    parsed = _parsed(value)
    if parsed is None:
        return []
    return [str(v) for v in parsed] if isinstance(parsed, list | tuple) else [str(value)]


def _parsed(value: Any) -> Any:
    """A list or object written as JSON or as a Python literal; anything else as it is."""
    if not isinstance(value, str) or value[:1] not in "[{":
        return value
    for read in (json.loads, ast.literal_eval):
        try:
            return read(value)
        except (ValueError, SyntaxError):
            continue
    return value


def _id(text: str) -> str:
    return "context-" + hashlib.sha256(text.encode()).hexdigest()[:16]
