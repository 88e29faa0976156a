"""From source files to the next generation of a library: the writing half of the map.

paths ─ sources ─▶ files to read ─ parsing ─▶ Document ─ chunking, segmenting ─▶ Prepared
      ─ embedding ─▶ vectors ─ building ─▶ segments ─ manifest ─▶ generation
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.building import Builder, clear_up
from index.chunking import ChunkSettings
from index.embedding import EmbeddingSettings, load_embedder
from index.errors import (
    DocumentNotFound,
    IndexMismatch,
    LibraryBroken,
    LibraryLocked,
    LibraryNotFound,
    LibraryReadOnly,
    LibraryVersion,
    NothingToIndex,
    ParseError,
)
from index.files import disk_errors
from index.manifest import (
    FORMAT_VERSION,
    Fingerprint,
    Manifest,
    Root,
    Sources,
    read_manifest,
    read_sources,
)
from index.parsing import ParseSettings, parse_file
from index.schema import Document, Skipped
from index.segmenting import DICTIONARY_ID, load_dictionary
from index.sources import (
    SourceFile,
    expand,
    is_of_file,
    kept_states,
    scopes_of,
    survey,
    swallowed,
)

# Below this, reading jieba's whole dictionary costs more than looking words up one by one.
_BULK_BYTES = 300_000
_TELL_EVERY = 100  # documents of one file


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What a library is made with; `wenju index --rebuild` is needed to change chunk and model."""

    parse: ParseSettings = field(default_factory=ParseSettings)
    chunk: ChunkSettings = field(default_factory=ChunkSettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)


