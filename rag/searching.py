"""Passages for a question, without an answer: what `wenju search` shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from index.segmenting import key
from rag.answering import checked
from rag.features import measure
from rag.filters import Filters
from rag.ranking import best_passages, rank, score
from rag.retrieval import Retrieval, retrieve
from rag.schema import Passage, RankedSentence
from rag.settings import RetrievalSettings
from rag.terms import contains

if TYPE_CHECKING:
    from index.store import Library

# What a passage as a whole is worth beside its best sentence: who looks for a passage may have told
# a story of which each sentence holds a part. Chosen on STARD's taught questions, T1, T2 and DRCD.
WHOLE = 64.0


@dataclass(frozen=True, slots=True)
class Search:
    """Passages by their best sentence and as a whole. What asks for nothing finds nothing."""

    retrieval: Retrieval
    passages: list[Passage]  # best first
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
    settings = settings or RetrievalSettings()
    # At least as many are looked at as are shown.
    wanted = {name: max(getattr(settings, name), limit) for name in ("candidates", "passages")}
    found = retrieve(library, asked, replace(settings, **wanted), doc_ids=doc_ids)
    if not found.concepts:  # 的, 那个呢: whatever is found is found by accident
        return Search(found, [], [])
    scores = score(found)
    passages = _as_wholes(found, best_passages(found, scores, len(found.chunks)))
    return Search(found, _of_all_sides(found, passages)[:limit], rank(found, scores, limit))


def _as_wholes(found: Retrieval, passages: list[Passage]) -> list[Passage]:
    """In the order of what their best sentences and their chunks score together."""
    whole = {scored.chunk.chunk_id: scored.score for scored in found.chunks}
    together = [
        replace(p, score=round(p.score + WHOLE * whole.get(p.chunk.chunk_id, 0.0), 6))
        for p in passages
    ]
    return sorted(together, key=lambda p: (-p.score, p.chunk.chunk_id))


def _of_all_sides(found: Retrieval, passages: list[Passage]) -> list[Passage]:
    """Where things are compared, the best passage that names each comes before all others."""
    if not found.sides:
        return passages
    first: set[str] = set()
    for side in found.sides:
        features = measure(
            [s.candidate for s in found.sentences], side, {}, found.asked, found.question.key
        )
        alone = replace(found, features=features)
        own = [c for c in side if not all(c in other for other in found.sides)]
        terms = [alternative.term for concept in own for alternative in concept.alternatives]
        for passage in best_passages(alone, score(alone), len(found.chunks)):
            said = key(f"{passage.title}\n{passage.text}")
            if any(contains(said, term) for term in terms):
                first.add(passage.chunk.chunk_id)
                break
    return sorted(passages, key=lambda p: p.chunk.chunk_id not in first)
