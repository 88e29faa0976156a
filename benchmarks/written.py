"""Documents that we wrote, of the kinds that people have, and questions in pairs over them.

`written_sets/NAME/documents/` is one library on neighbouring subjects: reports and papers with
tables and notes, rules with annexes, transcripts, minutes, web pages, text out of PDFs.
`written_sets/NAME/questions.jsonl` is an eval set over it (evals/schema.py) with `near`, what is
most easily taken for an answer (places, as its evidence). As in twins.py, the documents answer one
question of a pair and not the other, and wording alone does not tell which.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.twins import fold_of
from evals.loaders.passages import read_jsonl
from evals.matching import Finder
from index.parsing import parse_file
from index.schema import Document, Span

HERE = Path(__file__).parent / "written_sets"
NAMES = (
    "aipolicy", "annual", "autos", "chips", "climate", "company", "courts", "culture", "digital",
    "diplomacy", "energy", "english", "farming", "finance", "guides", "health", "history",
    "housing", "labour", "minerals", "newsa", "newsb", "newsc", "papers", "schools", "security",
    "space", "talks", "thinktank", "trade", "transport", "water",
)  # fmt: skip

Place = tuple[str, Span]


@dataclass(frozen=True, slots=True)
class Written:
    """A question of a set; `gold` is empty where nothing answers."""

    record: dict[str, Any]
    gold: tuple[Place, ...]

    @property
    def fold(self) -> int:
        """By document, so that twins stay together but where each is about another (9 of 3,029)."""
        places = self.record["evidence"] or self.record["near"]
        return fold_of(places[0]["doc"] if places else self.record["id"])


def documents(name: str) -> list[Document]:
    """The set's documents as they are indexed, by name. Raises ValueError for what is not read."""
    found: list[Document] = []
    for path in sorted((HERE / name / "documents").iterdir()):
        for document in parse_file(path, path.name):
            if not isinstance(document, Document):
                raise ValueError(f"{path} cannot be read: {document.reason}")
            found.append(document)
    return found


def questions(name: str, library: Iterable[Document]) -> list[Written]:
    """The set's questions in order, with the places of their quotes in its documents.

    Raises ValueError for a quote that stands nowhere.
    """
    finders = {document.doc_id: Finder(document) for document in library}
    return [
        Written(record, tuple(_places(record["evidence"], finders)))
        for record in read_jsonl(HERE / name / "questions.jsonl")
    ]


def _places(evidence: Sequence[dict[str, str]], finders: dict[str, Finder]) -> list[Place]:
    found: list[Place] = []
    for one in evidence:
        spans = finders[one["doc"]].find(one["quote"])
        if not spans:
            raise ValueError(f"{one['doc']} does not hold {one['quote']!r}")
        found += [(one["doc"], span) for span in spans]
    return found
