"""A library in five lines, for programs.

from rag import Wenju

with Wenju("default") as wenju:
    answer = wenju.ask("去年新增了多少就业？")
print(answer.answer, [c.quote for c in answer.citations])
"""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from rag.schema import Answer, Shown
from rag.settings import RagSettings

if TYPE_CHECKING:
    from index.ingesting import IndexReport, IndexSettings
    from index.store import Library
    from rag.answering import Answerer
    from rag.filters import Filters
    from rag.hits import Excerpt, Hit

T = TypeVar("T")


class Wenju:
    """A library by name or path. Safe to share by threads; made where `index` is first called.

    Every method has an asynchronous twin (`aask`, `asearch`, …) that works in a thread.
    """

    def __init__(
        self,
        library: str | os.PathLike[str] = "default",
        *,
        settings: RagSettings | None = None,
        index_settings: IndexSettings | None = None,
    ) -> None:
        from index.places import resolve_library

        self.path: Path = resolve_library(library)
        self._settings = settings or RagSettings()
        self._index_settings = index_settings
        self._library: Library | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with self._lock:
            library, self._library = self._library, None
        if library is not None:
            library.close()

    @property
    def library(self) -> Library:
        """The generation that is read; a newer one is taken by `refresh` and after `index`.

        Raises LibraryNotFound where there is none yet.
        """
        from index.store import open_library

        with self._lock:
            if self._library is None:
                self._library = open_library(self.path)
            return self._library

    def refresh(self) -> bool:
        """Read what others have committed since. Whether there was anything. No call may be in
        work meanwhile.
        """
        if self._library is not None and not self._library.stale():
            return False
        self.close()
        return True

    def ask(
        self,
        question: str,
        *,
        as_of: date | None = None,
        sources: Sequence[str] | str | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
        id: str = "q1",
    ) -> Answer:
        """The answer with its citations; `answer.to_record()` is the record for JSON.

        `history`: earlier questions or answers, oldest first, that a follow-up is completed from.

        Raises BadQuestion for an empty question and for one that is too long.
        """
        return self._answerer().answer(
            question, id=id, as_of=as_of, sources=sources, where=where, history=history
        )

    def stream(
        self,
        question: str,
        *,
        as_of: date | None = None,
        sources: Sequence[str] | str | None = None,
        where: Filters | None = None,
        history: Sequence[Any] = (),
        id: str = "q1",
    ) -> Iterator[Shown | Answer]:
        """Statements as they are verified, the whole answer last."""
        answerer = self._answerer()
        return answerer.stream(
            question, id=id, as_of=as_of, sources=sources, where=where, history=history
        )

    def search(
        self,
        question: str,
        *,
        limit: int = 10,
        as_of: date | None = None,
        where: Filters | None = None,
    ) -> list[Hit]:
        """The best passages, best first."""
        from rag.hits import find

        settings = self._settings.retrieval
        return find(
            self.library, question, limit=limit, settings=settings, as_of=as_of, where=where
        )

    def read(
        self, doc_id: str, start: int = 0, end: int | None = None, *, around: int = 200
    ) -> Excerpt:
        """A document's own words at a span, and `around` characters beside it."""
        from rag.hits import read_span

        return read_span(self.library, doc_id, start, end, around=around)

    def index(self, *sources: str | os.PathLike[str], rebuild: bool = False) -> IndexReport:
        """Bring the library up to date with files, folders and globs; none: with all known ones.

        What is asked afterwards sees the new state. No other call may be in work meanwhile.
        """
        from index.ingesting import index_sources

        report = index_sources(
            self.path, [Path(s) for s in sources], self._index_settings, rebuild=rebuild
        )
        self.close()
        return report

    def remove(self, *doc_ids: str) -> int:
        """Erase documents. Returns how many."""
        from index.ingesting import remove_documents

        n = remove_documents(self.path, list(doc_ids))
        self.close()
        return n

    # --- the same, awaited ---

    async def aask(self, question: str, **options: Any) -> Answer:
        """`ask`, in a thread."""
        return await _in_thread(lambda: self.ask(question, **options))

    async def asearch(self, question: str, **options: Any) -> list[Hit]:
        """`search`, in a thread."""
        return await _in_thread(lambda: self.search(question, **options))

    async def aread(self, doc_id: str, *span: int, **options: Any) -> Excerpt:
        """`read`, in a thread."""
        return await _in_thread(lambda: self.read(doc_id, *span, **options))

    async def aindex(self, *sources: str | os.PathLike[str], **options: Any) -> IndexReport:
        """`index`, in a thread."""
        return await _in_thread(lambda: self.index(*sources, **options))

    async def astream(self, question: str, **options: Any) -> AsyncIterator[Shown | Answer]:
        """`stream`, a step at a time in a thread."""
        steps = self.stream(question, **options)
        end = object()
        while (step := await _in_thread(lambda: next(steps, end))) is not end:
            yield step  # type: ignore[misc]

    def _answerer(self) -> Answerer:
        from rag.answering import Answerer

        return Answerer(self.library, self._settings)


async def _in_thread(work: Callable[[], T]) -> T:
    import asyncio  # 30 ms that a program without it need not pay

    return await asyncio.to_thread(work)
