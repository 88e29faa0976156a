"""Questions answered off the event loop, a few at a time, statement by statement."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from rag.schema import Answer, Shown
from ui.server.errors import ApiError
from ui.server.processes import Processes, has_small_model, sensible
from ui.server.tracing import span

if TYPE_CHECKING:
    from index.store import Library
    from rag.answering import Answerer
    from rag.filters import Filters
    from rag.hits import Hit
    from rag.settings import RagSettings
    from ui.shelf import Shelf

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as a caller puts it."""

    question: str
    id: str = "q1"
    as_of: date | None = None
    where: Filters | None = None
    history: Sequence[Any] = ()  # earlier turns, as `Answerer.answer` takes them
    completed: str | None = None  # asked instead of what would be made of a follow-up
    max_statements: int | None = None
    max_risk: float | None = None
    min_confidence: float | None = None
    engine: Literal["extractive", "llm"] | None = None

    def settings(self, given: RagSettings) -> RagSettings:
        if self.max_statements is not None:
            reading = replace(given.reading, max_statements=self.max_statements)
            given = replace(given, reading=reading)
        judging = given.answerability
        if self.max_risk is not None:  # asked for, it comes before a probability that is set up
            judging = replace(judging, max_risk=self.max_risk, min_confidence=None)
        if self.min_confidence is not None:
            judging = replace(judging, min_confidence=self.min_confidence)
        given = replace(given, answerability=judging)
        # A model that is not set up cannot be asked for.
        if self.engine is not None and given.llm.model:
            given = replace(given, llm=replace(given.llm, engine=self.engine))
        return given

    def options(self) -> dict[str, Any]:
        """Of `Answerer.answer` and `stream`."""
        return {
            "id": self.id,
            "as_of": self.as_of,
            "where": self.where,
            "history": self.history,
            "completed_question": self.completed,
        }


class Answering:
    """A fixed number of threads; what waits beyond `max_waiting` is told to come back."""

    def __init__(
        self,
        shelf: Shelf,
        settings: RagSettings,
        *,
        threads: int,
        max_waiting: int,
        processes: int = 0,
    ) -> None:
        """`processes`: answers come from so many, searches from the threads; -1: from one a core
        once two ask at the same time, where the library's model is the small one.
        """
        self._shelf = shelf
        self.settings = settings
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._is_free = processes < 0  # to choose between threads and processes
        n = sensible() if processes < 0 else processes
        self._processes = Processes(n) if n else None
        self._most = max(threads, n) + max_waiting
        self._are_awake = False
        self.in_flight = 0  # only the event loop's thread counts

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._processes is not None:
            self._processes.close()

    async def answer(self, library: Path, asked: Asked) -> Answer:
        """Raises ApiError 503 when too many wait, and what answering raises."""
        processes = self._by_processes(library, asked)
        if processes is not None:
            self._enter()
            try:
                with span("wenju.answer"):
                    return await processes.answer(library, self.settings, asked)
            finally:
                self.in_flight -= 1

        def work(opened: Library) -> Answer:
            with span("wenju.answer"):
                return self._answerer(opened, asked).answer(asked.question, **asked.options())

        return await self.read(library, work)

    async def search(self, library: Path, asked: Asked, limit: int) -> tuple[str, list[Hit]]:
        """(the library's hash, passages best first)"""
        from rag.hits import find

        def work(opened: Library) -> tuple[str, list[Hit]]:
            with span("wenju.search"):
                found = find(
                    opened, asked.question, limit=limit, settings=self.settings.retrieval,
                    as_of=asked.as_of, where=asked.where,
                )  # fmt: skip
            return opened.hash, found

        return await self.read(library, work)

    async def read(self, library: Path, work: Callable[[Library], T]) -> T:
        """`work` with the library's current generation, on one of the threads."""

        def with_library() -> T:
            with self._shelf.reading(library) as opened:
                return work(opened)

        self._enter()
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, with_library)
        finally:
            self.in_flight -= 1

    async def stream(self, library: Path, asked: Asked) -> AsyncIterator[Shown | Answer]:
        """Statements as they are verified, then the record. A caller who leaves ends it early."""
        if self._by_processes(library, asked) is not None:  # all its statements come together
            from rag.answering import shown

            answer = await self.answer(library, asked)
            for statement in shown(answer):
                yield statement
            yield answer
            return
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Shown | Answer | BaseException | None] = asyncio.Queue()
        gone = threading.Event()

        def tell(item: Shown | Answer | BaseException | None) -> None:
            if not gone.is_set():
                loop.call_soon_threadsafe(queue.put_nowait, item)

        def work() -> None:
            try:
                with self._shelf.reading(library) as opened, span("wenju.answer"):
                    answerer = self._answerer(opened, asked)
                    for item in answerer.stream(asked.question, **asked.options()):
                        if gone.is_set():
                            return
                        tell(item)
            except Exception as error:
                tell(error)
            else:
                tell(None)

        self._enter()
        future = loop.run_in_executor(self._pool, work)
        try:
            while (item := await queue.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield item
        finally:
            gone.set()
            future.cancel()
            self.in_flight -= 1

    def _by_processes(self, library: Path, asked: Asked) -> Processes | None:
        """Those that are to answer; None where a thread is.

        Threads wait for a language model as well as processes do, and a large embedding model is
        held once only.
        """
        processes = self._processes
        if processes is None or asked.settings(self.settings).llm.is_used:
            return None
        if self._is_free and not (
            has_small_model(library)
            and (self.in_flight or self._are_awake)
            and processes.are_awake(library)
        ):
            return None
        self._are_awake = True
        return processes

    def _answerer(self, library: Library, asked: Asked) -> Answerer:
        from rag.answering import Answerer

        return Answerer(library, asked.settings(self.settings))

    def _enter(self) -> None:
        if self.in_flight >= self._most:
            raise ApiError(
                503,
                f"{self.in_flight} questions are waiting already; try again in a few seconds",
                headers={"Retry-After": "2"},
            )
        self.in_flight += 1
