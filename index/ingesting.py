"""From source files to the next generation of a library: the writing half of the map.

paths ─ sources ─▶ files to read ─ parsing ─▶ Document ─ chunking, segmenting ─▶ Prepared
      ─ embedding ─▶ vectors ─ building ─▶ segments ─ manifest ─▶ generation
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from index.aliases import ALIASES_VERSION
from index.building import Builder, clear_up
from index.calibration import CALIBRATION
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
    MANIFEST,
    PARSER_VERSION,
    SEGMENTS,
    VECTORS_VERSION,
    Fingerprint,
    Manifest,
    Root,
    Sources,
    read_manifest,
    read_sources,
    rebuild_command,
    salvage_sources,
)
from index.parse_cache import PARSED, ParseCache
from index.parsing import ParseSettings, parse_file
from index.parsing.pool import Parsers
from index.reembedding import differs_in_vectors_only, reembed
from index.schema import Document, Skipped
from index.segmenting import DICTIONARY_ID
from index.sources import (
    SourceFile,
    expand,
    is_of_file,
    kept_states,
    scopes_of,
    survey,
    swallowed,
    with_moved_exclusions,
)
from index.synonyms import SYNONYMS

_TELL_EVERY = 100  # documents of one file
_LOCK = "writer.lock"
_OURS = {SEGMENTS, PARSED, _LOCK, SYNONYMS, CALIBRATION}


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """What a library is made with; `wenju index --rebuild` is needed to change chunk."""

    parse: ParseSettings = field(default_factory=ParseSettings)
    chunk: ChunkSettings = field(default_factory=ChunkSettings)
    embedding: EmbeddingSettings = field(default_factory=EmbeddingSettings)


@dataclass(frozen=True, slots=True)
class Progress:
    files_done: int
    files_total: int
    documents: int  # read so far in this run
    source: str  # the file in work, "" while the generation is being written
    chunks_done: int = 0
    chunks_total: int = 0  # to be embedded anew by another model; 0 while files are read


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
    reembedded: str = ""  # the model that all vectors were made anew with


def index_sources(
    library_path: Path,
    sources: Sequence[Path],
    settings: IndexSettings | None = None,
    *,
    rebuild: bool = False,
    keep_model: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> IndexReport:
    """Bring a library up to date with files, folders and globs; no sources means all known ones.

    Reads what is new or changed, drops what is gone, keeps the rest untouched. A file that cannot
    be read is reported in `skipped`, and its last version is kept. Where the settings name another
    embedding model than the library's, all its vectors are made anew first; with `keep_model`, or
    without settings, a library that is there keeps its own.
    Raises SourceMissing, NothingToIndex, IndexMismatch, LibraryLocked, LibraryReadOnly, DiskFull,
    ModelUnavailable; the library is then as it was.
    """
    started = time.monotonic()
    keep_model = keep_model or settings is None
    settings = settings or IndexSettings()
    named, missing = expand(sources) if sources else ([], [])
    if any(folder / part == library_path.resolve() for folder, part in named):
        raise NothingToIndex(
            f"{library_path} is the library itself, not a source; choose another --index"
        )
    with writing(library_path, create=bool(named)):
        before, known = _current(library_path, rebuild=rebuild)
        if not named and not known.roots:
            raise NothingToIndex(
                f"{library_path.name} has no sources yet. Name some: wenju index YOUR_FOLDER"
            )
        if keep_model and before is not None:
            settings = replace(settings, embedding=EmbeddingSettings(**before.embedding))
        run = _Run(library_path, before, known, named, settings, rebuild, on_progress)
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
    with writing(library_path, create=False):
        manifest, known = _current(library_path, rebuild=False)
        assert manifest is not None  # read just above
        embedding = EmbeddingSettings(**manifest.embedding)
        builder = Builder(
            library_path, manifest, load_embedder(embedding), embedding,
            ChunkSettings(**manifest.fingerprint.chunk), manifest.fingerprint, known.excluded,
        )  # fmt: skip
        wanted = set(doc_ids)
        try:
            for doc_id in sorted(wanted):
                # One that is excluded already was removed by a run that was cut short.
                if not builder.drop(doc_id) and doc_id not in known.excluded:
                    raise DocumentNotFound(
                        f"no document {doc_id!r} in {library_path.name}; nothing was removed. "
                        "List them with: wenju sources"
                    )
            builder.erase_the_dead()
            known = replace(known, excluded=known.excluded | wanted)
            builder.commit(_without_empty_roots(known, builder, wanted))
        except BaseException:
            builder.abandon()
            raise
    return len(wanted)


def _without_empty_roots(known: Sources, builder: Builder, removed: set[str]) -> Sources:
    """A root whose last documents were removed is forgotten, and may be indexed afresh."""
    counts = builder.counts_by_source()
    alive = {root for root, _ in counts}
    emptied = [
        root
        for root in known.roots
        if root.name not in alive
        and any(is_of_file(d, root.prefix + f) for d in removed for f in known.files[root.name])
    ]
    gone = {root.prefix + file for root in emptied for file in known.files[root.name]}
    kept = [root for root in known.roots if root not in emptied]
    excluded = frozenset(e for e in known.excluded if not any(is_of_file(e, f) for f in gone))
    return Sources(tuple(kept), kept_states(known.files, kept), excluded)


class _Run:
    """One call of `index_sources`."""

    def __init__(
        self,
        path: Path,
        before: Manifest | None,
        known: Sources,
        named: Sequence[tuple[Path, str]],
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
        scopes, self._sources = scopes_of(named, known)
        if rebuild:  # every known source is read again, whichever were named
            scopes, self._sources = scopes_of([], self._sources)
        for scope in scopes:
            self._sources = with_moved_exclusions(scope.root, self._sources)
        self._survey = survey(scopes, self._sources, path, read_all=rebuild)
        embedder = load_embedder(settings.embedding)
        fingerprint = Fingerprint(
            FORMAT_VERSION, PARSER_VERSION, DICTIONARY_ID, embedder.model_id, embedder.dim,
            {name: getattr(settings.chunk, name) for name in ChunkSettings.__slots__},
            ALIASES_VERSION, VECTORS_VERSION,
        )  # fmt: skip
        self._reembedded = ""
        if before is not None and not rebuild:
            if differs_in_vectors_only(before.fingerprint, fingerprint):
                before = reembed(
                    path, before, known, embedder, settings.embedding, self._tell_chunks
                )
                self._before = before
                self._reembedded = embedder.model_id
            _refuse_other(path, before.fingerprint, fingerprint)
        wanted = [file.source for file in self._survey.to_read if file.is_named]
        self._excluded = frozenset(
            doc_id
            for doc_id in self._sources.excluded
            if not any(is_of_file(doc_id, source) for source in wanted)
        )
        self.builder = Builder(
            path, before, embedder, settings.embedding, settings.chunk, fingerprint,
            self._excluded, rebuild=rebuild,
        )  # fmt: skip
        # A rebuild remembers only what it has read itself.
        known_files = {} if rebuild else self._sources.files
        self._files = kept_states(known_files, self._sources.roots)
        self._rebuild = rebuild

    def read_files(self) -> None:
        to_read = self._survey.to_read
        cache = ParseCache(self._path, self._settings.parse)
        fresh = []
        for file in to_read:
            if self._takes_up(file):
                continue
            known = cache.get(file.source, file.state.content_hash)
            if known is None:
                fresh.append(file)
            else:
                self._take(file, known)
        with Parsers(self._settings.parse, parse_file, keep=cache.put) as parsers:
            all_found = parsers.parse((file.path, file.source) for file in fresh)
            for file, found in zip(fresh, all_found, strict=True):
                self._take(file, found)
        self._tell(self._done, "")
        for root, name in self._survey.gone:
            self._files[root.name].pop(name, None)
            self._drop_all(self.builder.of_source(root.name, root.prefix + name))
        counts = self.builder.counts_by_source()
        for file in self._survey.unchanged:
            self._counts["unchanged"] += counts[file.root.name, file.source]
            self._files[file.root.name][file.name] = file.state
        for root in {file.root for file in (*to_read, *self._survey.unchanged)}:
            for inner in swallowed(root, self._sources):
                self._take_over(inner, root)

    def _take(self, file: SourceFile, found: Iterable[Document | Skipped]) -> None:
        self._tell(self._done, file.source)
        self._read(file, found)
        self._done += 1
        self.builder.checkpoint()

    def _takes_up(self, file: SourceFile) -> bool:
        """Whether a file is done without reading it: moved in time only, or by a killed run."""
        if file.source in self._excluded or self._rebuild:
            return False
        done = self.builder.put_again(file.source, file.state.content_hash, file.root.name)
        if done is None:
            return False
        self._counts[done] += 1
        self._files[file.root.name][file.name] = file.state
        self._done += 1
        self._tell(self._done, file.source)
        return True

    def _read(self, file: SourceFile, found: Iterable[Document | Skipped]) -> None:
        old = set(self.builder.of_source(file.root.name, file.source))
        new: set[str] = set()
        state, is_whole = file.state, True
        for item in found:
            if isinstance(item, Skipped):
                self._survey.skipped.append(item)
                is_whole = is_whole and not item.ends_file
            elif self._put(item, file):
                new.add(item.doc_id)
                if item.doc_id == file.source:  # what was read, should it have changed meanwhile
                    state = replace(state, content_hash=item.content_hash)
                self.builder.checkpoint()
                if len(new) % _TELL_EVERY == 0:
                    self._tell(self._done, file.source)
        if is_whole:
            self._files[file.root.name][file.name] = state
            self._drop_all(old - new)
        elif old - new:
            # Unreadable now, readable before: better the last version than none.
            last = self._survey.skipped[-1]
            kept = replace(last, reason=f"{last.reason} (its last readable version is kept)")
            self._survey.skipped[-1] = kept
            self._counts["unchanged"] += len(old - new)

    def _put(self, document: Document, file: SourceFile) -> bool:
        if document.doc_id in self._excluded:
            return False
        try:
            self._refuse_unfit(document, file)
            is_whole_file = document.doc_id == file.source
            size = file.state.size if is_whole_file else len(document.text.encode())
            outcome = self.builder.put(document, file.root.name, size)
        except ParseError as error:
            shown = document.doc_id.encode(errors="replace").decode()
            self._survey.skipped.append(Skipped(shown, str(error), True))
            return False
        self._counts[outcome] += 1
        return True

    def _refuse_unfit(self, document: Document, file: SourceFile) -> None:
        """Raises ParseError for a document that cannot be stored, or not under its name."""
        values = (document.doc_id, document.title, document.kind, document.date or "")
        try:
            for value in (*values, *document.meta, *document.meta.values()):
                value.encode()
        except UnicodeEncodeError:
            raise ParseError("its name or metadata is not valid text; mend it") from None
        if self.builder.has_seen(document.doc_id):
            raise ParseError("its id occurs twice; the first is kept")
        other = self.builder.find(document.doc_id)
        swallowed_names = {r.name for r in swallowed(file.root, self._sources)}
        if other is not None and other.info.root not in {file.root.name} | swallowed_names:
            raise ParseError(
                f"a document of this name is there already, from {other.info.root}; "
                "rename the file, or index it into another library"
            )

    def _drop_all(self, doc_ids: Iterable[str]) -> None:
        for doc_id in doc_ids:
            self._counts["removed"] += self.builder.drop(doc_id)

    def _take_over(self, inner: Root, root: Root) -> None:
        """The documents of a root that lies inside another become the other's."""
        stem = Path(inner.path).relative_to(root.path).as_posix()
        stem = "" if stem == "." else stem + "/"
        for name in list(self._files[inner.name]):
            is_gone = not (Path(inner.path) / name).exists()
            if stem + name not in self._files[root.name] and not is_gone:
                continue  # hidden from the outer root, or unreadable now: it stays as it was
            del self._files[inner.name][name]
            for doc_id in self.builder.of_source(inner.name, inner.prefix + name):
                self.builder.drop(doc_id)  # not counted: they are in the library still
        if not self._files[inner.name]:
            del self._files[inner.name]
            roots = tuple(r for r in self._sources.roots if r != inner)
            self._sources = replace(self._sources, roots=roots)

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
        if manifest is not None and manifest.n_documents and self._rebuild and not touched:
            raise NothingToIndex(
                f"not one of {manifest.n_documents} documents could be read again; "
                "the library is as it was. See what is wrong with its sources: wenju index"
            )
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
            time.monotonic() - started, self._reembedded,
        )  # fmt: skip

    def _tell_chunks(self, done: int, total: int) -> None:
        if self._on_progress is not None:
            self._on_progress(Progress(0, 0, 0, "", done, total))

    def _tell(self, done: int, source: str) -> None:
        if self._on_progress is not None:
            documents = self._counts["added"] + self._counts["changed"]
            total = len(self._survey.to_read)
            self._on_progress(Progress(done, total, documents, source))


