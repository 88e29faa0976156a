"""The answer record: what `wenju ask --json`, `wenju batch` and every other way in return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from index.schema import Chunk, Sentence

SCHEMA_VERSION = 1

Status = Literal["answered", "abstained", "error"]


@dataclass(frozen=True, slots=True)
class CitedSpan:
    """Characters [start, end) of Document.text, with the place a person would look it up at."""

    start: int
    end: int
    page: int | None = None
    time_start: float | None = None  # seconds
    time_end: float | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """`quote` is the slices of `spans`, joined with ` … `."""

    n: int  # from 1, as shown in the answer
    source: str
    doc_id: str
    quote: str
    spans: tuple[CitedSpan, ...]
    section: str | None  # headings joined with " > "
    score: float


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    citations: tuple[int, ...]  # numbers of citations; never empty


@dataclass(frozen=True, slots=True)
class Side:
    value: str
    scope: str
    citations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    about: str
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Abstention:
    reason: str  # one plain sentence in the question's language
    missing: tuple[str, ...] = ()  # what was asked and is not in the sources
    nearest: tuple[Citation, ...] = ()  # related, not an answer


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's record. `answer` is the statements' texts with their citation marks."""

    id: str
    question: str
    as_of: str  # ISO date that "this year" and "last year" are resolved against
    status: Status
    engine: str
    library: str  # "sha256:…" of the library's logical content
    answer: str = ""
    completed_question: str | None = None
    statements: tuple[Statement, ...] = ()
    citations: tuple[Citation, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    abstention: Abstention | None = None
    confidence: float | None = None  # estimated probability that the answer is right
    usage: Mapping[str, Any] | None = None  # tokens, cost, what a language model did
    error: str | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    def to_record(self) -> dict[str, Any]:
        """The record as in docs/answer-record.md, keys in its order, ready for json.dumps."""
        raw = _plain(self)
        order = (
            "id", "question", "completed_question", "as_of", "status", "engine", "answer",
            "statements", "citations", "conflicts", "abstention", "confidence", "usage", "error",
            "library", "timings_ms",
        )  # fmt: skip
        return {"schema": SCHEMA_VERSION} | {key: raw[key] for key in order}


@dataclass(frozen=True, slots=True)
class Shown:
    """A statement that is verified and may be shown at once: it is never withdrawn."""

    statement: Statement
    citations: tuple[Citation, ...]  # those that no statement before it has named


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk retrieved for a question."""

    chunk: Chunk
    source: str
    title: str
    text: str
    score: float
    ranks: Mapping[str, int]  # arm → rank from 1, for the arms that found it
    also: tuple[Passage, ...] = ()  # of other documents that say the same in the same words


@dataclass(frozen=True, slots=True)
class RankedSentence:
    """A sentence with its score and the features that made it."""

    doc_id: str
    position: int  # in the document's sentences
    sentence: Sentence
    text: str
    score: float
    features: Mapping[str, float]
    contributions: Mapping[str, float] = field(
        default_factory=dict
    )  # weight × value, largest first


def _plain(value: Any) -> Any:
    """As `dataclasses.asdict`, without copying what cannot change: a tenth of its time."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    names = getattr(type(value), "__dataclass_fields__", None)
    if names is not None:
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
