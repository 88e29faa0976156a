"""What is found, in plain fields for other programs; and a source's own words at a span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.store import Library
    from rag.filters import Filters
    from rag.settings import RetrievalSettings

_AROUND = 200  # characters before and after a span, when nothing else is asked for


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage: characters [start, end) of the document's text, and where they stand."""

    source: str
    doc_id: str
    title: str
    section: str | None  # headings joined with " > "
    page: int | None
    start: int
    end: int
    text: str
    score: float  # higher is better; comparable within one search


@dataclass(frozen=True, slots=True)
class Excerpt:
    """`text` is characters [start, end) of a document with `length` characters."""

    source: str
    doc_id: str
    title: str
    section: str | None
    page: int | None
    start: int
    end: int
    length: int
    text: str


def find(
    library: Library,
    question: str,
    *,
    limit: int = 10,
    settings: RetrievalSettings | None = None,
    as_of: date | None = None,
    where: Filters | None = None,
) -> list[Hit]:
    """The best passages first; [] where nothing is found. Raises what `searching.search` does."""
    from rag.searching import search

    found = search(library, question, settings, as_of=as_of, where=where, limit=limit)
    return [
        Hit(
            passage.source,
            passage.chunk.doc_id,
            passage.title,
            *_place(library, passage.chunk.doc_id, passage.chunk.span.start),
            passage.chunk.span.start,
            passage.chunk.span.end,
            passage.text,
            round(passage.score, 6),
        )
        for passage in found.passages
    ]


def read_span(
    library: Library, doc_id: str, start: int = 0, end: int | None = None, *, around: int = _AROUND
) -> Excerpt:
    """What stands at a span and `around` characters beside it, within the document's bounds.

    Without `end`, `around` characters from `start`. Raises DocumentNotFound.
    """
    document = library.document(doc_id)
    length = len(document.text)
    first = min(max(0, start - around), length)
    last = min(length, max(start if end is None else end, first) + around)
    section, page = _place(library, doc_id, min(max(0, start), max(0, length - 1)))
    return Excerpt(
        document.source, doc_id, document.title, section, page, first, last, length,
        document.text[first:last],
    )  # fmt: skip


def _place(library: Library, doc_id: str, offset: int) -> tuple[str | None, int | None]:
    """(section, page) of a character."""
    document = library.document(doc_id)
    block = document.block_at(offset)
    section = " > ".join(block.section) if block is not None else ""
    return section or None, document.page_at(offset)
