"""Question sets in other people's formats, as questions and a corpus that can be indexed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evals.schema import Question

Records = Iterable[Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class LoadedSet:
    """`documents` gives {"id", "title", "text"} records afresh each time it is called.

    The evidence of the questions names documents by these ids.
    """

    name: str
    questions: tuple[Question, ...]
    documents: Callable[[], Records]

    def write_corpus(self, folder: Path) -> Path:
        """Write the documents as one JSONL corpus that `wenju index` reads; gives its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.jsonl"
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for record in self.documents():
                file.write(json.dumps(dict(record), ensure_ascii=False) + "\n")
        return path
