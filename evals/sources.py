"""The documents that gold quotes and citations are looked up in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from evals.errors import BadQuestionSet
from evals.matching import DocumentNames, Finder
from index.schema import Document, Skipped

if TYPE_CHECKING:
    from index.store import Library


class Sources(Protocol):
    """Documents by id. `finder` gives None where there is no such document."""

    names: DocumentNames

    def ids(self) -> list[str]: ...

    def finder(self, doc_id: str) -> Finder | None: ...


class MemorySources:
    """Documents at hand."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._finders = {d.doc_id: Finder(d) for d in documents}
        self.names = DocumentNames(self._finders)

    def ids(self) -> list[str]:
        return sorted(self._finders)

    def finder(self, doc_id: str) -> Finder | None:
        return self._finders.get(doc_id)


class LibrarySources:
    """The documents of an open library, read when first needed, the last 256 of them kept."""

    def __init__(self, library: Library) -> None:
        self._ids = [info.doc_id for info in library.documents()]
        self._known = frozenset(self._ids)
        self.names = DocumentNames(self._ids)
        self._load = lru_cache(maxsize=256)(lambda doc_id: Finder(library.document(doc_id)))

    def ids(self) -> list[str]:
        return list(self._ids)

    def finder(self, doc_id: str) -> Finder | None:
        return self._load(doc_id) if doc_id in self._known else None


def folder_sources(folder: Path) -> tuple[MemorySources, list[Skipped]]:
    """Parse every file below `folder`; what could not be read comes back beside the documents.

    Raises BadQuestionSet where the folder is missing or holds no document.
    """
    from index.parsing import parse_file
    from index.parsing.settings import ParseSettings

    if not folder.is_dir():
        raise BadQuestionSet(f"{folder} is not a folder: give the one that holds the documents")
    documents: list[Document] = []
    skipped: list[Skipped] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        for item in parse_file(path, path.relative_to(folder).as_posix(), ParseSettings()):
            if isinstance(item, Document):
                documents.append(item)
            else:
                skipped.append(item)
    if not documents:
        raise BadQuestionSet(f"{folder} holds no document that can be read")
    return MemorySources(documents), skipped
