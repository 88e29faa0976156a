"""An older library brought up to date from what it holds itself.

Texts, sentences, chunks and vectors are taken over; the lists of terms and the names that documents
explain are made anew. No source file is read and nothing is embedded.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np

from index.aliases import ALIASES_VERSION, mine
from index.building import clear_up, library_hash
from index.catalogue import Catalogue, Entry
from index.dense import DenseSegment
from index.errors import LibraryBroken
from index.ingesting import writing
from index.manifest import (
    FORMAT_VERSION,
    SEGMENTS,
    Fingerprint,
    Manifest,
    SegmentRef,
    read_any_manifest,
    read_sources,
    rebuild_command,
    write_manifest,
)
from index.schema import Chunk, Span
from index.segment import CATALOGUE, CHUNKS, VECTORS, Prepared, SegmentWriter, document_digest


def needs_upgrade(path: Path) -> bool:
    """Raises LibraryNotFound, LibraryBroken, and LibraryVersion where nothing can be taken over."""
    found, manifest = read_any_manifest(path)
    return found != FORMAT_VERSION or manifest.fingerprint.aliases != ALIASES_VERSION


def upgrade_library(path: Path) -> Manifest | None:
    """Commit a generation in today's format with the same documents; None where it has it.

    Until the commit the library is as it was. Raises what `needs_upgrade` and a writer raise.
    """
    with writing(path, create=False):
        found, before = read_any_manifest(path)
        if found == FORMAT_VERSION and before.fingerprint.aliases == ALIASES_VERSION:
            return None
        sources = read_sources(path, before)
        fingerprint = replace(before.fingerprint, format=FORMAT_VERSION, aliases=ALIASES_VERSION)
        segments: list[SegmentRef] = []
        digests: list[bytes] = []
        for ref in before.segments:
            made = _remade(path, ref, fingerprint, digests)
            if made is not None:
                segments.append(made)
        manifest = replace(
            before,
            generation=before.generation + 1,
            fingerprint=fingerprint,
            segments=tuple(segments),
            library=library_hash(fingerprint, digests),
            n_chunks=sum(ref.n_chunks for ref in segments),
        )
        write_manifest(path, manifest, sources)
        clear_up(path, manifest)
    return manifest


def _remade(
    path: Path, ref: SegmentRef, fingerprint: Fingerprint, digests: list[bytes]
) -> SegmentRef | None:
    """The segment's live documents in a new one; None where there is none."""
    folder = path / SEGMENTS / ref.id
    dead = set(ref.dead)
    try:
        rows = np.load(folder / CHUNKS)
        dense = DenseSegment(folder / VECTORS)
        catalogue = Catalogue(folder / CATALOGUE)
    except (OSError, RuntimeError, ValueError, LibraryBroken) as error:
        raise LibraryBroken(
            f"{folder} cannot be read ({error}); make it again with: {rebuild_command(path)}"
        ) from error
    with contextlib.closing(catalogue):
        alive = [entry for entry in catalogue.entries() if entry.ordinal not in dead]
        if not alive:
            return None
        writer = SegmentWriter(path, fingerprint)
        try:
            for entry in alive:
                document, sentences = catalogue.document(entry), catalogue.sentences(entry)
                chunks = _chunks(rows, entry)
                codes = dense.codes(entry.first_chunk, entry.first_chunk + len(chunks))
                names = tuple(mine(document, sentences))
                writer.add(Prepared(document, sentences, chunks, names), codes, entry.info)
                digests.append(document_digest(document, chunks, codes))
            return writer.close()
        except BaseException:
            writer.abandon()
            raise


def _chunks(rows: np.ndarray, entry: Entry) -> tuple[Chunk, ...]:
    last = entry.first_chunk + entry.info.n_chunks
    doc_id = entry.info.doc_id
    return tuple(
        Chunk(f"{doc_id}@{start}-{end}", doc_id, Span(start, end), first, after)
        for _, start, end, first, after, *_ in rows[entry.first_chunk : last].tolist()
    )
