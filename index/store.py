"""A library, as its readers see it: one generation, whole, whatever a writer does meanwhile."""

from __future__ import annotations

import heapq
import os
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from index.errors import DocumentNotFound, IndexMismatch, LibraryBroken
from index.glossary import NamePair, count_pairs
from index.lexical import Field, WeightedTerm
from index.manifest import Manifest, Root, read_manifest, read_sources, rebuild_command
from index.places import named, resolve_library
from index.schema import Chunk, Document, DocumentInfo, ScoredChunk, Sentence, Span
from index.segment import Segment, check_segment
from index.synonyms import Synonyms, read_synonyms

if TYPE_CHECKING:
    from index.catalogue import Entry
    from index.embedding import Embedder, Vectors

_CACHED_DOCUMENTS = 256
# So many chunks with the very same score are told apart by chunk_id before the engine's order
# decides; beyond it, results are exact up to the choice among equals.
_MAX_TIES = 20_000


def open_library(name_or_path: str | os.PathLike[str] = "default") -> Library:
    """The current generation of a library, by name or path.

    Raises LibraryNotFound, LibraryVersion, LibraryBroken.
    """
    folder = resolve_library(name_or_path)
    while True:
        manifest = read_manifest(folder)
        try:
            return Library(folder, manifest)
        except (FileNotFoundError, LibraryBroken) as error:
            # A writer may have committed and cleared up meanwhile: then take its generation.
            if read_manifest(folder) == manifest:
                if isinstance(error, LibraryBroken):
                    raise
                raise LibraryBroken(
                    f"{error.filename} is missing; make it again with: {rebuild_command(folder)}"
                ) from error


class Library:
    """Reads one generation. Safe to share between threads; close it, or use it in a `with`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self.synonyms: Synonyms = read_synonyms(path)
        self._segments: list[Segment] = []
        try:
            for ref in manifest.segments:
                self._segments.append(Segment(path, ref))
        except BaseException:
            self.close()
            raise
        self._documents: OrderedDict[str, tuple[Document, tuple[Sentence, ...]]] = OrderedDict()

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def generation(self) -> int:
        return self.manifest.generation

    @property
    def hash(self) -> str:
        """`sha256:…` of the logical content, synonyms.txt included: equal hashes, equal answers."""
        if not self.synonyms.digest:
            return self.manifest.library
        both = f"{self.manifest.library} {self.synonyms.digest}"
        return "sha256:" + sha256(both.encode()).hexdigest()

    @property
    def n_documents(self) -> int:
        return self.manifest.n_documents

    @property
    def n_chunks(self) -> int:
        return self.manifest.n_chunks

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        for segment in self._segments:
            segment.close()

    def stale(self) -> bool:
        """Whether another generation or other synonyms are there since this one was opened."""
        same = read_manifest(self.path) == self.manifest
        return not (same and read_synonyms(self.path) == self.synonyms)

    # --- documents ---

    def documents(self) -> list[DocumentInfo]:
        """All documents, sorted by doc_id."""
        return sorted((entry.info for _, entry in self._live()), key=lambda info: info.doc_id)

    def info(self, doc_id: str) -> DocumentInfo:
        return self._find(doc_id)[1].info

    def document(self, doc_id: str) -> Document:
        return self._read(doc_id)[0]

    def sentences(self, doc_id: str) -> tuple[Sentence, ...]:
        return self._read(doc_id)[1]

    def chunks(self, doc_id: str) -> tuple[Chunk, ...]:
        """In order of the text."""
        segment, entry = self._find(doc_id)
        first = entry.first_chunk
        return tuple(segment.chunk(i) for i in range(first, first + entry.info.n_chunks))

    def roots(self) -> tuple[Root, ...]:
        """What is indexed now, also where this reader's generation is an older one."""
        return read_sources(self.path, read_manifest(self.path)).roots

    # --- names ---

    def aliases(self) -> list[NamePair]:
        """Names that documents say are one thing, those of most documents first."""
        return list(self._aliases)

    @cached_property
    def _aliases(self) -> list[NamePair]:
        return count_pairs(
            row
            for segment in self._segments
            for row in segment.catalogue.all_aliases()
            if row.ordinal not in segment.dead
        )

    def other_names(self, keys: Collection[str]) -> dict[str, dict[str, int]]:
        """Name → other name of the same thing → how many documents say so.

        Names as `alias_key` makes them; those that no document explains are left out. Looks these
        few names up, whatever the size of the library.
        """
        wanted = set(keys)
        found: dict[str, dict[str, int]] = {}
        for segment in self._segments:
            for ordinal, long, short in segment.catalogue.alias_names(wanted):
                if ordinal in segment.dead:
                    continue
                for name, other in ((long, short), (short, long)):
                    if name in wanted:
                        counts = found.setdefault(name, {})
                        counts[other] = counts.get(other, 0) + 1
        return found

    def _live(self) -> Iterator[tuple[Segment, Entry]]:
        for segment in self._segments:
            dead = set(segment.ref.dead)
            for entry in segment.catalogue.entries():
                if entry.ordinal not in dead:
                    yield segment, entry

    def _find(self, doc_id: str) -> tuple[Segment, Entry]:
        for segment in reversed(self._segments):
            entry = segment.catalogue.find(doc_id)
            if entry is not None and entry.ordinal not in segment.ref.dead:
                return segment, entry
        raise DocumentNotFound(
            f"no document {doc_id!r} in library {self.name}; list them with: wenju sources"
        )

    def _read(self, doc_id: str) -> tuple[Document, tuple[Sentence, ...]]:
        cache = self._documents
        try:
            found = cache.pop(doc_id)
        except KeyError:
            segment, entry = self._find(doc_id)
            found = segment.catalogue.document(entry), segment.catalogue.sentences(entry)
        cache[doc_id] = found  # most recently used last
        while len(cache) > _CACHED_DOCUMENTS:
            try:
                cache.popitem(last=False)
            except KeyError:  # another thread was faster
                break
        return found

    # --- search ---

    def search_lexical(
        self, terms: Sequence[WeightedTerm], k: int, doc_ids: Collection[str] | None = None
    ) -> list[ScoredChunk]:
        """The k chunks with the largest sum of term weights, best first, ties on chunk_id.

        `doc_ids` limits the search to these documents. No term that occurs gives [].
        """
        scored: list[ScoredChunk] = []
        for segment, only in self._searched(doc_ids):

            def fetch(
                limit: int, segment: Segment = segment, only: set[int] | None = only
            ) -> list[tuple[int, float]]:
                return segment.lexical.search(terms, limit, only=only, without=segment.ref.dead)

            scored.extend(_with_ties(segment, k, fetch))
        return _best(scored, k)

    def search_dense(
        self, vector: Vectors, k: int, doc_ids: Collection[str] | None = None
    ) -> list[ScoredChunk]:
        """The k chunks nearest to the `(dim,)` vector by cosine, best first, ties on chunk_id."""
        scored: list[ScoredChunk] = []
        for segment, only in self._searched(doc_ids):
            allowed = segment.alive
            if only is not None:
                flags = segment.flags(only)
                allowed = flags if allowed is None else flags & allowed

            def fetch(
                limit: int, segment: Segment = segment, allowed: object = allowed
            ) -> list[tuple[int, float]]:
                return segment.dense.search(vector, limit, allowed=allowed)  # type: ignore[arg-type]

            scored.extend(_with_ties(segment, k, fetch))
        return _best(scored, k)

    def document_frequency(self, field: Field, token: str) -> int:
        """In how many live chunks the token stands."""
        return sum(s.lexical.count(field, token, without=s.ref.dead) for s in self._segments)

    def _searched(
        self, doc_ids: Collection[str] | None
    ) -> Iterator[tuple[Segment, set[int] | None]]:
        for segment in self._segments:
            if doc_ids is None:
                yield segment, None
                continue
            wanted = set(doc_ids)
            only = {i for i, doc_id in enumerate(segment.doc_ids) if doc_id in wanted}
            if only:
                yield segment, only

    @cached_property
    def embedder(self) -> Embedder:
        """The model that made the vectors. Raises IndexMismatch where it is another one now."""
        from index.embedding import EmbeddingSettings, load_embedder

        embedder = load_embedder(EmbeddingSettings(**self.manifest.embedding))
        made_with = self.manifest.fingerprint.model
        if embedder.model_id != made_with:
            raise IndexMismatch(
                f"{self.name} was embedded with {made_with}, the model is now {embedder.model_id}. "
                f"Make its vectors anew: wenju index --index {named(self.path)}"
            )
        return embedder


