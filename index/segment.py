"""A segment: some documents with everything that is needed to find and cite them. Immutable."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from index.catalogue import Catalogue, CatalogueWriter, Entry
from index.coarse import Coarse, write_coarse
from index.dense import DenseSegment, write_codes
from index.errors import LibraryBroken
from index.files import hash_file, sync_file, sync_folder
from index.glossary import Alias
from index.lexical import LexicalSegment, LexicalWriter
from index.manifest import SEGMENTS, Fingerprint, SegmentRef, rebuild_command
from index.schema import Chunk, Document, DocumentInfo, Sentence, Span, make_chunk_id

if TYPE_CHECKING:
    from index.embedding import Codes

CATALOGUE, CHUNKS, VECTORS, COARSE, LEXICAL = (
    "catalogue.sqlite",
    "chunks.npy",
    "vectors.faiss",
    "coarse.faiss",
    "lexical",
)
_SUMMARY = "segment.json"
_MOST_DOC_IDS = 50_000  # that are kept in memory
_FEW_ASKED = 16  # look-ups of them; who asks for more wants them all


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document ready for a segment."""

    document: Document
    sentences: tuple[Sentence, ...]
    chunks: tuple[Chunk, ...]
    aliases: tuple[Alias, ...] = ()


def chunk_text(document: Document, sentences: Sequence[Sentence], chunk: Chunk) -> str:
    """The text of a chunk's sentences, a line each: the chunk without furniture in between."""
    inside = sentences[chunk.first_sentence : chunk.last_sentence]
    return "\n".join(document.joined(s.spans) for s in inside)


def embedded_text(document: Document, sentences: Sequence[Sentence], chunk: Chunk) -> str:
    """What a chunk's vector is made of: the document's title, if it has one, then the chunk's text.

    Most chunks do not name what their document is about; nor does a title without a letter, as of
    a scanned page (0042.pdf). Raise manifest.VECTORS_VERSION with it.
    """
    text = chunk_text(document, sentences, chunk)
    is_telling = any(char.isalpha() for char in document.title)
    return f"{document.title}\n{text}" if is_telling else text


def _heading(document: Document, sentences: Sequence[Sentence], chunk: Chunk) -> str:
    """The headings above and the header cells of a chunk."""
    seen: dict[str, None] = {}
    for sentence in sentences[chunk.first_sentence : chunk.last_sentence]:
        block = document.blocks[sentence.block]
        seen.update(dict.fromkeys((*block.section, *block.header)))
    return "\n".join(seen)


def document_digest(
    document: Document | DocumentInfo, chunks: Iterable[Chunk], codes: Codes
) -> bytes:
    """A document's part of the library hash: identity, content, chunks and vectors."""
    identity = [document.doc_id, document.source, document.content_hash, document.title]
    spans = [[chunk.span.start, chunk.span.end] for chunk in chunks]
    digest = hashlib.sha256(json.dumps([identity, spans], ensure_ascii=False).encode())
    digest.update(codes.tobytes())
    return digest.digest()


