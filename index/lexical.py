"""The lexical arm: one tantivy index per segment.

The caller brings the weights, so that scores depend on the question and the chunk alone, never on
which segment a chunk lies in or on what was deleted beside it. The score of a chunk is the sum of
the weights of the terms it holds. Weights are rounded to 1/256: the sums are then exact in 32-bit
floats, whatever the order of adding.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Field = Literal["words", "grams", "title", "heading"]
FIELDS: tuple[Field, ...] = get_args(Field)

_STEPS = 256
_HEAP_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class WeightedTerm:
    """A term of the question as `index.segmenting` makes them, and what a chunk gets for it."""

    field: Field
    token: str
    weight: float


@dataclass(frozen=True, slots=True)
class LexicalRow:
    """The terms of one chunk, by field; `title` holds the document's, `heading` the section's."""

    chunk: int  # ordinal within the segment
    document: int  # likewise
    words: Iterable[str]
    grams: Iterable[str]
    title: Iterable[str]
    heading: Iterable[str]


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    for field in FIELDS:
        builder.add_text_field(field, tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field("chunk", fast=True)
    builder.add_unsigned_field("document", indexed=True)
    return builder.build()


class LexicalWriter:
    """Writes one segment's index into an empty folder."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        folder.mkdir(parents=True)
        self._new = tantivy.Document
        self._writer = tantivy.Index(_schema(), path=str(folder)).writer(
            heap_size=_HEAP_BYTES, num_threads=1
        )

    def add(self, row: LexicalRow) -> None:
        document = self._new()
        for field in FIELDS:
            document.add_text(field, " ".join(dict.fromkeys(getattr(row, field))))
        document.add_unsigned("chunk", row.chunk)
        document.add_unsigned("document", row.document)
        self._writer.add_document(document)

    def close(self) -> None:
        self._writer.commit()
        self._writer.wait_merging_threads()


def _open_read_only(folder: Path) -> tuple[Any, Any]:
    """tantivy locks a file beside the index to open it; where none can be made, it opens links.

    The searcher holds its files open, so the links may go at once.
    """
    import tantivy

    with tempfile.TemporaryDirectory(prefix="wenju-") as links:
        for file in folder.iterdir():
            if not file.name.endswith(".lock"):
                (Path(links) / file.name).symlink_to(file.absolute())
        index = tantivy.Index.open(links)
        return index, index.searcher()


class LexicalSegment:
    """Reads one segment's index; safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._tantivy = tantivy
        try:
            index = tantivy.Index.open(str(folder))
            self._searcher = index.searcher()
        except ValueError as error:
            if "Lockfile" not in str(error):
                raise
            index, self._searcher = _open_read_only(folder)
        self._schema = index.schema

    def __len__(self) -> int:
        """How many chunks it holds, deleted ones included."""
        return int(self._searcher.num_docs)

    def search(
        self,
        terms: Sequence[WeightedTerm],
        k: int,
        *,
        only: Collection[int] | None = None,
        without: Collection[int] = (),
    ) -> list[tuple[int, float]]:
        """The k best (chunk ordinal, score), best first; ties in the engine's own order.

        `only` and `without` are document ordinals. No term with a weight above 0 gives [].
        """
        query = self._query(terms, only, without)
        if query is None or k < 1:
            return []
        hits = self._searcher.search(query, limit=k, count=False).hits
        chunks = self._searcher.fast_field_values("chunk", [address for _, address in hits])
        return [
            (int(c), score / _STEPS) for (score, _), c in zip(hits, chunks, strict=True)
        ]  # fmt: skip

    def count(self, field: Field, token: str, *, without: Collection[int] = ()) -> int:
        """In how many chunks the term stands, those of the documents `without` left out."""
        if not without:
            return int(self._searcher.doc_freq(field, token))
        query = self._filtered(self._term(field, token), None, without)
        return int(self._searcher.search(query, limit=1, count=True).count)

    def _query(
        self,
        terms: Sequence[WeightedTerm],
        only: Collection[int] | None,
        without: Collection[int],
    ) -> Any:
        query, occur = self._tantivy.Query, self._tantivy.Occur
        steps: defaultdict[tuple[Field, str], float] = defaultdict(float)
        for term in terms:
            steps[term.field, term.token] += term.weight
        scored = [
            (occur.Should, query.const_score_query(self._term(field, token), float(whole)))
            for (field, token), weight in steps.items()
            if (whole := round(weight * _STEPS)) > 0
        ]
        if not scored:
            return None
        return self._filtered(query.boolean_query(scored), only, without)

    def _filtered(self, query: Any, only: Collection[int] | None, without: Collection[int]) -> Any:
        new, occur = self._tantivy.Query, self._tantivy.Occur
        parts = [(occur.Must, query)]
        if only is not None:
            documents = new.term_set_query(self._schema, "document", sorted(only))
            parts.append((occur.Must, new.const_score_query(documents, 0.0)))
        if without:
            documents = new.term_set_query(self._schema, "document", sorted(without))
            parts.append((occur.MustNot, documents))
        return query if len(parts) == 1 else new.boolean_query(parts)

    def _term(self, field: Field, token: str) -> Any:
        return self._tantivy.Query.term_query(self._schema, field, token, "basic")
