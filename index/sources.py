"""Source folders and files: what is there, and what has changed since they were last read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from glob import glob, has_magic
from pathlib import Path

from index.errors import SourceMissing
from index.files import hash_file
from index.manifest import MANIFEST, SEGMENTS, FileState, Root, Sources
from index.parsing import is_ignorable
from index.schema import Skipped


@dataclass(frozen=True, slots=True)
class Scope:
    """A root and the part of it that this run looks at."""

    root: Root
    below: str = ""  # path below the root; "" is all of it

    @property
    def path(self) -> Path:
        return Path(self.root.path)

    def holds(self, name: str) -> bool:
        return not self.below or name == self.below or name.startswith(self.below + "/")


@dataclass(frozen=True, slots=True)
class SourceFile:
    root: Root
    name: str  # below the root, with "/"
    path: Path
    state: FileState

    @property
    def source(self) -> str:
        """What a citation names."""
        return self.root.prefix + self.name


@dataclass(slots=True)
class Survey:
    """What a run has to do, by file."""

    to_read: list[SourceFile] = field(default_factory=list)
    unchanged: list[SourceFile] = field(default_factory=list)
    gone: list[tuple[Root, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def expand(paths: Sequence[Path]) -> tuple[list[Path], list[Skipped]]:
    """Globs expanded, what is not there reported; in the given order, each path once.

    Raises SourceMissing when none of the paths is there.
    """
    found: dict[Path, None] = {}
    missing = []
    for path in paths:
        if os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder is closed
            found[path.resolve()] = None
        elif hits := _glob(path):
            found.update(dict.fromkeys(Path(hit).resolve() for hit in hits))
        else:
            missing.append(Skipped(str(path), "no such file or folder; check the path", True))
    if missing and not found:
        raise SourceMissing(
            f"{', '.join(m.source for m in missing)}: no such file or folder; check the path"
        )
    return list(found), missing


def _glob(path: Path) -> list[str]:
    if not has_magic(str(path)):
        return []
    return sorted(glob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute one


def scopes_of(paths: Sequence[Path], known: Sources) -> tuple[list[Scope], Sources]:
    """Which roots the paths mean; what is new is registered, a path inside a root is a part of it.

    No paths means every registered root.
    """
    if not paths:
        return [Scope(root) for root in known.roots], known
    scopes: list[Scope] = []
    for path in paths:
        inside = next((r for r in known.roots if _is_below(path, Path(r.path))), None)
        if inside is not None:
            below = path.relative_to(inside.path).as_posix()
            scopes.append(Scope(inside, "" if below == "." else below))
            continue
        known, root = _register(path, known)
        scopes.append(Scope(root))
    return scopes, known


def _register(path: Path, known: Sources) -> tuple[Sources, Root]:
    taken = {root.name for root in known.roots}
    name = base = path.name or "root"
    number = 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    root = Root(name, str(path))
    others = [r for r in known.roots if not _is_below(Path(r.path), path)]
    sources_taken = {r.prefix + f for r in others for f in known.files.get(r.name, ())}
    if any(file in sources_taken for file in _names(path)):
        root = replace(root, prefix=f"{name}/")
    return replace(known, roots=(*known.roots, root)), root


def swallowed(root: Root, known: Sources) -> list[Root]:
    """Registered roots that lie inside `root`: its own run brings their documents."""
    return [r for r in known.roots if r != root and _is_below(Path(r.path), Path(root.path))]


def survey(
    scopes: Sequence[Scope], known: Sources, library: Path, *, read_all: bool = False
) -> Survey:
    """Compare what is there with what was read.

    Raises SourceMissing when every root has vanished; a single one is reported, and its documents
    stay: an unmounted disk is not a deletion.
    """
    result = Survey()
    vanished = []
    for scope in scopes:
        states = known.files.get(scope.root.name, {})
        names = [n for n in _names(scope.path, skip=library) if scope.holds(n)]
        read_before = [name for name in states if scope.holds(name)]
        if not names and read_before and (not scope.below or not scope.path.exists()):
            vanished.append(scope)
            continue
        for name in names:
            file, changed = _compare(scope.root, name, states.get(name))
            if file is None:
                result.skipped.append(Skipped(name, "cannot be read: permission denied", True))
            elif changed or read_all or (_is_named(scope, name) and _is_excluded(file, known)):
                result.to_read.append(file)
            else:
                result.unchanged.append(file)
        result.gone += [(scope.root, name) for name in set(read_before) - set(names)]
    for scope in vanished:
        result.skipped.append(Skipped(scope.root.path, _vanished_reason(scope, known), True))
    if vanished and len(vanished) == len(scopes):
        raise SourceMissing(f"{vanished[0].root.path} {_vanished_reason(vanished[0], known)}")
    return result


def _is_named(scope: Scope, name: str) -> bool:
    """Whether the file itself was named, not its folder: wanted even if it was once removed."""
    return scope.below == name or scope.path.is_file()


def _is_excluded(file: SourceFile, known: Sources) -> bool:
    return any(is_of_file(doc_id, file.source) for doc_id in known.excluded)


def is_of_file(doc_id: str, source: str) -> bool:
    """Whether a document comes from a file: its only one, a record or a member."""
    return doc_id == source or doc_id.startswith((source + "#", source + "!"))


def _vanished_reason(scope: Scope, known: Sources) -> str:
    n = len(known.files.get(scope.root.name, {}))
    return (
        f"has vanished or is empty, {n} files were read from it before; their documents are kept. "
        f"Mount it again, or drop them with: wenju sources remove '{scope.root.prefix}*'"
    )


def _compare(root: Root, name: str, before: FileState | None) -> tuple[SourceFile | None, bool]:
    path = Path(root.path) if Path(root.path).is_file() else Path(root.path) / name
    try:
        stat = path.stat()
        if before is not None and (before.size, before.mtime_ns) == (
            stat.st_size,
            stat.st_mtime_ns,
        ):
            return SourceFile(root, name, path, before), False
        state = FileState(stat.st_size, stat.st_mtime_ns, hash_file(path))
    except OSError:
        return None, False
    changed = before is None or before.content_hash != state.content_hash
    return SourceFile(root, name, path, state), changed


def _names(path: Path, skip: Path | None = None) -> Iterator[str]:
    """Files below a folder as relative names with "/", sorted; a file is its own only name."""
    if path.is_file():
        yield path.name
        return
    names = []
    for folder, folders, files in os.walk(path):
        here = Path(folder)
        folders[:] = [f for f in folders if not f.startswith(".") and here / f != skip]
        if {MANIFEST, SEGMENTS} <= {*files, *folders}:  # a library, not a source
            folders.clear()
            continue
        for file in files:
            if not is_ignorable(here / file):
                names.append((here / file).relative_to(path).as_posix())
    yield from sorted(names)


def _is_below(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def kept_states(
    known: Mapping[str, Mapping[str, FileState]], roots: Sequence[Root]
) -> dict[str, dict[str, FileState]]:
    """The file states of these roots, as a copy that may be changed."""
    return {root.name: dict(known.get(root.name, {})) for root in roots}