def _nothing_reason(roots: Sequence[Root], skipped: Sequence[Skipped]) -> str:
    where = ", ".join(root.path for root in roots)
    return (
        f"{where} holds no document that can be read ({len(skipped)} other files). "
        "Readable are txt, md, html, pdf, docx, pptx, xlsx, csv, epub, srt, vtt, "
        "ass, json transcripts, eml, mhtml, jsonl, and zip of these"
    )


_OF_WENJU = frozenset(("format", "parser", "dictionary", "aliases", "vectors"))  # no settings


def _refuse_other(path: Path, before: Fingerprint, now: Fingerprint) -> None:
    for name, old, new in before.differences(now):
        if name in _OF_WENJU:
            raise IndexMismatch(
                f"{path.name} was made by another version of wenju ({name} = {old}, now {new}). "
                f"Make it again from its sources, once: {rebuild_command(path)}"
            )
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
        if rebuild:
            return None, salvage_sources(path)
        raise


@contextlib.contextmanager
def writing(path: Path, *, create: bool) -> Iterator[None]:
    """The one writer of a library, and its disk errors in plain words."""
    from filelock import FileLock, Timeout

    if not create and not path.is_dir():
        raise LibraryNotFound(f"no library at {path}. Make one: wenju index YOUR_FOLDER")
    with disk_errors(path):
        if path.exists() and not path.is_dir():
            raise LibraryReadOnly(f"{path} is a file, not a library folder; choose another --index")
        if path.is_dir() and not _may_hold_library(path):
            raise LibraryReadOnly(
                f"{path} holds other files, a library needs a folder of its own; "
                "choose another --index"
            )
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / _LOCK, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise LibraryLocked(
                f"another process is writing {path}; wait until it is done, then run this again"
            ) from None
        try:
            yield
        finally:
            _remove_if_empty(path)
            lock.release()


def _may_hold_library(path: Path) -> bool:
    """Whether the folder is empty or ours; what others put there must not be touched."""
    names = {child.name for child in path.iterdir() if not child.name.startswith(".")}
    return SEGMENTS in names if MANIFEST in names else names <= _OURS


def _remove_if_empty(path: Path) -> None:
    """A library that never came to be leaves no folder behind."""
    segments = path / SEGMENTS
    if not {child.name for child in path.iterdir()} <= {_LOCK, SEGMENTS}:
        return
    with contextlib.suppress(OSError):  # the segments of a killed run, or a lock held on Windows
        if segments.is_dir():
            segments.rmdir()
        (path / _LOCK).unlink(missing_ok=True)
        path.rmdir()
