"""One question, what was answered, and what was found out about it: what metrics are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evals.schema import Question
from index.schema import Span

Status = Literal["answered", "abstained", "error", "missing"]


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold quote and where it stands; `spans` is () where it does not occur in the library."""

    doc_id: str
    quote: str
    spans: tuple[Span, ...]
    page: int | None = None
    time: tuple[float, float] | None = None
    section: str | None = None

    @property
    def whole_document(self) -> bool:
        return not self.quote


@dataclass(frozen=True, slots=True)
class Check:
    """What looking a citation up in its document showed."""

    verbatim: bool  # every part of the quote occurs in the document
    offsets: bool  # the quote is exactly the slices at its spans
    page: bool  # the page is the one its span stands on (none, where there are no pages)
    time: bool
    section: bool

    @property
    def place(self) -> bool:
        return self.page and self.time and self.section


@dataclass(frozen=True, slots=True)
class Ranked:
    """A retrieved sentence or passage, best first in its list."""

    doc_id: str
    spans: tuple[Span, ...]
    score: float

    @property
    def n_chars(self) -> int:
        return sum(len(s) for s in self.spans)


@dataclass(frozen=True, slots=True)
class Case:
    """`ranked` is None where the run did not record retrieval, () where nothing was retrieved."""

    question: Question
    status: Status
    record: Mapping[str, Any] = field(default_factory=dict)  # the answer record; {} if missing
    gold: tuple[Gold, ...] = ()
    checks: tuple[Check, ...] = ()  # one per citation, in order
    ranked: tuple[Ranked, ...] | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        """The answer's text; "" unless the question was answered."""
        return str(self.record.get("answer") or "") if self.status == "answered" else ""

    @property
    def citations(self) -> list[Mapping[str, Any]]:
        return list(self.record.get("citations") or ())

    @property
    def confidence(self) -> float | None:
        value = self.record.get("confidence")
        return None if value is None else float(value)
