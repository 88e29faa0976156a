"""Files that are whole or not there: written aside, synced, renamed."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import DiskFull, IndexingError, LibraryReadOnly


def sync_file(path: Path) -> None:
    with path.open("r+b") as file:  # Windows syncs only what may be written
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """So that a rename inside survives a power cut; Windows cannot and need not."""
    if os.name == "nt":
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_whole(path: Path, content: bytes) -> None:
    """The old content or the new one, whatever happens in between."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def hash_file(path: Path) -> str:
    """sha256 hex of the content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turns what the disk refuses into one line. The engines report it in their own words."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise _full(folder) from error
        if error.errno in _READ_ONLY:
            raise LibraryReadOnly(
                f"{error.filename or folder} cannot be written ({error.strerror}); "
                "nothing was changed. Give write permission or choose another --index"
            ) from error
        raise
    except IndexingError:
        raise
    except Exception as error:
        # FAISS and SQLite wrap the system's error in a text of their own.
        if any(words in str(error) for words in _FULL_WORDS):
            raise _full(folder) from error
        raise


_FULL_WORDS = (
    "No space left", "StorageFull", "os error 28", "File too large", "FileTooLarge", "os error 27",
    "disk is full", "disk I/O error", "write error",
)  # fmt: skip


def _full(folder: Path) -> DiskFull:
    return DiskFull(
        f"no space left while writing {folder}; the library is as it was before. "
        "Free some space and run the same command again: it goes on where it was"
    )