class SegmentWriter:
    """Writes one segment aside; `close` syncs it and gives it its place."""

    def __init__(self, library: Path, fingerprint: Fingerprint) -> None:
        self.id = secrets.token_hex(8)
        self._fingerprint = fingerprint
        self._target = library / SEGMENTS / self.id
        self._aside = self._target.with_name(f".{self.id}.tmp")
        self._aside.mkdir(parents=True)
        self._catalogue = CatalogueWriter(self._aside / CATALOGUE)
        self._lexical = LexicalWriter(self._aside / LEXICAL)
        self._chunks: list[tuple[int, int, int, int, int]] = []
        self._chunk_ids: list[str] = []
        self._codes: list[Codes] = []
        self.n_documents = 0

    @property
    def n_chunks(self) -> int:
        return len(self._chunks)

    def add(self, prepared: Prepared, codes: Codes, info: DocumentInfo) -> None:
        document, ordinal, first = prepared.document, self.n_documents, self.n_chunks
        digest = document_digest(document, prepared.chunks, codes)
        entry = Entry(ordinal, first, digest, info)
        self._catalogue.add(entry, document, prepared.sentences, prepared.aliases)
        stem = document.source.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        title = f"{document.title}\n{stem}"
        for chunk in prepared.chunks:
            text = chunk_text(document, prepared.sentences, chunk)
            self._lexical.add(text, title, _heading(document, prepared.sentences, chunk))
            self._chunks.append(
                (
                    ordinal, chunk.span.start, chunk.span.end,
                    chunk.first_sentence, chunk.last_sentence,
                )
            )  # fmt: skip
            self._chunk_ids.append(chunk.chunk_id)
        self._codes.append(codes)
        self.n_documents += 1

    def take(self, segment: Segment, dead: Collection[int]) -> None:
        """All documents of another segment but the dead ones, as they are: nothing is remade."""
        kept = ~segment.flags(dead)
        places: dict[int, tuple[int, int]] = {}
        for entry in segment.catalogue.entries():
            if entry.ordinal in dead:
                continue
            places[entry.ordinal] = self.n_documents, self.n_chunks
            last = entry.first_chunk + entry.info.n_chunks
            for _, *place in segment.chunks[entry.first_chunk : last, :5].tolist():
                self._chunks.append((self.n_documents, *place))
                self._chunk_ids.append(make_chunk_id(entry.info.doc_id, *place[:2]))
            self.n_documents += 1
        self._catalogue.copy(segment.catalogue, places)
        self._codes.append(segment.dense.codes(0, len(kept))[kept])
        self._lexical.take(segment.lexical, kept)

    def close(self) -> SegmentRef:
        self._catalogue.close()
        self._lexical.close()
        np.save(self._aside / CHUNKS, self._chunk_table())
        codes = np.concatenate(self._codes)
        write_codes(self._aside / VECTORS, codes)
        write_coarse(self._aside / COARSE, codes)
        return seal(self._aside, self._target, self._fingerprint, self.n_documents, self.n_chunks)

    def _chunk_table(self) -> np.ndarray:
        order = sorted(range(self.n_chunks), key=self._chunk_ids.__getitem__)
        table = np.empty((self.n_chunks, 6), dtype=np.int32)
        table[:, :5] = np.array(self._chunks, dtype=np.int32).reshape(-1, 5)
        table[order, 5] = np.arange(self.n_chunks)
        return table

    def abandon(self) -> None:
        self._catalogue.abandon()
        shutil.rmtree(self._aside, ignore_errors=True)


def seal(
    aside: Path, target: Path, fingerprint: Fingerprint, n_documents: int, n_chunks: int
) -> SegmentRef:
    """Sum up and sync what was written aside, and give it its place; `target` names the segment."""
    files = _files(aside)
    summary = {
        "n_documents": n_documents,
        "n_chunks": n_chunks,
        "fingerprint": asdict(fingerprint),
        "files": {name: [(aside / name).stat().st_size, hash_file(aside / name)] for name in files},
    }
    (aside / _SUMMARY).write_text(json.dumps(summary, indent=1), encoding="utf-8")
    for name in (*files, _SUMMARY):
        sync_file(aside / name)
    for folder in (aside / LEXICAL, aside):
        sync_folder(folder)
    aside.rename(target)
    sync_folder(target.parent)
    return SegmentRef(target.name, n_documents, n_chunks)


