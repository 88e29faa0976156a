"""A library in memory that searches by adding up: slow, obvious, and with nothing to set up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from index.aliases import mine
from index.chunking import split_chunks, split_sentences
from index.embedding import EmbeddingSettings, load_embedder
from index.glossary import alias_key
from index.hits import Ranking
from index.lexical import WeightedTerm
from index.schema import (
    Block,
    BlockKind,
    Chunk,
    Document,
    DocumentInfo,
    ScoredChunk,
    Sentence,
    Span,
)
from index.segment import embedded_text
from index.segmenting import grams
from index.synonyms import Synonyms


class ReferenceLibrary:
    """The reading side of `index.store.Library`."""

    name = "reference"
    hash = "sha256:reference"

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = {d.doc_id: d for d in documents}
        self._sentences: dict[str, tuple[Sentence, ...]] = {}
        self._chunks: list[Chunk] = []
        self._postings: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._names: dict[str, Counter[str]] = defaultdict(Counter)
        self.synonyms = Synonyms(b"")
        self.calibration = b""
        for document in self._documents.values():
            self._add(document)
        self.embedder = load_embedder(EmbeddingSettings())
        self._vectors = self.embedder.embed_documents(
            [
                embedded_text(self._documents[c.doc_id], self._sentences[c.doc_id], c)
                for c in self._chunks
            ]
        )

    def _add(self, document: Document) -> None:
        sentences = self._sentences[document.doc_id] = split_sentences(document)
        for alias in mine(document, sentences):
            spans = (alias.long, alias.short)
            long, short = (alias_key(document.text[s.start : s.end]) for s in spans)
            self._names[long][short] += 1
            self._names[short][long] += 1
        for chunk in split_chunks(document, sentences):
            number = len(self._chunks)
            self._chunks.append(chunk)
            text = document.text[chunk.span.start : chunk.span.end]
            inside = sentences[chunk.first_sentence : chunk.last_sentence]
            sections = {document.blocks[s.block].section for s in inside}
            heading = "\n".join(sorted({h for section in sections for h in section}))
            fields = {
                "grams": grams(text),
                "title": grams(document.title),
                "heading": grams(heading),
            }
            for field, tokens in fields.items():
                for token in set(tokens):
                    self._postings[field, token].append(number)

    @property
    def n_documents(self) -> int:
        return len(self._documents)

    @property
    def languages(self) -> frozenset[str]:
        return frozenset(d.language for d in self._documents.values())

    def documents(self) -> list[DocumentInfo]:
        return [
            DocumentInfo(
                d.doc_id, d.source, "", d.title, d.format, d.kind, d.date, d.language, 0,
                len(d.text), 0, 0, d.content_hash, d.meta,
            )
            for _, d in sorted(self._documents.items())
        ]  # fmt: skip

    def document(self, doc_id: str) -> Document:
        return self._documents[doc_id]

    def read_ahead(self, doc_ids: Iterable[str]) -> None:
        """All is in memory."""

    def sentences(self, doc_id: str) -> tuple[Sentence, ...]:
        return self._sentences[doc_id]

    def sentences_at(self, doc_id: str, positions: Sequence[int]) -> list[Sentence]:
        return [self._sentences[doc_id][position] for position in positions]

    def other_names(self, keys: Collection[str]) -> dict[str, dict[str, int]]:
        return {name: dict(self._names[name]) for name in set(keys) if name in self._names}

    def aliases(self) -> list[Any]:
        return []

    def document_frequency(self, field: str, token: str) -> int:
        return len(self._postings.get((field, token), ()))

    def has_word(self, token: str) -> bool:
        return ("grams", token) in self._postings

    def rank_lexical(
        self, terms: Sequence[WeightedTerm], k: int, doc_ids: Collection[str] | None = None
    ) -> Ranking:
        scores = [0.0] * len(self._chunks)
        for term in terms:
            for number in self._postings.get((term.field, term.token), ()):
                scores[number] += term.weight
        found = [number for number, score in enumerate(scores) if score]
        return self._ranking(found, scores, k, doc_ids)

    def rank_dense(self, vector: Any, k: int, doc_ids: Collection[str] | None = None) -> Ranking:
        scores = (self._vectors @ vector).tolist()
        return self._ranking(range(len(scores)), scores, k, doc_ids)

    def _ranking(
        self,
        found: Iterable[int],
        scores: Sequence[float],
        k: int,
        doc_ids: Collection[str] | None,
    ) -> Ranking:
        """Keys are numbers of chunks."""
        chunks = self._chunks
        best = sorted(
            (n for n in found if doc_ids is None or chunks[n].doc_id in doc_ids),
            key=lambda n: (-scores[n], chunks[n].chunk_id),
        )[:k]
        return Ranking(
            best,
            [scores[n] for n in best],
            lambda places: [chunks[best[place]] for place in places],
            lambda keys: [scores[n] for n in keys],  # type: ignore[call-overload]
        )

    def search_lexical(self, *args: Any) -> list[ScoredChunk]:
        return list(self.rank_lexical(*args))

    def search_dense(self, *args: Any) -> list[ScoredChunk]:
        return list(self.rank_dense(*args))


def document_of(doc_id: str, parts: Iterable[tuple[str, str]]) -> tuple[Document, list[int]]:
    """A document of (title, text) parts, and where each text begins.

    With several parts their titles are headings; a single part's title is the document's.
    """
    parts = list(parts)
    text, blocks, starts = "", [], []
    for title, body in parts:
        section: tuple[str, ...] = ()
        if title and len(parts) > 1:
            span = Span(len(text), len(text) + len(title))
            blocks.append(Block(BlockKind.HEADING, (span,), level=1))
            text += title + "\n"
            section = (title,)
        starts.append(len(text))
        for line in body.split("\n"):
            if line.strip():
                blocks.append(
                    Block(BlockKind.PARAGRAPH, (Span(len(text), len(text) + len(line)),), section)
                )
            text += line + "\n"
    title = parts[0][0] if len(parts) == 1 else ""
    return Document(doc_id, doc_id, text, tuple(blocks), "0" * 64, "txt", title), starts
