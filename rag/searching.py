"""Passages for a question, without an answer: what `wenju search` shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from rag.answering import checked
from rag.filters import Filters
from rag.ranking import best_passages, rank, score
from rag.retrieval import Retrieval, retrieve
from rag.schema import Passage, RankedSentence
from rag.settings import RetrievalSettings

if TYPE_CHECKING:
    from index.store import Library


@dataclass(frozen=True, slots=True)
class Search:
    """Passages by their best sentence. A question that asks for nothing finds nothing."""

    retrieval: Retrieval
    passages: list[Passage]  # best first; `score` is that of the best sentence
    sentences: list[RankedSentence]  # best first


def search(
    library: Library,
    question: str,
    settings: RetrievalSettings | None = None,
    *,
    as_of: date | None = None,
    where: Filters | None = None,
    limit: int = 10,
) -> Search:
    """At most `limit` passages and sentences. Raises BadQuestion for an empty or too long one."""
    asked = checked(question, as_of or date.today())
    doc_ids = where.matching(library) if where is not None else None
    found = retrieve(library, asked, settings or RetrievalSettings(), doc_ids=doc_ids)
    if not found.concepts:  # 的, 那个呢: whatever is found is found by accident
        return Search(found, [], [])
    scores = score(found)
    return Search(found, best_passages(found, scores, limit), rank(found, scores, limit))