def _with_ties(
    segment: Segment, k: int, fetch: Callable[[int], list[tuple[int, float]]]
) -> Iterator[ScoredChunk]:
    """The segment's k best; among those that score like the last, the smallest chunk_ids."""
    if k < 1:
        return
    limit = k + 32
    hits = fetch(limit)
    while len(hits) == limit < _MAX_TIES and hits[-1][1] == hits[k - 1][1]:
        limit = min(limit * 4, _MAX_TIES)
        hits = fetch(limit)
    last = hits[k - 1][1] if len(hits) >= k else float("-inf")
    best = [hit for hit in hits if hit[1] > last]
    tied = [hit for hit in hits if hit[1] == last]
    best += heapq.nsmallest(k - len(best), tied, key=lambda hit: segment.chunk_id(hit[0]))
    for ordinal, score in best:
        yield ScoredChunk(segment.chunk(ordinal), score)


def _best(scored: list[ScoredChunk], k: int) -> list[ScoredChunk]:
    return sorted(scored, key=lambda s: (-s.score, s.chunk.chunk_id))[:k]


def check_library(path: Path) -> list[str]:
    """Problems of a library, one line each; [] when it is sound. A rebuild mends them all.

    Reads every byte. Raises what `read_manifest` raises.
    """
    manifest = read_manifest(path)
    read_sources(path, manifest)
    problems = [line for ref in manifest.segments for line in check_segment(path, ref)]
    if problems:
        return problems
    with Library(path, manifest) as library:
        seen: set[str] = set()
        for segment, entry in library._live():
            document = segment.catalogue.document(entry)
            for line in _check_document(document, segment.catalogue.sentences(entry)):
                problems.append(f"{entry.info.doc_id}: {line}")
            if entry.info.doc_id in seen:
                problems.append(f"{entry.info.doc_id} is in the library twice")
            seen.add(entry.info.doc_id)
        if len(seen) != manifest.n_documents:
            problems.append(
                f"the library holds {len(seen)} documents, its manifest says {manifest.n_documents}"
            )
    return problems


def _check_document(document: Document, sentences: Sequence[Sentence]) -> Iterator[str]:
    end = len(document.text)
    spans: list[Span] = [span for block in document.blocks for span in block.spans]
    spans += [span for sentence in sentences for span in sentence.spans]
    if any(span.end > end for span in spans):
        yield f"a span lies beyond its {end} characters"