@dataclass(frozen=True, slots=True)
class Progress:
    files_done: int
    files_total: int
    documents: int  # read so far in this run
    source: str  # the file in work, "" while the generation is being written


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What a run did. `n_documents` and `n_chunks` are the library's, not the run's."""

    added: int
    changed: int
    unchanged: int
    removed: int
    skipped: list[Skipped]
    generation: int
    library: str
    n_documents: int
    n_chunks: int
    seconds: float


def index_sources(
    library_path: Path,
    sources: Sequence[Path],
    settings: IndexSettings | None = None,
    *,
    rebuild: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> IndexReport:
    """Bring a library up to date with files, folders and globs; no sources means all known ones.

    Reads what is new or changed, drops what is gone, keeps the rest untouched. A file that cannot
    be read is reported in `skipped`, and its last version is kept.
    Raises SourceMissing, NothingToIndex, IndexMismatch, LibraryLocked, LibraryReadOnly, DiskFull,
    ModelUnavailable; the library is then as it was.
    """
    started = time.monotonic()
    settings = settings or IndexSettings()
    paths, missing = expand(sources) if sources else ([], [])
    with _writing(library_path, create=bool(paths)):
        before, known = _current(library_path, rebuild=rebuild)
        if not paths and not known.roots:
            raise NothingToIndex(
                f"{library_path.name} has no sources yet. Name some: wenju index YOUR_FOLDER"
            )
        run = _Run(library_path, before, known, paths, settings, rebuild, on_progress)
        try:
            run.read_files()
            return run.commit(missing, started)
        except BaseException:
            run.builder.abandon()
            raise


def remove_documents(library_path: Path, doc_ids: Sequence[str]) -> int:
    """Erase documents: their text is in no file of the library afterwards. Returns how many.

    They stay out at later runs until their file is named again: `wenju index FILE`.
    Raises DocumentNotFound (nothing is removed then), LibraryNotFound, LibraryLocked.
    """
    read_manifest(library_path)
    with _writing(library_path, create=False):
        manifest, known = _current(library_path, rebuild=False)
        assert manifest is not None  # read just above
        embedding = EmbeddingSettings(**manifest.embedding)
        builder = Builder(
            library_path, manifest, load_embedder(embedding), embedding,
            ChunkSettings(**manifest.fingerprint.chunk), manifest.fingerprint, known.excluded,
        )  # fmt: skip
        try:
            for doc_id in doc_ids:
                if not builder.drop(doc_id, erase=True):
                    raise DocumentNotFound(
                        f"no document {doc_id!r} in {library_path.name}; nothing was removed. "
                        "List them with: wenju sources"
                    )
            known = replace(known, excluded=known.excluded | set(doc_ids))
            builder.commit(_without_empty_roots(known, builder))
        except BaseException:
            builder.abandon()
            raise
    return len(doc_ids)


def _without_empty_roots(known: Sources, builder: Builder) -> Sources:
    """A root all of whose documents were removed is forgotten, and may be indexed afresh."""
    kept = [
        root
        for root in known.roots
        if any(builder.of_source(root.name, root.prefix + f) for f in known.files[root.name])
    ]
    gone = [r.prefix + f for r in known.roots if r not in kept for f in known.files[r.name]]
    return Sources(
        tuple(kept),
        kept_states(known.files, kept),
        frozenset(e for e in known.excluded if not any(is_of_file(e, f) for f in gone)),
    )


class _Run:
    """One call of `index_sources`."""

    def __init__(
        self,
        path: Path,
        before: Manifest | None,
        known: Sources,
        paths: Sequence[Path],
        settings: IndexSettings,
        rebuild: bool,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._path = path
        self._before = before
        self._known = known
        self._settings = settings
        self._on_progress = on_progress
        self._counts: Counter[str] = Counter()
        self._done = 0  # files
        scopes, self._sources = scopes_of(paths, known)
        if rebuild:  # every known source is read again, whichever were named
            scopes, self._sources = scopes_of([], self._sources)
        self._survey = survey(scopes, self._sources, path, read_all=rebuild)
        embedder = load_embedder(settings.embedding)
        fingerprint = Fingerprint(
            FORMAT_VERSION, DICTIONARY_ID, embedder.model_id, embedder.dim,
            {name: getattr(settings.chunk, name) for name in ChunkSettings.__slots__},
        )  # fmt: skip
        if before is not None and not rebuild:
            _refuse_other(path, before.fingerprint, fingerprint)
        named = [file.source for file in self._survey.to_read if file.path in set(paths)]
        self._excluded = frozenset(
            doc_id
            for doc_id in self._sources.excluded
            if not any(is_of_file(doc_id, source) for source in named)
        )
        self.builder = Builder(
            path, before, embedder, settings.embedding, settings.chunk, fingerprint,
            self._excluded, rebuild=rebuild,
        )  # fmt: skip
        self._files = kept_states(self._sources.files, self._sources.roots)
        self._rebuild = rebuild

    def read_files(self) -> None:
        to_read = self._survey.to_read
        if sum(file.state.size for file in to_read) > _BULK_BYTES:
            load_dictionary()
        for file in to_read:
            self._tell(self._done, file.source)
            self._read(file)
            self._done += 1
            self.builder.checkpoint()
        self._tell(self._done, "")
        for root, name in self._survey.gone:
            self._files[root.name].pop(name, None)
            self._drop_all(self.builder.of_source(root.name, root.prefix + name))
        for file in self._survey.unchanged:
            self._counts["unchanged"] += len(self.builder.of_source(file.root.name, file.source))
        for file in (*to_read, *self._survey.unchanged):
            for swallowed_root in swallowed(file.root, self._sources):
                self._forget(swallowed_root)

    def _read(self, file: SourceFile) -> None:
        old = set(self.builder.of_source(file.root.name, file.source))
        if file.source not in self._excluded and not self._rebuild:
            done = self.builder.put_again(file.source, file.state.content_hash, file.root.name)
            if done is not None:  # moved in time only, or finished by a killed run
                self._counts[done] += 1
                self._files[file.root.name][file.name] = file.state
                return
        n_bad_before = len(self._survey.skipped)
        new = set()
        for item in parse_file(file.path, file.source, self._settings.parse):
            if isinstance(item, Skipped):
                self._survey.skipped.append(item)
            elif self._put(item, file):
                new.add(item.doc_id)
                self.builder.checkpoint()
                if len(new) % _TELL_EVERY == 0:
                    self._tell(self._done, file.source)
        n_bad = sum(item.is_error for item in self._survey.skipped[n_bad_before:])
        if old and not new and n_bad:
            # Unreadable now, readable before: better the last version than none.
            self._survey.skipped[-1] = replace(
                self._survey.skipped[-1],
                reason=self._survey.skipped[-1].reason + " (its last readable version is kept)",
            )
            self._counts["unchanged"] += len(old)
            return
        if n_bad and not new:
            return  # tried again at the next run
        self._files[file.root.name][file.name] = file.state
        self._drop_all(old - new)

    def _put(self, document: Document, file: SourceFile) -> bool:
        if document.doc_id in self._excluded:
            return False
        if self.builder.has_seen(document.doc_id):
            self._survey.skipped.append(
                Skipped(document.doc_id, "its id occurs twice; the first is kept", True)
            )
            return False
        try:
            outcome = self.builder.put(document, file.root.name, file.state.size)
        except ParseError as error:
            self._survey.skipped.append(Skipped(document.doc_id, str(error), True))
            return False
        self._counts[outcome] += 1
        return True

    def _drop_all(self, doc_ids: Iterator[str] | Sequence[str] | set[str]) -> None:
        for doc_id in doc_ids:
            self._counts["removed"] += self.builder.drop(doc_id)

    def _forget(self, root: Root) -> None:
        for name in self._files.pop(root.name, {}):
            for doc_id in self.builder.of_source(root.name, root.prefix + name):
                self.builder.drop(doc_id)
        self._sources = replace(
            self._sources, roots=tuple(r for r in self._sources.roots if r != root)
        )

    def commit(self, missing: list[Skipped], started: float) -> IndexReport:
        skipped = missing + self._survey.skipped
        sources = replace(self._sources, files=self._files, excluded=self._excluded)
        manifest = self._before
        touched = self._counts["added"] + self._counts["changed"] + self._counts["unchanged"]
        if manifest is None and not touched:
            if not any(item.is_error for item in skipped):
                raise NothingToIndex(_nothing_reason(sources.roots, skipped))
            self.builder.abandon()
            return self._report(None, skipped, started)
        if manifest is None or self._rebuild or self.builder.has_changes or sources != self._known:
            manifest = self.builder.commit(sources)
        else:
            self.builder.close()
            clear_up(self._path, manifest)
        return self._report(manifest, skipped, started)

    def _report(
        self, manifest: Manifest | None, skipped: list[Skipped], started: float
    ) -> IndexReport:
        counts = self._counts
        return IndexReport(
            counts["added"], counts["changed"], counts["unchanged"], counts["removed"], skipped,
            manifest.generation if manifest else 0, manifest.library if manifest else "",
            manifest.n_documents if manifest else 0, manifest.n_chunks if manifest else 0,
            time.monotonic() - started,
        )  # fmt: skip

    def _tell(self, done: int, source: str) -> None:
        if self._on_progress is not None:
            documents = self._counts["added"] + self._counts["changed"]
            total = len(self._survey.to_read)
            self._on_progress(Progress(done, total, documents, source))


def _nothing_reason(roots: Sequence[Root], skipped: Sequence[Skipped]) -> str:
    where = ", ".join(root.path for root in roots)
    return (
        f"{where} holds no document that can be read ({len(skipped)} other files). "
        "Readable are txt, md, html, pdf, docx, csv, xlsx, srt, vtt, json transcripts and jsonl"
    )


def _refuse_other(path: Path, before: Fingerprint, now: Fingerprint) -> None:
    for name, old, new in before.differences(now):
        raise IndexMismatch(
            f"{path.name} was made with {name} = {old}, settings now ask for {new}. "
            f"Keep the old settings, or run: wenju index --index {path.name} --rebuild"
        )


def _current(path: Path, *, rebuild: bool) -> tuple[Manifest | None, Sources]:
    try:
        manifest = read_manifest(path)
        return manifest, read_sources(path, manifest)
    except LibraryNotFound:
        return None, Sources()
    except (LibraryBroken, LibraryVersion):
        if rebuild:  # the sources that are named now are all that is known
            return None, Sources()
        raise


@contextmanager
def _writing(path: Path, *, create: bool) -> Iterator[None]:
    """The one writer of a library, and its disk errors in plain words."""
    from filelock import FileLock, Timeout

    if not create and not path.is_dir():
        raise LibraryNotFound(f"no library at {path}. Make one: wenju index YOUR_FOLDER")
    with disk_errors(path):
        if path.exists() and not path.is_dir():
            raise LibraryReadOnly(f"{path} is a file, not a library folder; choose another --index")
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / "writer.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise LibraryLocked(
                f"another process is writing {path}; wait until it is done, then run this again"
            ) from None
        try:
            yield
        finally:
            lock.release()
            _remove_if_empty(path)


def _remove_if_empty(path: Path) -> None:
    """A library that never came to be leaves no folder behind."""
    if {child.name for child in path.iterdir()} <= {"writer.lock", "segments"}:
        segments = path / "segments"
        if segments.is_dir() and any(segments.iterdir()):
            return
        (path / "writer.lock").unlink(missing_ok=True)
        if segments.is_dir():
            segments.rmdir()
        path.rmdir()
