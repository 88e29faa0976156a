"""Question sets on disk: JSON Lines, one question a line."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from evals.errors import BadQuestionSet
from evals.schema import Question

DATA = Path(__file__).parent / "data"
SAMPLE_FOLDER = DATA / "sample"


def load(path: Path) -> list[Question]:
    """Read a set: one file, or every .jsonl file of a folder in order of name.

    Raises BadQuestionSet naming file and line; ids must be unique over all files.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files or not all(f.is_file() for f in files):
        raise BadQuestionSet(f"{path} is no question set: give a .jsonl file or a folder of them")
    questions: list[Question] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise BadQuestionSet(f"{file} is not UTF-8 ({error}): save it as UTF-8") from error
        # Not splitlines: a quote may hold U+2028 or U+0085, which JSON leaves as they are.
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
                if not isinstance(record, dict):
                    raise BadQuestionSet("a line must be a JSON object")
                json.dumps(record, ensure_ascii=False).encode()  # half a surrogate pair fails here
                questions.append(Question.from_record(record))
            except (BadQuestionSet, json.JSONDecodeError, UnicodeEncodeError) as error:
                raise BadQuestionSet(f"{file}, line {number}: {error}") from error
    twice = [i for i, n in Counter(q.id for q in questions).items() if n > 1]
    if twice:
        raise BadQuestionSet(f"{path}: ids occur twice: {', '.join(twice[:5])}; make them unique")
    return questions


def to_lines(questions: Iterable[Question]) -> str:
    """The set as JSON Lines, the form its hash is taken of."""
    return "".join(json.dumps(q.to_record(), ensure_ascii=False) + "\n" for q in questions)


def save(questions: Iterable[Question], path: Path) -> None:
    """The file as it was or the whole new one: a set is somebody's work."""
    from index.files import write_whole

    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path.resolve(), to_lines(questions).encode())


def set_hash(questions: Sequence[Question]) -> str:
    """ "sha256:…" of what is asked and what is gold: changes when any question does."""
    return "sha256:" + hashlib.sha256(to_lines(questions).encode()).hexdigest()


def builtin(split: str | None = None) -> list[Question]:
    """The questions on the sample library (`SAMPLE_FOLDER`), or those of one split of them."""
    return [q for q in load(DATA / "questions") if split in (None, q.split)]
