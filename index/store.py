"""A library, as its readers see it: one generation, whole, whatever a writer does meanwhile."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256
from itertools import pairwise, repeat
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from index.calibration import read_calibration
from index.coarse import MOST_DIMENSIONS, is_worth, near
from index.dense import SCALE
from index.embedding import EmbeddingSettings, is_static
from index.errors import DocumentNotFound, IndexMismatch, LibraryBroken
from index.glossary import NamePair, count_pairs
from index.hits import Ranking
from index.lexical import STEPS, WeightedTerm, steps_of
from index.manifest import (
    PARSER_VERSION,
    Manifest,
    Root,
    read_manifest,
    read_sources,
    rebuild_command,
)
from index.numbering import Field
from index.places import named, resolve_library
from index.schema import Chunk, Document, DocumentInfo, ScoredChunk, Sentence, Span
from index.segment import Segment, check_segment
from index.selecting import best_of, cut_of
from index.synonyms import Synonyms, read_synonyms

if TYPE_CHECKING:
    from index.catalogue import Entry, Stored
    from index.embedding import Embedder, Vectors

_CACHED_DOCUMENTS = 256
_CACHED_HOMES = 10_000

# Of one segment: its number, ordinals of chunks and their scores, in whole steps.
_Hits = tuple[int, npt.NDArray[np.intp], npt.NDArray[np.integer]]


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
        self.calibration: bytes = read_calibration(path)
        self._segments: list[Segment] = []
        try:
            for ref in manifest.segments:
                self._segments.append(Segment(path, ref))
        except BaseException:
            self.close()
            raise
        self._documents: OrderedDict[str, Stored] = OrderedDict()
        self._homes: dict[str, Segment] = {}  # of documents that a search has found
        self._words: dict[str, bool] = {}  # that were asked for, whether any chunk has them

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def generation(self) -> int:
        return self.manifest.generation

    @property
    def hash(self) -> str:
        """`sha256:…` of the logical content: equal hashes, equal answers.

        What its users put beside it, synonyms.txt and calibration.json, is content too.
        """
        found = self.manifest.library
        if self.synonyms.digest:
            found = "sha256:" + sha256(f"{found} {self.synonyms.digest}".encode()).hexdigest()
        if self.calibration:
            own = sha256(self.calibration).hexdigest()
            found = "sha256:" + sha256(f"{found} calibration {own}".encode()).hexdigest()
        return found

    @property
    def n_documents(self) -> int:
        return self.manifest.n_documents

    @property
    def n_chunks(self) -> int:
        return self.manifest.n_chunks

    @cached_property
    def languages(self) -> frozenset[str]:
        """That its documents are in, as in `Document.language`."""
        return frozenset().union(*(s.catalogue.languages(s.dead) for s in self._segments))

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
        """Whether another generation, other synonyms or another calibration are there now."""
        return not (
            read_manifest(self.path) == self.manifest
            and read_synonyms(self.path) == self.synonyms
            and read_calibration(self.path) == self.calibration
        )

    # --- documents ---

    def documents(self) -> list[DocumentInfo]:
        """All documents, sorted by doc_id."""
        return sorted((entry.info for _, entry in self._live()), key=lambda info: info.doc_id)

    def info(self, doc_id: str) -> DocumentInfo:
        return self._find(doc_id)[1].info

    def dates(self) -> list[tuple[str, str | None]]:
        """(doc_id, date) of all documents, sorted: a tenth of the cost of `documents`."""
        return sorted(
            (doc_id, day)
            for segment in self._segments
            for ordinal, doc_id, day in segment.catalogue.dates()
            if ordinal not in segment.dead
        )

    def document(self, doc_id: str) -> Document:
        return self._read(doc_id).document

    def read_ahead(self, doc_ids: Iterable[str]) -> None:
        """Reads documents that will be asked for, in one look-up of each segment.

        Those that are not here are left out; more than are kept are not worth reading ahead.
        """
        missing = [one for one in dict.fromkeys(doc_ids) if one not in self._documents]
        for segment, wanted in self._by_home(missing[:_CACHED_DOCUMENTS]).items():
            for stored in segment.catalogue.read_many(wanted):
                if stored.ordinal not in segment.dead:
                    self._keep(stored)

    def _by_home(self, doc_ids: Iterable[str]) -> dict[Segment, list[str]]:
        """Documents by the segment that a search found them in; others are left out."""
        homes: dict[Segment, list[str]] = {}
        for doc_id in doc_ids:
            if (home := self._homes.get(doc_id)) is not None:
                homes.setdefault(home, []).append(doc_id)
        return homes

    def sentences(self, doc_id: str) -> tuple[Sentence, ...]:
        return self._read(doc_id).sentences

    def sentences_at(self, doc_id: str, positions: Sequence[int]) -> list[Sentence]:
        """Some of a document's, in the given order, without making the others."""
        return self._read(doc_id).sentences_at(positions)

    def chunks(self, doc_id: str) -> tuple[Chunk, ...]:
        """In order of the text."""
        segment, entry = self._find(doc_id)
        first = entry.first_chunk
        return tuple(segment.chunks_of(range(first, first + entry.info.n_chunks)))

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
        for segment in self._likely(doc_id):
            entry = segment.catalogue.find(doc_id)
            if entry is not None and entry.ordinal not in segment.dead:
                return segment, entry
        raise self._not_found(doc_id)

    def _read_anew(self, doc_id: str) -> Stored:
        for segment in self._likely(doc_id):
            stored = segment.catalogue.read(doc_id)
            if stored is not None and stored.ordinal not in segment.dead:
                return stored
        raise self._not_found(doc_id)

    def _likely(self, doc_id: str) -> Iterable[Segment]:
        """The segment that a search found the document in; or all of them, the newest first."""
        home = self._homes.get(doc_id)
        return reversed(self._segments) if home is None else (home,)

    def _not_found(self, doc_id: str) -> DocumentNotFound:
        return DocumentNotFound(
            f"no document {doc_id!r} in library {self.name}; list them with: wenju sources"
        )

    def _read(self, doc_id: str) -> Stored:
        cache = self._documents
        try:
            found = cache[doc_id]
            cache.move_to_end(doc_id)
        except KeyError:  # or another thread has just dropped it
            found = self._read_anew(doc_id)
            self._keep(found)
        return found

    def _keep(self, stored: Stored) -> None:
        cache = self._documents
        cache[stored.document.doc_id] = stored  # most recently used last
        while len(cache) > _CACHED_DOCUMENTS:
            try:
                cache.popitem(last=False)
            except KeyError:  # another thread was faster
                break

    # --- search ---

    def search_lexical(
        self, terms: Sequence[WeightedTerm], k: int, doc_ids: Collection[str] | None = None
    ) -> list[ScoredChunk]:
        """The k chunks with the largest sum of term weights, best first, ties on chunk_id.

        `doc_ids` limits the search to these documents. No term that occurs gives [].
        """
        return list(self.rank_lexical(terms, k, doc_ids))

    def search_dense(
        self, vector: Vectors, k: int, doc_ids: Collection[str] | None = None
    ) -> list[ScoredChunk]:
        """The k chunks nearest to the `(dim,)` vector by cosine, best first, ties on chunk_id.

        Of more than `index.coarse.FLAT_CHUNKS` one that is nearest may be missed now and then.
        """
        return list(self.rank_dense(vector, k, doc_ids))

    def rank_lexical(
        self, terms: Sequence[WeightedTerm], k: int, doc_ids: Collection[str] | None = None
    ) -> Ranking:
        """As `search_lexical`; no chunk is looked up before it is asked for."""
        steps = steps_of(terms)
        hits: list[_Hits] = []
        all_scores: dict[int, npt.NDArray[np.integer]] = {}
        for number, allowed in self._searched(doc_ids) if steps else ():
            segment = self._segments[number]
            scores = segment.lexical.scores(steps)
            if allowed is not None:
                scores[~allowed] = 0
            chosen = best_of(scores, segment.id_ranks, k)
            hits.append((number, chosen, scores[chosen]))
            all_scores[number] = scores

        def scores_at(number: int, places: npt.NDArray[np.intp]) -> npt.NDArray[np.integer]:
            scores = all_scores.get(number)
            return np.zeros(len(places), dtype=np.int32) if scores is None else scores[places]

        return self._best(hits, k, STEPS, scores_at)

    def rank_dense(
        self, vector: Vectors, k: int, doc_ids: Collection[str] | None = None
    ) -> Ranking:
        """As `search_dense`; no chunk is looked up before it is asked for."""
        searched = list(self._searched(doc_ids))
        chosen = self._near(vector, k, searched)
        hits: list[_Hits] = []
        for i, (number, allowed) in enumerate(searched):
            segment = self._segments[number]
            among = None if chosen is None else chosen[i]
            found = segment.dense.search(vector, k, segment.id_ranks, allowed=allowed, among=among)
            hits.append((number, *found))
        return self._best(
            hits, k, SCALE, lambda number, at: self._segments[number].dense.products(vector, at)
        )

    def _near(
        self, vector: Vectors, k: int, searched: list[tuple[int, npt.NDArray[np.bool_] | None]]
    ) -> list[npt.NDArray[np.intp]] | None:
        """Of much, the chunks that are worth comparing by their codes; None for all.

        Only of static models: how others spread over their dimensions is not known.
        """
        segments = [self._segments[number] for number, _ in searched]
        allowed = [flags for _, flags in searched]
        n_allowed = sum(
            segment.ref.n_chunks if flags is None else int(np.count_nonzero(flags))
            for segment, flags in zip(segments, allowed, strict=True)
        )
        if not is_worth(n_allowed, self.n_chunks, k):
            return None
        if len(vector) > MOST_DIMENSIONS or not is_static(
            EmbeddingSettings(**self.manifest.embedding)
        ):
            return None
        coarse = [segment.coarse for segment in segments]
        whole = [one for one in coarse if one is not None]
        return near(vector, whole, allowed, k) if len(whole) == len(coarse) else None

    def document_frequency(self, field: Field, token: str) -> int:
        """In how many live chunks the token stands."""
        total = 0
        for segment in self._segments:
            chunks = segment.lexical.chunks(field, token)
            total += len(chunks) if segment.alive is None else int(segment.alive[chunks].sum())
        return total

    def has_word(self, token: str) -> bool:
        """Whether a token of the text stands in any live chunk; asked of the same ones often."""
        known = self._words.get(token)
        if known is None:
            known = self._words[token] = self.document_frequency("grams", token) > 0
        return known

    def _searched(
        self, doc_ids: Collection[str] | None
    ) -> Iterator[tuple[int, npt.NDArray[np.bool_] | None]]:
        """Numbers of segments and which of their chunks may be found; None for all."""
        for number, segment in enumerate(self._segments):
            if doc_ids is None:
                yield number, segment.alive
            elif only := segment.catalogue.ordinals(doc_ids):
                flags = segment.flags(only)
                yield number, flags if segment.alive is None else flags & segment.alive

    def _best(
        self,
        hits: Sequence[_Hits],
        k: int,
        scale: int,
        scores_at: Callable[[int, npt.NDArray[np.intp]], npt.NDArray[np.integer]],
    ) -> Ranking:
        """The k best of all segments. Keys are (number of the segment, ordinal).

        `scores_at` gives the scores, in steps, of some ordinals of a segment.
        """
        cut = cut_of([scores for _, _, scores in hits], k)
        parts = []
        for number, ordinals, scores in hits:
            chosen = np.flatnonzero(scores >= cut)
            places = ordinals[chosen]
            ranks = self._segments[number].id_ranks[places]
            parts.append((scores[chosen], ranks, np.full(len(places), number), places))
        if not parts:
            return Ranking.of([])
        scores, ranks, numbers, ordinals = map(np.concatenate, zip(*parts, strict=True))
        order = np.lexsort((ordinals, numbers, ranks, -scores))
        keys = self._by_id(scores[order], numbers[order], ordinals[order])[:k]

        def measure(wanted: Sequence[Any]) -> list[float]:
            places: dict[int, list[int]] = {}
            for number, ordinal in wanted:
                places.setdefault(number, []).append(ordinal)
            found = {
                number: iter(scores_at(number, np.array(at, dtype=np.intp)).tolist())
                for number, at in places.items()
            }
            return [next(found[number]) / scale for number, _ in wanted]

        return Ranking(
            keys,
            (scores[order[:k]] / scale).tolist(),
            lambda places: self._chunks_at([keys[i] for i in places]),
            measure,
        )

    def _by_id(
        self,
        scores: npt.NDArray[np.integer],
        numbers: npt.NDArray[np.integer],
        ordinals: npt.NDArray[np.integer],
    ) -> list[tuple[int, int]]:
        """Keys, scores descending. Where chunks of several segments tie, their ids are compared."""
        keys = list(zip(numbers.tolist(), ordinals.tolist(), strict=True))
        falls = scores[1:] != scores[:-1]
        if (falls | (numbers[1:] == numbers[:-1])).all():
            return keys
        edges = [0, *(np.flatnonzero(falls) + 1).tolist(), len(keys)]
        tied = [
            (first, last)
            for first, last in pairwise(edges)
            if last - first > 1 and len({number for number, _ in keys[first:last]}) > 1
        ]
        wanted: dict[int, list[int]] = {}
        for first, last in tied:
            for number, ordinal in keys[first:last]:
                wanted.setdefault(number, []).append(ordinal)
        ids: dict[tuple[int, int], str] = {}
        for number, here in wanted.items():
            chunk_ids = self._segments[number].chunk_ids(here)
            ids.update(zip(zip(repeat(number), here), chunk_ids, strict=False))
        for first, last in tied:
            keys[first:last] = sorted(keys[first:last], key=lambda one: (ids[one], one))
        return keys

    def _chunks_at(self, keys: Sequence[tuple[int, int]]) -> list[Chunk]:
        """Chunks by segment and ordinal, in the given order."""
        found: dict[tuple[int, int], Chunk] = {}
        for number in sorted({number for number, _ in keys}):
            segment = self._segments[number]
            here = [ordinal for other, ordinal in keys if other == number]
            for ordinal, chunk in zip(here, segment.chunks_of(here), strict=True):
                found[number, ordinal] = chunk
                self._homes[chunk.doc_id] = segment
        if len(self._homes) > _CACHED_HOMES:
            self._homes = {}
        return [found[one] for one in keys]

    @cached_property
    def embedder(self) -> Embedder:
        """The model that made the vectors. Raises IndexMismatch where it is another one now."""
        from index.embedding import load_embedder

        embedder = load_embedder(EmbeddingSettings(**self.manifest.embedding))
        made_with = self.manifest.fingerprint.model
        if embedder.model_id != made_with:
            again = f"wenju index --index {named(self.path)}"
            if self.manifest.fingerprint.parser != PARSER_VERSION:  # new vectors are not enough
                again = rebuild_command(self.path)
            raise IndexMismatch(
                f"{self.name} was embedded with {made_with}, the model is now {embedder.model_id}. "
                f"Make its vectors anew: {again}"
            )
        return embedder


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
