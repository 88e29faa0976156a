"""What can go wrong while documents are read, indexed and looked up.

    IndexingError
    ├── ParseError            one document cannot be read: reported, the rest goes on
    │   ├── EncryptedFile
    │   ├── EmptyDocument
    │   ├── UnsupportedFormat
    │   └── TooLarge
    ├── SourceMissing         a path or a registered source folder is not there
    ├── OriginalUnavailable   the file a document was read from has gone or changed
    ├── NothingToIndex        paths exist, but hold no document
    ├── LibraryNotFound
    ├── LibraryBroken         a file of the library is missing or does not match its manifest
    ├── LibraryLocked         another process is writing
    ├── LibraryReadOnly
    ├── LibraryVersion        made by another version of the format
    ├── IndexMismatch         settings or model differ from what the library was built with
    ├── DocumentNotFound
    ├── BackupRefused         no backup, a damaged one, or a place where something is already
    ├── DiskFull
    └── ModelUnavailable      an embedding model cannot be loaded

Every message says in one line what happened, both values where two disagree, and the next step.
"""

from __future__ import annotations


class IndexingError(Exception):
    """Base of all errors of this package; `str(error)` is one line fit for a user."""


class ParseError(IndexingError):
    """One document cannot be read. Never ends a run."""


class EncryptedFile(ParseError):
    pass


class EmptyDocument(ParseError):
    pass


class UnsupportedFormat(ParseError):
    pass


class TooLarge(ParseError):
    pass


class SourceMissing(IndexingError):
    pass


class OriginalUnavailable(IndexingError):
    pass


class NothingToIndex(IndexingError):
    pass


class LibraryNotFound(IndexingError):
    pass


class LibraryBroken(IndexingError):
    pass


class LibraryLocked(IndexingError):
    pass


class LibraryReadOnly(IndexingError):
    pass


class LibraryVersion(IndexingError):
    pass


class IndexMismatch(IndexingError):
    pass


class DocumentNotFound(IndexingError):
    pass


class BackupRefused(IndexingError):
    pass


class DiskFull(IndexingError):
    pass


class ModelUnavailable(IndexingError):
    pass
