"""The next generation: kept segments with new tombstones, segments taken up again, new segments."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from index.aliases import mine
from index.chunking import ChunkSettings, split_chunks, split_sentences
from index.errors import EmptyDocument, LibraryBroken
from index.manifest import (
    SEGMENTS,
    Fingerprint,
    Manifest,
    SegmentRef,
    Sources,
    rebuild_command,
    write_manifest,
)
from index.parse_cache import erase_parsed
from index.schema import Document, DocumentInfo
from index.segment import (
    Prepared,
    Segment,
    SegmentWriter,
    embedded_text,
    read_summary,
)

if TYPE_CHECKING:
    from index.catalogue import Entry
    from index.embedding import Embedder, EmbeddingSettings

Outcome = Literal["added", "changed", "unchanged"]
T = TypeVar("T")

_EMBED_CHUNKS = 512  # embedded in one call
_FLUSH_CHUNKS = 60_000  # a segment is closed at this size …
_FLUSH_S = 25.0  # … or after this time: what a killed run has closed is not done again
_MERGE_CHUNKS = 1_000  # a run may rewrite so many chunks, or a multiple of what it added itself
_MERGE_FACTOR = 4
_FEW_SEGMENTS = 8
_MANY_SEGMENTS = 40
_MAX_DEAD = 0.25  # of a segment's chunks


@dataclass(slots=True)
class _Old:
    """A segment on disk and what this run makes of it."""

    segment: Segment
    dead: set[int]


class Builder:
    """Collects what changes, then commits it as one generation.

    Nothing that a reader sees changes before `commit`.
    """

    def __init__(
        self,
        path: Path,
        before: Manifest | None,
        embedder: Embedder,
        embedding: EmbeddingSettings,
        chunk: ChunkSettings,
        fingerprint: Fingerprint,
        excluded: Iterable[str] = (),
        *,
        rebuild: bool = False,
    ) -> None:
        """With `rebuild`, nothing that is on disk is used again."""
        self._path = path
        self._before = before
        self._embedder = embedder
        self._embedding = embedding
        self._chunk = chunk
        self._fingerprint = fingerprint
        kept = before.segments if before is not None and not rebuild else ()
        self._old = [_Old(_opened(path, ref), set(ref.dead)) for ref in kept]
        self._leftovers: list[_Old] = []
        self._left: dict[tuple[str, str, str], tuple[_Old, Entry]] = {}
        if not rebuild:
            self._take_stock(set(excluded))
        self._seen: set[str] = set()
        self._queue: list[tuple[Prepared, DocumentInfo]] = []
        self._queued_chunks = 0
        self._writer: SegmentWriter | None = None
        self._begun_at = time.monotonic()  # what was done since then, a kill would undo
        self._new: list[SegmentRef] = []
        self._rewrite: set[str] = set()  # ids of segments that must not survive
        self.n_written = 0  # chunks

    # --- what comes in ---

    def find(self, doc_id: str) -> Entry | None:
        """The live document of the last generation, as far as this run has not dropped it."""
        for old in self._old:
            entry = old.segment.catalogue.find(doc_id)
            if entry is not None and entry.ordinal not in old.dead:
                return entry
        return None

    def of_source(self, root: str, source: str) -> list[str]:
        """doc_ids of the live documents that came from a file."""
        return [
            entry.info.doc_id
            for old in self._old
            for entry in old.segment.catalogue.of_source(root, source)
            if entry.ordinal not in old.dead
        ]

    def counts_by_source(self) -> Counter[tuple[str, str]]:
        """How many live documents each (root, source) has, of the last generation."""
        counts: Counter[tuple[str, str]] = Counter()
        for old in self._old:
            for root, source, n in old.segment.catalogue.origins(old.dead):
                counts[root, source] += n
        return counts

    def has_seen(self, doc_id: str) -> bool:
        return doc_id in self._seen

    def put(self, document: Document, root: str, size_bytes: int) -> Outcome:
        """Add a document, or replace the one with its doc_id. Raises EmptyDocument."""
        done = self.put_again(document.doc_id, document.content_hash, root)
        if done is None:
            sentences = split_sentences(document, self._chunk)
            chunks = split_chunks(document, sentences, self._chunk)
            if not chunks:
                raise EmptyDocument("holds no text that could be cited")
            aliases = tuple(mine(document, sentences))
            prepared = Prepared(document, sentences, chunks, aliases)
            self._queue.append((prepared, _info(prepared, root, size_bytes)))
            self._queued_chunks += len(chunks)
            if self._queued_chunks >= _EMBED_CHUNKS:
                self._embed()
            done = self._replaced(document.doc_id)
        return done

    def put_again(self, doc_id: str, content_hash: str, root: str) -> Outcome | None:
        """`put` for a document that is here already, or that a killed run had done; else None."""
        before = self.find(doc_id)
        if before is not None and (before.info.content_hash, before.info.root) == (
            content_hash, root,
        ):  # fmt: skip
            self._seen.add(doc_id)
            return "unchanged"
        found = self._left.pop((doc_id, content_hash, root), None)
        if found is None:
            return None
        outcome = self._replaced(doc_id)
        old, entry = found
        old.dead.discard(entry.ordinal)
        self.n_written += entry.info.n_chunks
        return outcome

    def _replaced(self, doc_id: str) -> Outcome:
        self._seen.add(doc_id)
        return "changed" if self.drop(doc_id) else "added"

    def drop(self, doc_id: str) -> bool:
        """A tombstone. False: it is not there."""
        for old in self._old:
            entry = old.segment.catalogue.find(doc_id)
            if entry is not None and entry.ordinal not in old.dead:
                old.dead.add(entry.ordinal)
                return True
        return False

    def erase_the_dead(self) -> None:
        """Every segment with a tombstone is rewritten: earlier versions of a text go too."""
        self._rewrite = {old.segment.ref.id for old in self._old if old.dead}

    # --- what goes out ---

    def commit(self, sources: Sources) -> Manifest:
        """Write the generation and clear up."""
        self._embed()
        self._close_writer()
        self._new = self._put_together(self._new)
        survivors = [*self._old, *(left for left in self._leftovers if self._is_used(left))]
        if len(self._new) + len(survivors) > _MANY_SEGMENTS:
            fresh = [_Old(Segment(self._path, ref), set()) for ref in self._new]
            self._old += fresh  # to be closed with the others
            survivors += fresh
            self._new = []
        kept = self._merged(survivors)
        segments = (*kept, *self._new)
        n_chunks, digests = self._contents(segments)
        before = self._before
        manifest = Manifest(
            generation=1 + (before.generation if before else 0),
            fingerprint=self._fingerprint,
            embedding=asdict(self._embedding),
            segments=segments,
            library=library_hash(self._fingerprint, digests),
            n_documents=len(digests),
            n_chunks=n_chunks,
        )
        write_manifest(self._path, manifest, sources)
        self.close()
        clear_up(self._path, manifest)
        return manifest

    @property
    def has_changes(self) -> bool:
        before = self._before
        return (
            before is None
            or before.fingerprint != self._fingerprint
            or before.embedding != asdict(self._embedding)
            or self.n_written > 0
            or any(old.dead != set(old.segment.ref.dead) for old in self._old)
        )

    def abandon(self) -> None:
        """After an error: what is finished stays for the next run, the rest goes."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        self.close()

    def close(self) -> None:
        for old in (*self._old, *self._leftovers):
            old.segment.close()
        # Let go of what is mapped: Windows deletes no file that is.
        self._old, self._leftovers, self._left = [], [], {}

    def checkpoint(self) -> None:
        """Close the segment in the making if it is large or old enough."""
        n_chunks = self._queued_chunks + (self._writer.n_chunks if self._writer else 0)
        age = time.monotonic() - self._begun_at
        if n_chunks and (n_chunks >= _FLUSH_CHUNKS or age >= _FLUSH_S):
            self._embed()
            self._close_writer()
        elif not n_chunks:
            self._begun_at = time.monotonic()

    # --- inside ---

    def _take_stock(self, excluded: set[str]) -> None:
        """Finished segments of a killed run."""
        known = {old.segment.ref.id for old in self._old}
        for folder in _segment_folders(self._path):
            summary = read_summary(self._path, folder.name)
            if folder.name in known or summary is None:
                continue
            if summary["fingerprint"] != json.loads(json.dumps(asdict(self._fingerprint))):
                continue
            counts = summary["n_documents"], summary["n_chunks"]
            ref = SegmentRef(folder.name, *counts)  # type: ignore[arg-type]
            try:
                segment = Segment(self._path, ref)
            except (OSError, LibraryBroken):
                continue  # half deleted; cleared up at the next commit
            entries = segment.catalogue.entries()
            if any(entry.info.doc_id in excluded for entry in entries):
                segment.close()  # it holds text that was asked to be erased
                continue
            left = _Old(segment, {entry.ordinal for entry in entries})
            self._leftovers.append(left)
            for entry in entries:
                info = entry.info
                self._left[info.doc_id, info.content_hash, info.root] = left, entry

    def _is_used(self, old: _Old) -> bool:
        return len(old.dead) < old.segment.ref.n_documents

    def _embed(self) -> None:
        if not self._queue:
            return
        if self._writer is None:
            self._writer = SegmentWriter(self._path, self._fingerprint)
        from index.embedding import quantise

        texts = [
            embedded_text(p.document, p.sentences, chunk)
            for p, _ in self._queue
            for chunk in p.chunks
        ]
        codes = quantise(self._embedder.embed_documents(texts))
        at = 0
        for prepared, info in self._queue:
            self._writer.add(prepared, codes[at : at + info.n_chunks], info)
            at += info.n_chunks
        self.n_written += at
        self._queue.clear()
        self._queued_chunks = 0

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._new.append(self._writer.close())
            self._writer = None
            self._begun_at = time.monotonic()

    def _put_together(self, refs: list[SegmentRef]) -> list[SegmentRef]:
        """Segments that a long run has closed for safety's sake, to the size of a full one.

        A search pays for every segment.
        """
        out: list[SegmentRef] = []
        for group in _groups(refs, [ref.n_chunks for ref in refs], _FLUSH_CHUNKS):
            out += [self._joined(group)] if len(group) > 1 else group
        return out

    def _joined(self, refs: list[SegmentRef]) -> SegmentRef:
        opened = [_Old(Segment(self._path, ref), set()) for ref in refs]
        try:
            return self._rewritten(opened)
        finally:
            for old in opened:
                old.segment.close()

    def _merged(self, survivors: list[_Old]) -> list[SegmentRef]:
        """The survivors' references; small ones and those with much deleted are rewritten."""
        live = {id(old): _live_chunks(old) for old in survivors}
        chosen = {
            id(old)
            for old in survivors
            if old.segment.ref.id in self._rewrite or not self._is_used(old)
        }
        budget = max(_MERGE_CHUNKS, _MERGE_FACTOR * self.n_written)
        rest = sorted((o for o in survivors if id(o) not in chosen), key=lambda o: live[id(o)])
        for old in rest:
            total = old.segment.ref.n_chunks
            if total - live[id(old)] > _MAX_DEAD * total and live[id(old)] <= budget:
                chosen.add(id(old))
                budget -= live[id(old)]
        rest = [old for old in rest if id(old) not in chosen]
        if len(rest) > _FEW_SEGMENTS:
            # Too many open files end a reader: then the budget does not count.
            small = rest[: len(rest) // 2] if len(rest) > _MANY_SEGMENTS else []
            for old in rest[len(small) :]:
                if live[id(old)] > budget:
                    break
                budget -= live[id(old)]
                small.append(old)
            if len(small) > 1:
                chosen.update(id(old) for old in small)
        merged = [old for old in survivors if id(old) in chosen and self._is_used(old)]
        # A segment is put together in memory. Of a very large library they grow, so as to stay few.
        largest = max(_FLUSH_CHUNKS, sum(live.values()) * 2 // _MANY_SEGMENTS)
        for group in _groups(merged, [live[id(old)] for old in merged], largest):
            first = group[0]
            if len(group) == 1 and not first.dead and first.segment.ref.id not in self._rewrite:
                chosen.discard(id(first))  # nothing to put it together with
            else:
                self._new.append(self._rewritten(group))
        return [
            replace(old.segment.ref, dead=tuple(sorted(old.dead)))
            for old in survivors
            if id(old) not in chosen
        ]

    def _rewritten(self, merged: list[_Old]) -> SegmentRef:
        """One segment with the live documents of several; vectors are taken over, not remade."""
        writer = SegmentWriter(self._path, self._fingerprint)
        try:
            for old in merged:
                if self._is_used(old):
                    writer.take(old.segment, old.dead)
            return writer.close()
        except BaseException:
            writer.abandon()
            raise

    def _contents(self, segments: tuple[SegmentRef, ...]) -> tuple[int, list[bytes]]:
        """Live chunks and document digests of the new generation."""
        n_chunks, digests = 0, []
        for ref in segments:
            segment = Segment(self._path, ref)
            dead = set(ref.dead)
            digests += [d for ordinal, d in segment.catalogue.digests() if ordinal not in dead]
            n_chunks += ref.n_chunks if segment.alive is None else int(segment.alive.sum())
            segment.close()
        return n_chunks, digests


def _groups(items: Sequence[T], sizes: Sequence[int], largest: int) -> Iterator[list[T]]:
    """Neighbours together, as many as come to `largest` at most; one that is larger stays alone."""
    group: list[T] = []
    total = 0
    for item, size in zip(items, sizes, strict=True):
        if group and total + size > largest:
            yield group
            group, total = [], 0
        group.append(item)
        total += size
    if group:
        yield group


def _opened(path: Path, ref: SegmentRef) -> Segment:
    try:
        return Segment(path, ref)
    except FileNotFoundError as error:
        raise LibraryBroken(
            f"{error.filename} is missing; make it again with: {rebuild_command(path)}"
        ) from error


_OUR_FILES = re.compile(r"sources-\d+\.json|\.(manifest|sources-\d+)\.json\.\d+\.tmp")
_OUR_FOLDERS = re.compile(r"[0-9a-f]{16}|\.[0-9a-f]{16}\.tmp")


def clear_up(path: Path, manifest: Manifest) -> None:
    """Delete what the generation does not name. Open readers keep what they have open."""
    named = {ref.id for ref in manifest.segments}
    for folder in _segment_folders(path, unfinished=True):
        if folder.name in named:
            continue
        # Where a reader on Windows holds a file open, the next run tries again.
        with contextlib.suppress(OSError):
            if not folder.name.startswith("."):
                # A name that nobody takes for a segment, should the deletion be cut short.
                folder = folder.rename(folder.with_name(f".{folder.name}.tmp"))
            shutil.rmtree(folder)
    erase_parsed(path)
    for file in path.iterdir():
        if _OUR_FILES.fullmatch(file.name) and file.name != manifest.sources_name:
            file.unlink(missing_ok=True)


def _segment_folders(path: Path, *, unfinished: bool = False) -> Iterator[Path]:
    folder = path / SEGMENTS
    if not folder.is_dir():
        return
    for child in sorted(folder.iterdir()):
        if (
            child.is_dir()
            and _OUR_FOLDERS.fullmatch(child.name)
            and (unfinished or not child.name.startswith("."))
        ):
            yield child


def _live_chunks(old: _Old) -> int:
    if not old.dead:
        return old.segment.ref.n_chunks
    dead = old.segment.flags(old.dead)
    return int(np.count_nonzero(~dead))


def _info(prepared: Prepared, root: str, size_bytes: int) -> DocumentInfo:
    document = prepared.document
    return DocumentInfo(
        doc_id=document.doc_id, source=document.source, root=root, title=document.title,
        format=document.format, kind=document.kind, date=document.date,
        language=document.language, pages=len(document.page_starts), n_chars=len(document.text),
        n_chunks=len(prepared.chunks), size_bytes=size_bytes,
        content_hash=document.content_hash, meta=dict(document.meta),
    )  # fmt: skip


def library_hash(fingerprint: Fingerprint, digests: list[bytes]) -> str:
    """Over settings, dictionary and model, and every live document; the order does not matter."""
    total = hashlib.sha256(json.dumps(asdict(fingerprint), sort_keys=True).encode())
    for digest in sorted(digests):
        total.update(digest)
    return "sha256:" + total.hexdigest()
