"""Source folders and files: what is there, and what has changed since they were last read."""

from __future__ import annotations

import os
import stat
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
    """A root and the parts of it that a run looks at: paths below it, () for all of it."""

    root: Root
    parts: tuple[str, ...] = ()

    def holds(self, name: str) -> bool:
        return not self.parts or any(is_below(name, part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class SourceFile:
    root: Root
    name: str  # below the root, with "/"
    path: Path
    state: FileState
    is_named: bool  # it was named itself, not by its folder: wanted even if it was once removed

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


# --- what was named -------------------------------------------------------------------------------


def expand(paths: Sequence[Path]) -> tuple[list[tuple[Path, str]], list[Skipped]]:
    """The paths that are there, as (folder, part): the folder is a root, the part a path below it.

    A folder is its own root ("" is all of it), a file belongs to its folder, the hits of a glob to
    the part of the pattern before its first wildcard. What lies below another given folder is left
    to it. Paths that are not there are reported; SourceMissing when none is there.
    """
    found: dict[tuple[Path, str], None] = {}
    missing = []
    for path in paths:
        hits = list(_expand_one(path))
        found.update(dict.fromkeys(hits))
        if not hits:
            missing.append(Skipped(str(path), "no such file or folder; check the path", True))
    if missing and not found:
        raise SourceMissing(
            f"{', '.join(m.source for m in missing)}: no such file or folder; check the path"
        )
    whole = {folder for folder, part in found if not part}
    kept = [
        (folder, part)
        for folder, part in found
        if not any(above in whole for above in (folder / part).parents)
        and not (part and folder in whole)
    ]
    return kept, missing


def _expand_one(path: Path) -> Iterator[tuple[Path, str]]:
    if os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a folder is closed
        path = path.resolve()
        yield (path, "") if path.is_dir() else (path.parent, path.name)
    elif has_magic(str(path)):
        fixed = path.absolute().parts
        first = next(i for i, part in enumerate(fixed) if has_magic(part))
        base = Path(*fixed[:first])
        hits = glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute one
        for hit in sorted(map(os.path.abspath, hits)):
            below = Path(hit).relative_to(base).as_posix()
            if below != "." and not is_ignorable(Path(hit)):
                yield base.resolve(), below


def scopes_of(named: Sequence[tuple[Path, str]], known: Sources) -> tuple[list[Scope], Sources]:
    """Which roots the paths mean; what is new is registered. Nothing named means every root."""
    if not named:
        return [Scope(root) for root in known.roots], known
    parts: dict[str, list[str]] = {}
    for folder, part in named:
        root, below = _root_of(folder / part, known)
        if root is None:
            known, root = _registered(folder, part, known)
            below = part
        parts.setdefault(root.name, []).append(below)
    by_name = {root.name: root for root in known.roots}
    return [Scope(by_name[n], () if "" in p else tuple(p)) for n, p in parts.items()], known


def _root_of(path: Path, known: Sources) -> tuple[Root | None, str]:
    """The registered root that holds a path, and the path below it."""
    for root in known.roots:
        folder = Path(root.path)
        if path == folder or folder in path.parents:
            below = path.relative_to(folder).as_posix()
            below = "" if below == "." else below
            if root.only is None or below in root.only:
                return root, below
    return None, ""


def _registered(folder: Path, part: str, known: Sources) -> tuple[Sources, Root]:
    """The root for a new path: its folder, or that folder limited to the files that were named."""
    limited = next(
        (r for r in known.roots if r.path == str(folder) and r.only is not None and part), None
    )
    if limited is not None:
        root = replace(limited, only=(*(limited.only or ()), part))
        roots = tuple(root if r == limited else r for r in known.roots)
        return replace(known, roots=roots), root
    staying = [r for r in known.roots if part or folder not in _line(Path(r.path))]
    taken = {r.name for r in known.roots}
    taken |= {name.split("/")[0] for r in staying for name in known.files.get(r.name, ())}
    base = folder.name or "root"
    candidates = (base if n == 1 else f"{base}-{n}" for n in range(1, len(taken) + 2))
    name = next(c for c in candidates if c not in taken)
    # Only one root goes without a prefix: two could come to hold a file of the same name.
    has_plain = any(not r.prefix for r in staying)
    root = Root(name, str(folder), f"{name}/" if has_plain else "", (part,) if part else None)
    return replace(known, roots=(*known.roots, root)), root


def _line(path: Path) -> tuple[Path, ...]:
    return (path, *path.parents)


def swallowed(root: Root, known: Sources) -> list[Root]:
    """Registered roots that lie inside `root`: its own run brings their documents."""
    if root.only is not None:
        return []
    return [r for r in known.roots if r != root and Path(root.path) in _line(Path(r.path))]


def with_moved_exclusions(root: Root, known: Sources) -> Sources:
    """What was removed from a swallowed root stays out under its new name."""
    excluded = set(known.excluded)
    for inner in swallowed(root, known):
        below = Path(inner.path).relative_to(root.path).as_posix()
        stem = root.prefix if below == "." else f"{root.prefix}{below}/"
        for name in known.files.get(inner.name, ()):
            source = inner.prefix + name
            moved = {e for e in known.excluded if is_of_file(e, source)}
            excluded -= moved
            excluded |= {stem + name + e.removeprefix(source) for e in moved}
    return replace(known, excluded=frozenset(excluded))


def is_below(name: str, part: str) -> bool:
    return name == part or not part or name.startswith(part + "/")


def is_of_file(doc_id: str, source: str) -> bool:
    """Whether a document comes from a file: its only one, a record or a member."""
    return doc_id == source or doc_id.startswith((source + "#", source + "!"))


# --- what is there --------------------------------------------------------------------------------


def survey(
    scopes: Sequence[Scope], known: Sources, library: Path, *, read_all: bool = False
) -> Survey:
    """Compare what is there with what was read.

    A root that has vanished or is empty keeps its documents: an unmounted disk is not a deletion.
    Raises SourceMissing when all have vanished, or one of those that a rebuild needs.
    """
    result = Survey()
    vanished: list[Root] = []
    for scope in scopes:
        root, states = scope.root, known.files.get(scope.root.name, {})
        names, closed = _names(scope, library)
        result.skipped += closed
        before = [name for name in states if scope.holds(name)]
        if before and not names and (not scope.parts or not Path(root.path).is_dir()):
            vanished.append(root)
            continue
        for name in names:
            is_named = name in scope.parts
            again = read_all or (is_named and _is_excluded(root.prefix + name, known))
            _compare(
                SourceFile(root, name, _path(root, name), _NEVER, is_named), states, again, result
            )
        unseen = tuple(f"{folder.source}/" for folder in closed)
        lost = sorted(set(before) - set(names))
        result.gone += [(root, n) for n in lost if not (root.prefix + n).startswith(unseen)]
    for root in vanished:
        reason = _vanished_reason(root, len(known.files[root.name]))
        if len(vanished) == len(scopes) or read_all:
            raise SourceMissing(f"{root.path} {reason}")
        result.skipped.append(Skipped(root.path, reason, True))
    return result


def _vanished_reason(root: Root, n_files: int) -> str:
    pattern = f" with: wenju sources remove '{root.prefix}*'" if root.prefix else ""
    return (
        f"has vanished or is empty, {n_files} files were read from it before; nothing was changed. "
        f"Mount it again, or remove its documents{pattern}"
    )


_NEVER = FileState(0, 0, "")


def _path(root: Root, name: str) -> Path:
    return Path(root.path) / name


def _is_excluded(source: str, known: Sources) -> bool:
    return any(is_of_file(doc_id, source) for doc_id in known.excluded)


def _compare(
    file: SourceFile, states: Mapping[str, FileState], read_again: bool, result: Survey
) -> None:
    """Sorts one file into the survey; what is no regular file is passed over."""
    before = states.get(file.name)
    try:
        file.source.encode()
    except UnicodeEncodeError:
        shown = file.source.encode(errors="replace").decode()
        result.skipped.append(Skipped(shown, "its name is not valid text; rename it", True))
        return
    try:
        info = file.path.stat()
        if not stat.S_ISREG(info.st_mode):
            return
        size, mtime_ns = info.st_size, info.st_mtime_ns
        if before is None or (before.size, before.mtime_ns) != (size, mtime_ns):
            state = FileState(size, mtime_ns, hash_file(file.path))
        else:
            state = before
    except OSError as error:
        reason = f"cannot be read ({error.strerror}); check its permissions"
        result.skipped.append(Skipped(file.source, reason, True))
        return
    is_changed = before is None or before.content_hash != state.content_hash
    sort = result.to_read if is_changed or read_again else result.unchanged
    sort.append(replace(file, state=state))


def _names(scope: Scope, library: Path) -> tuple[list[str], list[Skipped]]:
    """The scope's files as sorted names below the root, and the folders that could not be read."""
    folder = Path(scope.root.path)
    parts = scope.parts or scope.root.only or ("",)
    names: set[str] = set()
    closed: list[Skipped] = []

    def note(error: OSError) -> None:
        if error.filename and Path(error.filename) != folder:
            below = Path(error.filename).relative_to(folder).as_posix()
            reason = f"cannot be read ({error.strerror}); its documents are kept"
            closed.append(Skipped(scope.root.prefix + below, reason, True))

    for part in parts:
        start = folder / part
        if start.is_file():  # named itself: whatever it is called
            names.add(part)
            continue
        for here, folders, files in os.walk(start, onerror=note):
            folders[:] = [f for f in folders if not f.startswith(".") and Path(here, f) != library]
            if {MANIFEST, SEGMENTS} <= {*files, *folders}:  # a library, not a source
                folders.clear()
                continue
            below = Path(here).relative_to(folder).as_posix()
            stem = "" if below == "." else below + "/"
            names.update(stem + f for f in files if not is_ignorable(Path(f)))
    return sorted(names), closed


def kept_states(
    known: Mapping[str, Mapping[str, FileState]], roots: Sequence[Root]
) -> dict[str, dict[str, FileState]]:
    """The file states of these roots, as a copy that may be changed."""
    return {root.name: dict(known.get(root.name, {})) for root in roots}
