"""Open libraries that many questions share: a new generation takes over between two of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from index.store import Library

_WATCHED = ("manifest.json", "synonyms.txt", "calibration.json")
_Seen = tuple[tuple[int, int, int] | None, ...]


@dataclass(slots=True)
class _Open:
    """A library, how many questions read it now, and whether a newer generation took its place."""

    library: Library
    seen: _Seen
    readers: int = 0
    is_replaced: bool = False


class Shelf:
    """Each library stays open until a newer generation is committed. Safe to share by threads.

    Whoever reads a generation keeps it to the end; one that was replaced is closed by its last
    reader. A question that comes after a commit reads what was committed.
    """

    def __init__(self, *, most: int = 16, on_open: Callable[[Library], None] | None = None) -> None:
        """`most`: libraries that stay open without a reader, the most recently used ones.

        `on_open` is called with each library before its first reader gets it.
        """
        self._most = most
        self._on_open = on_open
        self._open: dict[Path, _Open] = {}  # most recently used last
        self._lock = threading.Lock()
        self._opening: dict[Path, threading.Lock] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            while self._open:
                self._open.popitem()[1].library.close()

    def __len__(self) -> int:
        return len(self._open)

    @contextmanager
    def reading(self, path: Path) -> Iterator[Library]:
        """The current generation. Raises what `open_library` raises."""
        held = self._take(path)
        try:
            yield held.library
        finally:
            with self._lock:
                held.readers -= 1
                _close_unread(held)

    def forget(self, path: Path) -> None:
        """Close a library that is no more, once its last reader is done."""
        with self._lock:
            self._replace(path, None)
            self._opening.pop(path, None)

    def _take(self, path: Path) -> _Open:
        seen = _look(path)
        with self._lock:
            held = self._current(path, seen)
            if held is not None:
                return held
            opening = self._opening.setdefault(path, threading.Lock())
        with opening:  # one opens it, the others of this library wait, those of others do not
            seen = _look(path)
            with self._lock:
                held = self._current(path, seen)
            return held if held is not None else self._reopen(path, seen)

    def _reopen(self, path: Path, seen: _Seen) -> _Open:
        """Opens what is there now and counts its first reader."""
        from index.store import open_library

        with self._lock:
            before = self._open.get(path)
        if before is not None and not before.library.stale():  # touched, but the same
            with self._lock:
                before.seen = seen
                before.readers += 1
            return before
        library = open_library(path)
        try:
            if self._on_open is not None:
                self._on_open(library)
        except BaseException:
            library.close()
            raise
        fresh = _Open(library, seen, readers=1)
        with self._lock:
            self._replace(path, fresh)
            idle = [p for p, one in self._open.items() if not one.readers]
            for old in idle[: max(0, len(self._open) - self._most)]:
                self._replace(old, None)
        return fresh

    def _current(self, path: Path, seen: _Seen) -> _Open | None:
        """With the lock held: what is open and current, with one reader more."""
        held = self._open.get(path)
        if held is None or held.seen != seen:
            return None
        self._open[path] = self._open.pop(path)
        held.readers += 1
        return held

    def _replace(self, path: Path, fresh: _Open | None) -> None:
        """With the lock held."""
        held = self._open.pop(path, None)
        if fresh is not None:
            self._open[path] = fresh
        if held is not None:
            held.is_replaced = True
            _close_unread(held)


def _look(path: Path) -> _Seen:
    """What tells one generation from the next without reading it: a rename makes a new file."""
    found: list[tuple[int, int, int] | None] = []
    for name in _WATCHED:
        try:
            stat = os.stat(path / name)  # noqa: PTH116 (on every question)
            found.append((stat.st_ino, stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append(None)
    return tuple(found)


def _close_unread(held: _Open) -> None:
    if held.is_replaced and not held.readers:
        held.library.close()


def warm(library: Library) -> None:
    """What the first question would otherwise wait for: model, vectors, order of ids."""
    for segment in library._segments:
        _ = segment.dense, segment.id_ranks
    _ = library.embedder