class Segment:
    """Reads one segment; all its files are opened at once, so that it outlives its folder."""

    def __init__(self, library: Path, ref: SegmentRef) -> None:
        self.ref = ref
        folder = library / SEGMENTS / ref.id
        try:
            self.catalogue = Catalogue(folder / CATALOGUE)
            # Not a memmap object: each of its slices would cost ten times as much.
            self.chunks = np.asarray(np.load(folder / CHUNKS, mmap_mode="r")).view(np.ndarray)
            self.lexical = LexicalSegment(folder / LEXICAL, ref.n_chunks)
            # FAISS costs 0.1 s to import: the file is held open now, read when the arm is used.
            self._vectors = (folder / VECTORS).open("rb")
            self._coarse = _open(folder / COARSE)
        except (OSError, ValueError, LibraryBroken) as error:
            if not folder.is_dir():  # cleared up by a writer that has committed meanwhile
                raise FileNotFoundError(2, "no such segment", str(folder)) from error
            raise LibraryBroken(
                f"{folder} cannot be read ({error}); make it again with: {rebuild_command(library)}"
            ) from error
        self._doc_ids: dict[int, str] = {}
        self._n_asked = 0
        if len(self.chunks) != ref.n_chunks:
            raise LibraryBroken(
                f"{folder} holds {len(self.chunks)} chunks, its manifest says {ref.n_chunks}; "
                f"make it again with: {rebuild_command(library)}"
            )

    @cached_property
    def dense(self) -> DenseSegment:
        return DenseSegment(_path_of(self._vectors))

    @cached_property
    def coarse(self) -> Coarse | None:
        """Of the vectors; None where an earlier version wrote none, or where it is damaged.

        Then all vectors are compared: `wenju check` tells what is wrong with the file.
        """
        if self._coarse is None:
            return None
        try:
            coarse = Coarse(_path_of(self._coarse))
        except RuntimeError:  # of FAISS, for whatever it cannot read
            return None
        return coarse if len(coarse) == self.ref.n_chunks else None

    @cached_property
    def dead(self) -> frozenset[int]:
        """Ordinals of deleted documents."""
        return frozenset(self.ref.dead)

    @cached_property
    def id_ranks(self) -> npt.NDArray[np.int32]:
        """Of each chunk, its place among the segment's chunks sorted by chunk_id."""
        return np.ascontiguousarray(self.chunks[:, 5])

    @cached_property
    def alive(self) -> np.ndarray | None:
        """A flag per chunk; None when nothing was deleted."""
        if not self.ref.dead:
            return None
        return ~self.flags(self.ref.dead)

    def flags(self, documents: Collection[int]) -> np.ndarray:
        """A flag per chunk: it belongs to one of the documents."""
        if not self.ref.n_chunks:
            return np.zeros(0, dtype=np.bool_)
        chosen = np.zeros(int(self.chunks[:, 0].max()) + 1, dtype=np.bool_)
        chosen[list(documents)] = True
        flags: npt.NDArray[np.bool_] = chosen[self.chunks[:, 0]]
        return flags

    def chunks_of(self, ordinals: Sequence[int]) -> list[Chunk]:
        """In the given order."""
        rows = self._rows(ordinals)[:, :5].tolist()
        doc_ids = self._doc_ids_of({row[0] for row in rows})
        return [
            Chunk(make_chunk_id(doc_ids[doc], start, end), doc_ids[doc], Span(start, end), *places)
            for doc, start, end, *places in rows
        ]

    def chunk_ids(self, ordinals: Sequence[int]) -> list[str]:
        """In the given order."""
        rows = self._rows(ordinals)[:, :3].tolist()
        doc_ids = self._doc_ids_of({row[0] for row in rows})
        return [make_chunk_id(doc_ids[doc], start, end) for doc, start, end in rows]

    def _rows(self, ordinals: Sequence[int]) -> np.ndarray:
        return self.chunks.take(np.asarray(ordinals, dtype=np.intp), axis=0)

    def _doc_ids_of(self, documents: Collection[int]) -> Mapping[int, str]:
        """By ordinal; those that were looked up lately are kept."""
        known = self._doc_ids
        missing = [ordinal for ordinal in documents if ordinal not in known]
        if missing:
            self._n_asked += 1
            if self._n_asked > _FEW_ASKED and self.ref.n_documents <= _MOST_DOC_IDS:
                self._doc_ids = known = self.catalogue.all_doc_ids()
                return known
            if len(known) + len(missing) > _MOST_DOC_IDS:
                # Another one: a thread may still read from the old.
                self._doc_ids = known = {}
                missing = list(documents)
            known.update(self.catalogue.doc_ids(missing))
        return known

    def close(self) -> None:
        self.catalogue.close()
        self._vectors.close()
        if self._coarse is not None:
            self._coarse.close()


def read_summary(library: Path, segment_id: str) -> Mapping[str, object] | None:
    """What a segment says of itself; None where it is not whole."""
    try:
        raw = (library / SEGMENTS / segment_id / _SUMMARY).read_text(encoding="utf-8")
        summary = json.loads(raw)
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) else None


def check_segment(library: Path, ref: SegmentRef) -> list[str]:
    """Problems of a segment's files, one line each; [] when every byte is as written."""
    summary = read_summary(library, ref.id)
    if summary is None:
        return [f"segment {ref.id} is missing or not whole"]
    folder, problems = library / SEGMENTS / ref.id, []
    for name, (size, expected) in summary["files"].items():  # type: ignore[attr-defined]
        path = folder / name
        if not path.is_file():
            problems.append(f"segment {ref.id}: {name} is missing")
        elif path.stat().st_size != size:
            problems.append(
                f"segment {ref.id}: {name} has {path.stat().st_size} bytes instead of {size}"
            )
        elif hash_file(path) != expected:
            problems.append(f"segment {ref.id}: the content of {name} has changed")
    if (summary["n_documents"], summary["n_chunks"]) != (ref.n_documents, ref.n_chunks):
        problems.append(f"segment {ref.id}: counts differ from the manifest's")
    return problems


def _path_of(file: BinaryIO) -> Path:
    """By descriptor: the name may be gone by now."""
    return Path(file.name) if os.name == "nt" else Path(f"/dev/fd/{file.fileno()}")


def _open(path: Path) -> BinaryIO | None:
    """None where it is not there."""
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _files(folder: Path) -> list[str]:
    """Relative, sorted."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
