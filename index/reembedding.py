"""New vectors for a library (another model, other texts to embed), everything else as it was.

Nothing is parsed, cut or segmented again: a segment's files are taken over, and its vectors and the
digests that cover them are made anew. One generation holds the vectors of one model.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index.coarse import write_coarse
from index.dense import write_codes
from index.embedding import quantise
from index.manifest import (
    SEGMENTS,
    VECTORS_VERSION,
    Fingerprint,
    Manifest,
    SegmentRef,
    Sources,
    write_manifest,
)
from index.schema import Chunk, Span
from index.segment import (
    CATALOGUE,
    CHUNKS,
    COARSE,
    LEXICAL,
    VECTORS,
    Segment,
    document_digest,
    embedded_text,
    read_summary,
    seal,
)

if TYPE_CHECKING:
    from index.catalogue import Entry
    from index.embedding import Codes, Embedder, EmbeddingSettings

_PART = "codes.part"  # what a killed run had embedded of a segment
_FIRST_CALL, _LARGEST_CALL = 32, 2048  # chunks embedded in one call: a slow model is saved often
_CALL_S = 2.0

OnChunks = Callable[[int, int], None]  # done, total


def differs_in_vectors_only(before: Fingerprint, now: Fingerprint) -> bool:
    """Whether new vectors are all that the settings ask for."""
    names = {name for name, _, _ in before.differences(now)}
    return bool(names) and names <= {"model", "dim", "vectors"}


def reembed(
    path: Path,
    before: Manifest,
    known: Sources,
    embedder: Embedder,
    embedding: EmbeddingSettings,
    on_chunks: OnChunks | None = None,
) -> Manifest:
    """Commit a generation with the same documents and the vectors of `embedder`.

    The caller holds the writer's lock. A killed run goes on where it was, at most one call of the
    model behind; until the commit, readers find the old vectors and the old model.
    """
    from index.building import clear_up, library_hash

    fingerprint = replace(
        before.fingerprint, model=embedder.model_id, dim=embedder.dim, vectors=VECTORS_VERSION
    )
    total = sum(ref.n_chunks for ref in before.segments)
    done = 0
    segments: list[SegmentRef] = []
    digests: list[bytes] = []
    for ref in before.segments:

        def tell(n: int, done: int = done) -> None:
            if on_chunks is not None:
                on_chunks(done + n, total)

        made = _remade(path, ref, fingerprint, embedder, tell)
        with contextlib.closing(Segment(path, made)) as segment:
            dead = set(ref.dead)
            digests += [d for ordinal, d in segment.catalogue.digests() if ordinal not in dead]
        segments.append(made)
        done += ref.n_chunks
    manifest = replace(
        before,
        generation=before.generation + 1,
        fingerprint=fingerprint,
        embedding=asdict(embedding),
        segments=tuple(segments),
        library=library_hash(fingerprint, digests),
    )
    write_manifest(path, manifest, known)
    clear_up(path, manifest)
    return manifest


def _remade(
    path: Path,
    ref: SegmentRef,
    fingerprint: Fingerprint,
    embedder: Embedder,
    tell: Callable[[int], None],
) -> SegmentRef:
    """The segment with other vectors; its name follows from its old one and the model, so that
    the next run finds what this one has finished."""
    made_of = f"{ref.id} {ref.dead} {fingerprint.model} {fingerprint.dim} {fingerprint.vectors}"
    target = path / SEGMENTS / hashlib.sha256(made_of.encode()).hexdigest()[:16]
    if read_summary(path, target.name) is not None:
        tell(ref.n_chunks)
        return replace(ref, id=target.name)
    aside = target.with_name(f".{target.name}.tmp")
    aside.mkdir(exist_ok=True)
    old = path / SEGMENTS / ref.id
    with contextlib.closing(Segment(path, ref)) as segment:
        codes = _embedded(segment, embedder, aside / _PART, tell)
        for name in (CATALOGUE, CHUNKS):
            shutil.copyfile(old / name, aside / name)
        shutil.rmtree(aside / LEXICAL, ignore_errors=True)
        shutil.copytree(old / LEXICAL, aside / LEXICAL, copy_function=_linked)
        _write_digests(aside / CATALOGUE, segment, codes)
    write_codes(aside / VECTORS, codes)
    write_coarse(aside / COARSE, codes)
    (aside / _PART).unlink()
    made = seal(aside, target, fingerprint, ref.n_documents, ref.n_chunks)
    return replace(made, dead=ref.dead)


def _linked(old: str, new: str) -> None:
    try:
        os.link(old, new)  # neither is ever written to again
    except OSError:  # a file system without links
        shutil.copyfile(old, new)


def _chunks(segment: Segment, entry: Entry) -> list[Chunk]:
    rows = segment.chunks[entry.first_chunk : entry.first_chunk + entry.info.n_chunks]
    doc_id = entry.info.doc_id
    return [
        Chunk(f"{doc_id}@{start}-{end}", doc_id, Span(start, end), first, last)
        for _, start, end, first, last, *_ in rows.tolist()
    ]


def _texts(segment: Segment, first: int) -> Iterator[str]:
    """Texts of the chunks from `first` on; of deleted documents only empty ones."""
    for entry in segment.catalogue.entries():
        chunks = _chunks(segment, entry)[max(first - entry.first_chunk, 0) :]
        if not chunks:
            continue
        if entry.ordinal in segment.dead:
            yield from [""] * len(chunks)
            continue
        document = segment.catalogue.document(entry)
        sentences = segment.catalogue.sentences(entry)
        for chunk in chunks:
            yield embedded_text(document, sentences, chunk)


def _embedded(
    segment: Segment, embedder: Embedder, part: Path, tell: Callable[[int], None]
) -> Codes:
    """`(n_chunks, dim)` codes; what stands in `part` already is not embedded again."""
    dim, n = embedder.dim, segment.ref.n_chunks
    done = min(part.stat().st_size // dim, n) if part.exists() else 0
    size = _FIRST_CALL
    with part.open("ab") as file:
        file.truncate(done * dim)
        texts = _texts(segment, done)
        while done < n:
            tell(done)
            started = time.monotonic()
            batch = list(islice(texts, size))
            file.write(quantise(embedder.embed_documents(batch)).tobytes())
            file.flush()
            done += len(batch)
            if time.monotonic() - started < _CALL_S:
                size = min(2 * size, _LARGEST_CALL)
    tell(n)
    codes: Codes = np.fromfile(part, dtype=np.int8).reshape(n, dim)
    return codes


def _write_digests(catalogue: Path, segment: Segment, codes: Codes) -> None:
    db = sqlite3.connect(catalogue, isolation_level=None)
    try:
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        db.execute("BEGIN")
        for entry in segment.catalogue.entries():
            last = entry.first_chunk + entry.info.n_chunks
            own = codes[entry.first_chunk : last]
            digest = document_digest(entry.info, _chunks(segment, entry), own)
            db.execute("UPDATE documents SET digest = ? WHERE ordinal = ?", (digest, entry.ordinal))
        db.execute("COMMIT")
    finally:
        db.close()
