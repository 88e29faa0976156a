"""Libraries as files: `wenju backup` writes one, `wenju restore` makes a library of it again.

A backup is a ZIP of the library's folder as one generation has it: the manifest, its sources, its
segments, the users' synonyms and calibration. Paths inside are relative; whether every byte is as
it was written is checked when it is restored.
"""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from index.calibration import CALIBRATION
from index.errors import BackupRefused, SourceMissing
from index.files import disk_errors, sync_folder
from index.manifest import (
    MANIFEST,
    SEGMENTS,
    Manifest,
    read_manifest,
    read_sources,
    write_manifest,
)
from index.synonyms import SYNONYMS

_MARK = "wenju-backup.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class BackupReport:
    n_documents: int
    n_chunks: int
    generation: int
    n_bytes: int  # of the file


def write_backup(library: Path, out: Path) -> BackupReport:
    """Write the current generation to a file; readers and a writer go on meanwhile.

    Written aside and renamed, so that a backup is whole or not there. Raises LibraryNotFound,
    LibraryBroken, DiskFull, BackupRefused where `out` lies inside the library.
    """
    if library.resolve() in out.resolve().parents:
        raise BackupRefused(f"{out} lies inside the library; choose a place outside {library}")
    aside = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    with disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            manifest = _written(library, aside)
            with aside.open("rb") as file:
                os.fsync(file.fileno())
            aside.replace(out)
        finally:
            aside.unlink(missing_ok=True)
    return BackupReport(
        manifest.n_documents, manifest.n_chunks, manifest.generation, out.stat().st_size
    )


def _written(library: Path, aside: Path) -> Manifest:
    """One generation; taken again when a writer has cleared it away meanwhile."""
    while True:
        manifest = read_manifest(library)
        try:
            with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                mark = {"format": _FORMAT, "library": manifest.library}
                archive.writestr(_MARK, json.dumps(mark))
                for path in _files(library, manifest):
                    archive.write(path, path.relative_to(library).as_posix())
        except FileNotFoundError:
            if read_manifest(library) == manifest:
                raise
            continue
        if read_manifest(library) == manifest:
            return manifest


def _files(library: Path, manifest: Manifest) -> Iterator[Path]:
    yield library / MANIFEST
    yield library / manifest.sources_name
    for name in (SYNONYMS, CALIBRATION):
        if (library / name).is_file():
            yield library / name
    for ref in manifest.segments:
        folder = library / SEGMENTS / ref.id
        if not folder.is_dir():
            raise FileNotFoundError(2, "no such segment", str(folder))
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith(".lock"):
                yield path


def restore_backup(backup: Path, library: Path) -> BackupReport:
    """Make a library of a backup, at a place where there is none; every byte is checked.

    Raises BackupRefused for a file that is none, is damaged, or would go where something is.
    """
    from index.store import check_library

    if library.exists() and any(library.iterdir()):
        raise BackupRefused(f"{library} is there already; choose another --index, or remove it")
    aside = library.with_name(f".{library.name}.{os.getpid()}.tmp")
    with disk_errors(library):
        try:
            with zipfile.ZipFile(backup) as archive:
                names = _checked_names(archive, backup)
                aside.mkdir(parents=True)
                for name in names:
                    target = aside / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(name) as source, target.open("wb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)
                        file.flush()
                        os.fsync(file.fileno())
            problems = check_library(aside)
            if problems:
                raise BackupRefused(f"{backup} is damaged: {problems[0]}; take another backup")
            manifest = read_manifest(aside)
            if library.exists():
                library.rmdir()
            aside.rename(library)
            sync_folder(library.parent)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise BackupRefused(f"{backup} cannot be read: {error}; take another backup") from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return BackupReport(
        manifest.n_documents, manifest.n_chunks, manifest.generation, backup.stat().st_size
    )


def _checked_names(archive: zipfile.ZipFile, backup: Path) -> list[str]:
    """Files inside, ours and below the library. Raises BackupRefused."""
    names = [name for name in archive.namelist() if not name.endswith("/")]
    if _MARK not in names:
        raise BackupRefused(f"{backup} is no backup of wenju; make one with: wenju backup")
    mark = json.loads(archive.read(_MARK))
    if mark.get("format") != _FORMAT:
        raise BackupRefused(
            f"{backup} has backup format {mark.get('format')}, this wenju reads {_FORMAT}; "
            "restore it with the wenju that made it"
        )
    names.remove(_MARK)
    for name in names:
        path = PurePosixPath(name)
        is_ours = path.parts[0] == SEGMENTS or len(path.parts) == 1
        if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or not is_ours:
            raise BackupRefused(f"{backup} holds {name!r}, which no backup of wenju does")
    return names


def move_sources(library: Path, old: Path, new: Path) -> int:
    """Source folders that were at `old` or below it are at `new` now; how many that are.

    Commits a generation with the same content. Raises SourceMissing where `new` is no folder,
    BackupRefused where nothing of the library was at `old`.
    """
    from index.ingesting import writing

    old, new = Path(os.path.abspath(old)), Path(os.path.abspath(new))  # noqa: PTH100 (no links)
    if not new.is_dir():
        raise SourceMissing(f"{new} is no folder; name the one the files are in now")
    with writing(library, create=False):
        manifest = read_manifest(library)
        sources = read_sources(library, manifest)
        roots = tuple(
            replace(root, path=str(new / Path(root.path).relative_to(old)))
            if Path(root.path).is_relative_to(old)
            else root
            for root in sources.roots
        )
        moved = sum(a != b for a, b in zip(roots, sources.roots, strict=True))
        if not moved:
            there = ", ".join(root.path for root in sources.roots) or "none"
            raise BackupRefused(
                f"no source folder of {library.name} was at {old}; there is: {there}"
            )
        write_manifest(
            library,
            replace(manifest, generation=manifest.generation + 1),
            replace(sources, roots=roots),
        )
    return moved
